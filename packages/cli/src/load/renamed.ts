import { isKnownName } from '@callgate/engine/internal/syscalls/lookup';

/** So much of the calls that they name has to be the same. */
const ALIKE = 0.5;

/** Texts under a name that is new, and under one that is gone, which are much the same: pairs of indexes, the most alike first. */
export function renamedPairs(
  gone: readonly string[],
  fresh: readonly string[],
): [gone: number, fresh: number][] {
  const [old, now] = [gone, fresh].map((texts) => texts.map(callsIn));
  const candidates = old.flatMap((a, i) => now.map((b, j) => ({ i, j, share: shared(a, b) })));
  const pairs: [number, number][] = [];
  for (const { i, j } of candidates.filter(({ share }) => share >= ALIKE).sort((a, b) => b.share - a.share))
    if (!pairs.some(([a, b]) => a === i || b === j)) pairs.push([i, j]);
  return pairs;
}

function callsIn(text: string): Set<string> {
  return new Set(text.split(/\W+/).filter(isKnownName));
}

/** How much of what either has both have, from 0 to 1. */
function shared(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const both = [...a].filter((word) => b.has(word)).length;
  const all = a.size + b.size - both;
  return all === 0 ? 0 : both / all;
}
