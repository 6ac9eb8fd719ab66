import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { bytes, compiled, expectEqual, path } from '@callgate/testing/filter-files';
import { describe, expect, it } from 'vitest';

const PROFILES = join(import.meta.dirname, '../../../../test/fixtures/profiles');
/** Between them: every operator, several conditions, every action, multiplexers, a runtime's order of rules. */
const FIXTURES = [
  'arguments',
  'operators',
  'masks',
  'conditions-and-or',
  'actions',
  'notify',
  'default-trace',
  'multiplexers',
  'order-words',
  'web-server',
];

describe.each(FIXTURES)('the filter of %s', (name) => {
  const source = join(PROFILES, `${name}.json`);

  it('decides what the profile says, also when decompiled, optimized and assembled again', async () => {
    const program = await compiled('raw', source);
    await expectEqual(source, program);

    const made = path(`${name}-made.json`);
    const { status, stderr } = await callgate(['decompile', program, '-o', made]);
    expect(stderr).toMatch(/proven equal/);
    expect(status).toBe(0);
    const [, runtime] = /as (\w+) reads it/.exec(stderr)!;
    await expectEqual(program, made, '--runtime', runtime);

    const smaller = path(`${name}-smaller.bpf`);
    expect((await callgate(['optimize', program, '-o', smaller])).status).toBe(0);
    await expectEqual(program, smaller);
    expect(readFileSync(smaller).length).toBeLessThanOrEqual(readFileSync(program).length);

    const again = path(`${name}-again.bpf`);
    const text = (await callgate(['disasm', program])).stdout;
    expect((await callgate(['asm', '-', '-o', again], { input: text })).status).toBe(0);
    expect(bytes(again)).toBe(bytes(program));
  });
});
