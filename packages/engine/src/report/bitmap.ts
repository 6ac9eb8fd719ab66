import { type CachedCall, cachedAbis, cachedCalls, countCached, type Uncached } from '../analysis/bitmap.ts';
import { actionOfWord } from '../bpf/action.ts';
import type { Program } from '../bpf/instruction.ts';
import type { KernelVersion } from '../profile/profile.ts';
import type { Abi, AbiName } from '../syscalls/arch.ts';
import { formatAction } from './action.ts';
import type { Style } from './style.ts';
import { plural, wrap } from './words.ts';

/** What the kernel's bitmap does about the calls of one ABI. */
export interface Bitmap {
  readonly abi: AbiName;
  readonly calls: readonly CachedCall[];
}

/** What the bitmap of a kernel does about the calls of programs that are stacked, for the ABIs of their policy. */
export function bitmapsOf(
  programs: readonly Program[],
  abis: readonly Abi[],
  kernel: KernelVersion,
): Bitmap[] {
  return cachedAbis(abis, kernel).map((abi) => ({ abi: abi.name, calls: cachedCalls(programs, abi) }));
}

/** How many calls of an ABI the kernel answers without the filter, and for each of the others why not. */
export function bitmapDocument({ abi, calls }: Bitmap): object {
  return {
    arch: abi,
    cached: countCached(calls),
    uncached: calls.flatMap(({ name, uncached }) => (uncached ? [{ syscall: name, ...uncached }] : [])),
  };
}

/** The same in words, with the calls that the filter has to be run for by reason. */
export function bitmapsText(style: Style, bitmaps: readonly Bitmap[]): string {
  return bitmaps.map((bitmap) => bitmapText(style, bitmap)).join('');
}

function bitmapText(style: Style, { abi, calls }: Bitmap): string {
  const reasons = new Map<string, string[]>();
  for (const { name, uncached } of calls)
    if (uncached) reasons.set(reasonOf(uncached), [...(reasons.get(reasonOf(uncached)) ?? []), name]);
  const rows = [...reasons].map(
    ([reason, names]) => `  ${plural(names.length, 'call')} ${reason}:\n${wrap(names, '      ')}\n`,
  );
  return `\n${style.bold(`The kernel's bitmap on ${abi}`)} answers ${countCached(calls)} of ${plural(calls.length, 'known call')} without running the filter (since 5.11).\n${rows.join('')}`;
}

function reasonOf(uncached: Uncached): string {
  if (uncached.why === 'instruction') return 'whose arguments are looked at, or more';
  const { kind, data } = actionOfWord(uncached.word);
  return `that get ${formatAction(kind, data)}`;
}
