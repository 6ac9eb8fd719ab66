import type { AbiName } from '../syscalls/arch.ts';
import { LIFE_PARTS, type LifePart, type Recording } from './recording.ts';

/** How much of a workload several runs have shown. */
export interface Completeness {
  /** How many recordings were given; each counts as one run, whatever its `runs` says. */
  readonly runs: number;
  /** Calls by ABI and number that any run has shown. */
  readonly seen: number;
  /** Chao2's lower bound of how many there are; with an interval of 95 %. */
  readonly estimated: number;
  readonly interval: readonly [low: number, high: number];
  /** Calls that one run alone has shown. */
  readonly once: readonly Call[];
  /** Every run has shown the same: they say nothing about runs that would differ. */
  readonly identical: boolean;
  /** Expected number of calls seen after 1, 2, … runs in random order. */
  readonly curve: readonly number[];
}

interface Call {
  readonly arch: AbiName;
  readonly nr: number;
}

/**
 * How many calls the workload makes in all, estimated by Chao2 on incidence: calls that only one of m runs shows (Q1), or
 * only two (Q2), tell how many no run has shown. Bias-corrected, with the log-normal interval. Source: Chao 1987, Biometrics 43; Colwell 2012, J. Plant Ecology 5 (rarefaction).
 */
export function completenessOf(recordings: readonly Recording[]): Completeness {
  const m = recordings.length;
  const incidence = incidenceOf(recordings);
  const counts = [...incidence.values()].map(({ runs }) => runs);
  const seen = counts.length;
  const q1 = counts.filter((q) => q === 1).length;
  const q2 = counts.filter((q) => q === 2).length;
  const share = m === 0 ? 0 : (m - 1) / m;
  const missing = (share * q1 * (q1 - 1)) / (2 * (q2 + 1));
  return {
    runs: m,
    seen,
    estimated: seen + missing,
    interval: intervalOf(seen, missing, varianceOf(share, q1, q2, seen + missing)),
    once: [...incidence.values()].filter(({ runs }) => runs === 1),
    identical: m > 1 && counts.every((q) => q === m),
    curve: Array.from({ length: m }, (_, i) => expectedAfter(i + 1, m, counts)),
  };
}

/** What of the workload's life no recording shows. */
export function partsNotSeen(recordings: readonly Recording[]): LifePart[] {
  return LIFE_PARTS.filter((part) => recordings.every(({ lacks }) => lacks.includes(part)));
}

/** Each call, and how many runs show it; what the container runtime calls is not the workload's. */
function incidenceOf(recordings: readonly Recording[]): Map<string, Call & { runs: number }> {
  const incidence = new Map<string, Call & { runs: number }>();
  for (const { observations } of recordings) {
    const inThisRun = new Set<string>();
    for (const { arch, nr, phase } of observations) {
      const key = `${arch} ${nr}`;
      if (phase === 'runtime' || inThisRun.has(key)) continue;
      inThisRun.add(key);
      incidence.set(key, { arch, nr, runs: (incidence.get(key)?.runs ?? 0) + 1 });
    }
  }
  return incidence;
}

function varianceOf(share: number, q1: number, q2: number, estimated: number): number {
  if (q2 > 0) {
    const d = q2 + 1;
    return (
      (share * q1 * (q1 - 1)) / (2 * d) +
      (share ** 2 * q1 * (2 * q1 - 1) ** 2) / (4 * d ** 2) +
      (share ** 2 * q1 ** 2 * q2 * (q1 - 1) ** 2) / (4 * d ** 4)
    );
  }
  return Math.max(
    0,
    (share * q1 * (q1 - 1)) / 2 +
      (share ** 2 * q1 * (2 * q1 - 1) ** 2) / 4 -
      (share ** 2 * q1 ** 4) / (4 * estimated),
  );
}

function intervalOf(seen: number, missing: number, variance: number): [number, number] {
  if (missing === 0) return [seen, seen];
  const k = Math.exp(1.96 * Math.sqrt(Math.log(1 + variance / missing ** 2)));
  return [seen + missing / k, seen + missing * k];
}

/** Of m runs k are drawn: a call in q runs is missed with probability C(m-q, k) / C(m, k). */
function expectedAfter(k: number, m: number, counts: readonly number[]): number {
  return counts.reduce((sum, q) => {
    let missed = 1;
    for (let i = 0; i < k; i++) missed *= Math.max(0, m - q - i) / (m - i);
    return sum + 1 - missed;
  }, 0);
}
