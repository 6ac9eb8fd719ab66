import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shrink } from '../../src/build/shrink.ts';

const NAMES = Array.from({ length: 40 }, (_, i) => `call${i}`);

describe('shrink', () => {
  it('finds exactly the calls that are needed, in fewer trials than one for each when few are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray(NAMES), async (wanted) => {
        const needed = new Set(wanted);
        const works = async (without: ReadonlySet<string>) => ![...without].some((name) => needed.has(name));
        const result = await shrink(NAMES, works);
        expect(result.needed).toEqual([...wanted].sort());
        expect(result.dispensable).toEqual(NAMES.filter((name) => !needed.has(name)).sort());
        expect(result.trials).toBeLessThanOrEqual(2 * NAMES.length);
        if (wanted.length < 2) expect(result.trials).toBeLessThan(2 * Math.log2(NAMES.length) + 4);
      }),
    );
  });

  it('keeps one of two calls that stand in for each other', async () => {
    const works = async (without: ReadonlySet<string>) => !(without.has('open') && without.has('openat'));
    const { dispensable, needed } = await shrink(['close', 'open', 'openat', 'read'], works);
    expect(needed).toHaveLength(1);
    expect(['open', 'openat']).toContain(needed[0]);
    expect(dispensable).toHaveLength(3);
  });

  it('has nothing to try without candidates', async () => {
    const result = await shrink([], () => Promise.reject(new Error('nothing is to be tried')));
    expect(result).toEqual({ dispensable: [], needed: [], trials: 0 });
  });
});
