import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { callgate, spawnCallgate } from '@callgate/testing/callgate';
import {
  bytes,
  compiled,
  conditional,
  encode,
  expectEqual,
  expectOneLine,
  path,
  profile,
} from '@callgate/testing/filter-files';
import { describeWith } from '@callgate/testing/requirements';
import { describe, expect, it } from 'vitest';

/** Calls for many rules. */
const MANY =
  'read write open close ioctl mmap mprotect fcntl lseek socket connect accept bind listen clone prctl ptrace kill futex openat mkdirat unlinkat splice tee bpf madvise mremap shmget shmat semget msgget flock ftruncate dup3 pipe2'.split(
    ' ',
  );

describe('a profile, compiled', () => {
  it('is a document with the program that the raw form holds', async () => {
    for (const flags of [
      ['--arch', 'x86_64'],
      ['--arch', 'x86_64,x86,x32'],
      ['--arch', 's390x'],
    ]) {
      const { status, stdout } = await callgate(['compile', conditional, '--json', ...flags]);
      expect(status).toBe(0);
      const { instructions, abis, program } = JSON.parse(stdout);
      expect(abis).toEqual(flags[1].split(','));
      expect(instructions).toBe(program.length);
      const endian = flags[1] === 's390x' ? 'big' : 'little';
      expect(encode(program, endian).toString('hex')).toBe(
        bytes(await compiled('raw', conditional, ...flags)),
      );
    }
  });

  it.each([
    { name: 'this machine', flags: [] },
    { name: 's390x', flags: ['--arch', 's390x'] },
  ])('is the same filter in every format for $name', async ({ flags }) => {
    const wanted = bytes(await compiled('raw', conditional, ...flags));
    expect(bytes(await compiled('bubblewrap', conditional, ...flags))).toBe(wanted);
    const hex = readFileSync(await compiled('hex', conditional, ...flags), 'utf8');
    expect(hex.replace(/\s/g, '')).toBe(wanted);
    const json = JSON.parse(readFileSync(await compiled('json', conditional, ...flags), 'utf8'));
    expect(encode(json.program, flags.length > 0 ? 'big' : 'little').toString('hex')).toBe(wanted);
    const again = path('again.bpf');
    const text = await compiled('asm', conditional, ...flags);
    expect((await callgate(['asm', text, '-o', again, ...flags])).status).toBe(0);
    expect(bytes(again)).toBe(wanted);
  });

  it('says in pseudo code what it decides', async () => {
    const text = readFileSync(await compiled('pfc', conditional, '--arch', 'x86_64'), 'utf8');
    for (const word of ['x86_64', 'socket', 'AF_UNIX', 'ptrace', 'ALLOW', 'LOG', 'ERRNO'])
      expect(text).toContain(word);
    expect(text).not.toContain('undefined');
  });

  it('says which rules every instruction serves, and stays text for asm', async () => {
    const annotated = profile('annotated.json', {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 7 },
        { names: ['rmdir'], action: 'SCMP_ACT_KILL_PROCESS' },
        // The first unconditional rule for a call wins.
        { names: ['mkdir'], action: 'SCMP_ACT_KILL_PROCESS' },
      ],
    });
    const { status, stdout } = await callgate([
      'compile',
      annotated,
      '--annotate',
      '--arch',
      'x86_64',
      '--quiet',
    ]);
    expect(status).toBe(0);
    const line = (action: string) => stdout.split('\n').find((l) => l.includes(action))!;
    expect(line('ERRNO(7)') ?? line('E2BIG')).toContain('rule 0');
    expect(line('KILL_PROCESS')).toContain('rule 1');
    expect(line('KILL_PROCESS')).not.toContain('rule 2');
    expect(stdout).toMatch(/^; rule 0, line 4: instructions \d/m);
    expect(stdout).toMatch(/^; rule 2, line 17: dead\b/m);
    const again = path('annotated.bpf');
    expect((await callgate(['asm', '-', '-o', again], { input: stdout })).status).toBe(0);
    expect(bytes(again)).toBe(bytes(await compiled('raw', annotated, '--arch', 'x86_64')));
  });

  it.each(['size', 'mean', 'bitmap'])(
    'means the same when made for %s, with and without weights',
    async (objective) => {
      const weights = path('weights.json');
      expect(spawnCallgate(['record', '-o', weights, '--', 'true']).status).toBe(0);
      await expectEqual('stock:docker', await compiled('raw', 'stock:docker', '--objective', objective));
      await expectEqual(
        'stock:docker',
        await compiled('raw', 'stock:docker', '--objective', objective, '--weights', weights),
      );
    },
  );

  it('is refused when no kernel would take it, with the rules that cost most', async () => {
    const rules = Array.from({ length: 5000 }, (_, i) => ({
      // One call has far more rules than the others.
      names: [i % 12 === 0 ? 'keyctl' : MANY[i % MANY.length]],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 1, value: i * 7, op: 'SCMP_CMP_EQ' }],
    }));
    const large = profile('large.json', { defaultAction: 'SCMP_ACT_ERRNO', syscalls: rules });
    const output = path('never.bpf');
    const result = await callgate(['compile', large, '--arch', 'x86_64', '--format', 'raw', '-o', output]);
    expectOneLine(result, /\b4096\b/);
    expect(result.stderr).toMatch(/keyctl.*line \d/);
    expect(existsSync(output)).toBe(false);
  });
});

describeWith(['gcc'], 'a profile, compiled to C', () => {
  it.each(['conditional', 'stock:docker'])('is the array that gcc makes of it: %s', async (name) => {
    const subject = name === 'conditional' ? conditional : name;
    const source = readFileSync(await compiled('c', subject), 'utf8');
    const array = /struct sock_filter (\w+)\[/.exec(source)![1];
    const main = `#include <stdio.h>\nint main(void) { return fwrite(${array}, 1, sizeof ${array}, stdout) != sizeof ${array}; }\n`;
    writeFileSync(path('filter.c'), `${source}\n${main}`);
    execFileSync('gcc', ['-Wall', '-Wno-unused-variable', '-Werror', '-o', path('filter'), path('filter.c')]);
    expect(execFileSync(path('filter')).toString('hex')).toBe(bytes(await compiled('raw', subject)));
  });
});
