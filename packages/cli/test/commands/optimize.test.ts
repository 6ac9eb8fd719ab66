import { readFileSync } from 'node:fs';
import { callgate } from '@callgate/testing/callgate';
import { ALLOW, EPERM, expectEqual, filter, path, type Row } from '@callgate/testing/filter-files';
import { describe, expect, it } from 'vitest';

describe('optimize', () => {
  it('makes long ways short', async () => {
    const twice: Row[] = [];
    for (let nr = 100; nr < 140; nr++) twice.push([0x20, 0, 0, 0], [0x15, 0, 1, nr], [0x06, 0, 0, EPERM]);
    const clumsy = filter('clumsy.bpf', [...twice, [0x06, 0, 0, ALLOW]]);
    const neat = path('neat.bpf');
    expect((await callgate(['optimize', clumsy, '-o', neat])).status).toBe(0);
    await expectEqual(clumsy, neat);
    expect(readFileSync(neat).length / 8).toBeLessThanOrEqual(5);
  });
});
