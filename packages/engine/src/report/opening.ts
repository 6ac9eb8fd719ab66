import type { Difference } from '../analysis/diff.ts';
import { abiOf } from '../syscalls/arch.ts';
import type { Opening } from '../why/what-it-opens.ts';
import { describeArguments } from './arguments.ts';
import { listed, plural } from './words.ts';

const MOST_FINDINGS = 2;

/** What a change opens, a sentence each. */
export function openingTexts(
  { loosened, gain, asks, isLacking, already, findings }: Opening,
  name: string,
): string[] {
  const told = findings.slice(0, MOST_FINDINGS).map(({ code, message }) => `${message} [${code}]`);
  const more = findings.length - told.length;
  return [
    loosenedText(loosened),
    ...(gain === undefined ? [] : [`an attacker likes ${name}: ${gain}`]),
    ...(already ? [`nothing new: it ${already.effect}, as ${listed(already.calls)} may already`] : []),
    ...asks
      .slice(0, 1)
      .map(
        ({ capability, when }) =>
          `the kernel still asks for ${capability}${isLacking ? ', which it has not, so that alone may not help' : ''}: ${when}`,
      ),
    ...told,
    ...(more > 0 ? [`and ${plural(more, 'more finding')} of callgate lint`] : []),
  ];
}

/** Calls that are let pass alike are said once, with the ABIs on which they are. */
function loosenedText(loosened: readonly Difference[]): string {
  if (loosened.length === 0) return 'nothing';
  const abisOf = new Map<string, Set<string>>();
  const unconditional = new Set<string>();
  for (const d of loosened) {
    const when = d.arch === 'other' ? '' : describeArguments(d.when, d.name, abiOf(d.arch));
    const what = `${d.name ?? d.nr}${when === '' ? '' : ` when ${when}`}`;
    if (when === '') unconditional.add(what);
    abisOf.set(what, (abisOf.get(what) ?? new Set()).add(d.arch));
  }
  const groups = new Map<string, string[]>();
  for (const [what, abis] of abisOf) {
    const where = [...abis].join(', ');
    const key = unconditional.has(what) ? where : `${where} ${what}`;
    const group = groups.get(key);
    if (group) group.push(what);
    else groups.set(key, [what]);
  }
  const texts = [...groups.values()].map(
    (calls) => `${listed(calls, 6)} on ${[...abisOf.get(calls[0])!].join(', ')}`,
  );
  return listed(texts, 3);
}
