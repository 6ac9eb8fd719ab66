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
  const byMeaning = new Map<string, { readonly abis: Set<string>; readonly names: Set<string> }>();
  for (const d of loosened) {
    const when = d.arch === 'other' ? '' : describeArguments(d.when, d.name, abiOf(d.arch));
    const key = when === '' ? '' : `${d.name}${when}`;
    const group = byMeaning.get(key) ?? { abis: new Set(), names: new Set() };
    group.abis.add(d.arch);
    group.names.add(`${d.name ?? d.nr}${when === '' ? '' : ` when ${when}`}`);
    byMeaning.set(key, group);
  }
  const texts = [...byMeaning.values()].map(
    ({ names, abis }) => `${listed([...names], 6)} on ${[...abis].join(', ')}`,
  );
  return listed(texts, 3);
}
