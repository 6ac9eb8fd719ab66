import type { LeftOut } from '../build/left-out.ts';
import type { BoundFit } from '../build/synthesize.ts';
import { formatCall, formatCallBriefly } from './call.ts';
import type { Style } from './style.ts';
import { listed, printable } from './words.ts';

/** How a profile keeps to its bound: what stayed out, and the proof or what disproves it, which may be the base that was named. */
export function boundLines(
  style: Style,
  { bound, restricted, leftOut, looser }: BoundFit,
  base?: string,
): string[] {
  const name = printable(bound);
  const lines =
    restricted.length === 0
      ? []
      : [
          `as in ${name}, only with its conditions: ${listed(restricted)}${restricted.includes('clone') ? ' (clone3 gets ENOSYS, so that libc takes clone)' : ''}`,
        ];
  lines.push(...leftOutTexts(leftOut, name).map((text) => `${style.yellow('left out')}: ${text}`));
  if (looser.length === 0) lines.push(`${style.green('proven not looser')} than ${name}`);
  const [first] = looser;
  if (base === undefined || !first)
    return [...lines, ...looser.map((what) => `${style.red('looser')} than ${name}: ${looserText(what)}`)];
  const calls = [...new Set(looser.map((what) => what.name ?? `call ${what.nr}`))];
  return [
    ...lines,
    `${style.red('looser')} than ${name}, by its base ${printable(base)}: ${listed(calls)}`,
    `  for example ${looserText(first)}`,
  ];
}

function looserText({ name, arch, witness }: BoundFit['looser'][number]): string {
  return `${formatCallBriefly(name, witness.args, arch === 'other' ? undefined : arch)} on ${arch}`;
}

/** What stayed out, and why: a line for all of which the same is to be said. */
export function leftOutTexts(leftOut: readonly LeftOut[], bound: string): string[] {
  const alike = new Map<string, { readonly say: (words: string) => string; readonly words: string[] }>();
  for (const what of leftOut) {
    const { say, word } = leftOutWords(what, bound);
    const same = alike.get(say('')) ?? { say, words: [] };
    same.words.push(word);
    alike.set(say(''), same);
  }
  return [...alike.values()].map(({ say, words }) => say(listed(words)));
}

/** One of them in a word, and what is said of it and others. */
function leftOutWords(what: LeftOut, bound: string): { say(words: string): string; word: string } {
  switch (what.kind) {
    case 'abi':
      return { say: (abis) => `calls of ${abis}: ${bound} lets none of them pass`, word: what.arch };
    case 'arguments':
      return {
        say: (calls) => `the workload called ${calls}, which ${bound} denies`,
        word: argumentsText(what),
      };
    case 'call': {
      const denies = `${bound} denies${what.capability === undefined ? '' : ` to containers without ${what.capability}`}`;
      const who = what.reasons.some(({ kind }) => kind === 'seen') ? 'the workload called ' : '';
      return { say: (names) => `${who}${names}, which ${denies}`, word: what.name };
    }
  }
}

function argumentsText({ name, arch, values }: Extract<LeftOut, { readonly kind: 'arguments' }>): string {
  if (values.every((value) => value !== null)) {
    const args = values.map(BigInt);
    return formatCall(name, [...args, ...Array<bigint>(6 - args.length).fill(0n)], arch);
  }
  return `${name}(${values.map((value) => value ?? '…').join(', ')})`;
}

/** As keys of a JSON document. */
export function boundDocument({ bound, restricted, leftOut, looser }: BoundFit): object {
  return {
    bound,
    restricted,
    leftOut,
    looser: looser.map(({ arch, name, nr, witness }) => ({
      arch,
      ...(name !== undefined && { syscall: name }),
      nr,
      witness: { arch, nr: witness.nr, args: witness.args.map(String) },
    })),
  };
}
