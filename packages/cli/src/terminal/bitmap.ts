import {
  type CachedCall,
  cachedAbis,
  cachedCalls,
  countCached,
  type Uncached,
} from '@callgate/engine/analysis/bitmap';
import { actionOfWord } from '@callgate/engine/bpf/action';
import { formatAction } from '@callgate/engine/report/action';
import type { AbiName } from '@callgate/engine/syscalls/arch';
import type { Context } from '../context.ts';
import { compileSubject } from '../load/compile-subject.ts';
import type { Subject } from '../load/subject.ts';
import { plural, type Style, styleFor, wrap } from './style.ts';

/** What the kernel's bitmap does about the calls of one ABI. */
export interface Bitmap {
  readonly abi: AbiName;
  readonly calls: readonly CachedCall[];
}

/** For a profile that of the filter that callgate makes of it; for programs that of the programs themselves. */
export function bitmapsOf(subject: Subject): Bitmap[] {
  const programs = subject.programs ?? [compileSubject(subject)];
  return cachedAbis(subject.policy.abis, subject.target.kernel).map((abi) => ({
    abi: abi.name,
    calls: cachedCalls(programs, abi),
  }));
}

export function bitmapDocument({ abi, calls }: Bitmap): object {
  return {
    arch: abi,
    cached: countCached(calls),
    uncached: calls.flatMap(({ name, uncached }) => (uncached ? [{ syscall: name, ...uncached }] : [])),
  };
}

export function bitmapsText(context: Context, bitmaps: readonly Bitmap[]): string {
  const style = styleFor(context.stdout, context.env);
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
