import { DenialTable } from '@callgate/engine/internal/watch/denial-table';
import type { DeniedCalls, Place } from '@callgate/engine/internal/watch/denied-call';
import { describe, expect, it } from 'vitest';

const container = (id: string): Place => ({ kind: 'container', engine: 'docker', id });
const calls = (change: Partial<DeniedCalls> = {}): DeniedCalls => ({
  place: container('a'),
  arch: 'x86_64',
  nr: 165,
  answer: { kind: 'REFUSED', errno: 1 },
  count: 1,
  time: 1000,
  comm: 'mount',
  pid: 1,
  ...change,
});

describe('denial table', () => {
  it('sums up what is alike, and tells a row only once', () => {
    const table = new DenialTable();
    expect(table.add(calls())).toMatchObject({ count: 1, first: 1000, last: 1000 });
    expect(table.add(calls({ count: 5, time: 3000, pid: 2 }))).toBeUndefined();
    // The clock was set back.
    expect(table.add(calls({ time: 500 }))).toBeUndefined();
    expect(table.rows()).toMatchObject([{ count: 7, first: 500, last: 3000 }]);
    for (const other of [
      { place: container('b') },
      { arch: 'x86' as const },
      { nr: 166 },
      { answer: { kind: 'REFUSED', errno: 38 } as const },
      { answer: { kind: 'LOG' } as const },
      { place: { kind: 'host' } as const },
      { place: { kind: 'gone' } as const },
    ])
      expect(table.add(calls(other))).toBeDefined();
    expect(table.totals()).toEqual({ denied: 13, logged: 1 });
    expect(table.folded()).toEqual([]);
  });

  it('keeps its bound before one place that makes thousands of kinds, and others keep their rows', () => {
    const table = new DenialTable();
    for (let nr = 0; nr < 5000; nr++) table.add(calls({ nr, count: 2 }));
    expect(table.rows()).toHaveLength(100);
    expect(table.folded()).toEqual([{ place: container('a'), denied: 9800, logged: 0 }]);
    expect(table.foldedKindCount()).toEqual({ kinds: 4900, more: false });
    expect(table.add(calls({ place: container('b') }))).toBeDefined();
    expect(table.totals().denied).toBe(10_001);
  });

  it('keeps its bound before a million places, and loses no count', () => {
    const table = new DenialTable();
    for (let id = 0; id < 1_000_000; id++) table.add(calls({ place: container(String(id)) }));
    expect(table.rows()).toHaveLength(1000);
    expect(table.folded()).toEqual([{ place: undefined, denied: 999_000, logged: 0 }]);
    expect(table.foldedKindCount()).toEqual({ kinds: 10_000, more: true });
    expect(table.totals().denied).toBe(1_000_000);
  });
});
