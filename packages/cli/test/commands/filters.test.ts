import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWith } from '../../../../test/support/requirements.ts';
import { callgate } from '../callgate.ts';
import {
  ALLOW,
  bytes,
  compiled,
  conditional,
  EPERM,
  encode,
  expectEqual,
  expectOneLine,
  filter,
  path,
  profile,
  type Row,
} from '../filter-files.ts';

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

/** Calls for many rules. */
const MANY =
  'read write open close ioctl mmap mprotect fcntl lseek socket connect accept bind listen clone prctl ptrace kill futex openat mkdirat unlinkat splice tee bpf madvise mremap shmget shmat semget msgget flock ftruncate dup3 pipe2'.split(
    ' ',
  );

describe('a profile, compiled', () => {
  it('is a document with the program that the raw form holds', () => {
    for (const flags of [
      ['--arch', 'x86_64'],
      ['--arch', 'x86_64,x86,x32'],
      ['--arch', 's390x'],
    ]) {
      const { status, stdout } = callgate(['compile', conditional, '--json', ...flags]);
      expect(status).toBe(0);
      const { instructions, abis, program } = JSON.parse(stdout);
      expect(abis).toEqual(flags[1].split(','));
      expect(instructions).toBe(program.length);
      const endian = flags[1] === 's390x' ? 'big' : 'little';
      expect(encode(program, endian).toString('hex')).toBe(bytes(compiled('raw', conditional, ...flags)));
    }
  });

  it.each([
    { name: 'this machine', flags: [] },
    { name: 's390x', flags: ['--arch', 's390x'] },
  ])('is the same filter in every format for $name', ({ flags }) => {
    const wanted = bytes(compiled('raw', conditional, ...flags));
    expect(bytes(compiled('bubblewrap', conditional, ...flags))).toBe(wanted);
    const hex = readFileSync(compiled('hex', conditional, ...flags), 'utf8');
    expect(hex.replace(/\s/g, '')).toBe(wanted);
    const json = JSON.parse(readFileSync(compiled('json', conditional, ...flags), 'utf8'));
    expect(encode(json.program, flags.length > 0 ? 'big' : 'little').toString('hex')).toBe(wanted);
    const again = path('again.bpf');
    const text = compiled('asm', conditional, ...flags);
    expect(callgate(['asm', text, '-o', again, ...flags]).status).toBe(0);
    expect(bytes(again)).toBe(wanted);
  });

  it('says in pseudo code what it decides', () => {
    const text = readFileSync(compiled('pfc', conditional, '--arch', 'x86_64'), 'utf8');
    for (const word of ['x86_64', 'socket', 'AF_UNIX', 'ptrace', 'ALLOW', 'LOG', 'ERRNO'])
      expect(text).toContain(word);
    expect(text).not.toContain('undefined');
  });

  it('says which rules every instruction serves, and stays text for asm', () => {
    const annotated = profile('annotated.json', {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 7 },
        { names: ['rmdir'], action: 'SCMP_ACT_KILL_PROCESS' },
        // The first unconditional rule for a call wins.
        { names: ['mkdir'], action: 'SCMP_ACT_KILL_PROCESS' },
      ],
    });
    const { status, stdout } = callgate(['compile', annotated, '--annotate', '--arch', 'x86_64', '--quiet']);
    expect(status).toBe(0);
    const line = (action: string) => stdout.split('\n').find((l) => l.includes(action))!;
    expect(line('ERRNO(7)') ?? line('E2BIG')).toContain('rule 0');
    expect(line('KILL_PROCESS')).toContain('rule 1');
    expect(line('KILL_PROCESS')).not.toContain('rule 2');
    expect(stdout).toMatch(/^; rule 0, line 4: instructions \d/m);
    expect(stdout).toMatch(/^; rule 2, line 17: dead\b/m);
    const again = path('annotated.bpf');
    expect(callgate(['asm', '-', '-o', again], { input: stdout }).status).toBe(0);
    expect(bytes(again)).toBe(bytes(compiled('raw', annotated, '--arch', 'x86_64')));
  });

  it.each(['size', 'mean', 'bitmap'])(
    'means the same when made for %s, with and without weights',
    (objective) => {
      const weights = path('weights.json');
      expect(callgate(['record', '-o', weights, '--', 'true']).status).toBe(0);
      expectEqual('stock:docker', compiled('raw', 'stock:docker', '--objective', objective));
      expectEqual(
        'stock:docker',
        compiled('raw', 'stock:docker', '--objective', objective, '--weights', weights),
      );
    },
  );

  it('is refused when no kernel would take it, with the rules that cost most', () => {
    const rules = Array.from({ length: 5000 }, (_, i) => ({
      // One call has far more rules than the others.
      names: [i % 12 === 0 ? 'keyctl' : MANY[i % MANY.length]],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 1, value: i * 7, op: 'SCMP_CMP_EQ' }],
    }));
    const large = profile('large.json', { defaultAction: 'SCMP_ACT_ERRNO', syscalls: rules });
    const output = path('never.bpf');
    const result = callgate(['compile', large, '--arch', 'x86_64', '--format', 'raw', '-o', output]);
    expectOneLine(result, /\b4096\b/);
    expect(result.stderr).toMatch(/keyctl.*line \d/);
    expect(existsSync(output)).toBe(false);
  });
});

describeWith(['gcc'], 'a profile, compiled to C', () => {
  it.each(['conditional', 'stock:docker'])('is the array that gcc makes of it: %s', (name) => {
    const subject = name === 'conditional' ? conditional : name;
    const source = readFileSync(compiled('c', subject), 'utf8');
    const array = /struct sock_filter (\w+)\[/.exec(source)![1];
    const main = `#include <stdio.h>\nint main(void) { return fwrite(${array}, 1, sizeof ${array}, stdout) != sizeof ${array}; }\n`;
    writeFileSync(path('filter.c'), `${source}\n${main}`);
    execFileSync('gcc', ['-Wall', '-Wno-unused-variable', '-Werror', '-o', path('filter'), path('filter.c')]);
    expect(execFileSync(path('filter')).toString('hex')).toBe(bytes(compiled('raw', subject)));
  });
});

describe.each(FIXTURES)('the filter of %s', (name) => {
  const source = join(PROFILES, `${name}.json`);

  it('decides what the profile says, also when decompiled, optimized and assembled again', () => {
    const program = compiled('raw', source);
    expectEqual(source, program);

    const made = path(`${name}-made.json`);
    const { status, stderr } = callgate(['decompile', program, '-o', made]);
    expect(stderr).toMatch(/proven equal/);
    expect(status).toBe(0);
    const [, runtime] = /as (\w+) reads it/.exec(stderr)!;
    expectEqual(program, made, '--runtime', runtime);

    const smaller = path(`${name}-smaller.bpf`);
    expect(callgate(['optimize', program, '-o', smaller]).status).toBe(0);
    expectEqual(program, smaller);
    expect(readFileSync(smaller).length).toBeLessThanOrEqual(readFileSync(program).length);

    const again = path(`${name}-again.bpf`);
    const text = callgate(['disasm', program]).stdout;
    expect(callgate(['asm', '-', '-o', again], { input: text }).status).toBe(0);
    expect(bytes(again)).toBe(bytes(program));
  });
});

describe('decompile', () => {
  it.each<[string, readonly Row[], RegExp]>([
    [
      'the instruction pointer',
      [
        [0x20, 0, 0, 8],
        [0x15, 0, 1, 0x1000],
        [0x06, 0, 0, EPERM],
        [0x06, 0, 0, ALLOW],
      ],
      /instruction pointer/,
    ],
    ['foreign architectures', [[0x06, 0, 0, ALLOW]], /other architectures/],
    [
      'foreign architectures with an errno',
      [
        [0x20, 0, 0, 4],
        [0x15, 1, 0, 0xc000003e],
        [0x06, 0, 0, EPERM],
        [0x06, 0, 0, ALLOW],
      ],
      /other architectures/,
    ],
  ])('names what no profile can say: %s', (_, rows, says) => {
    const inexpressible = filter('inexpressible.bpf', rows);
    const { status, stdout, stderr } = callgate(['decompile', inexpressible, '-o', path('best.json')]);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/proven equal/);
    expect([status, stdout]).toEqual([1, '']);
    const told = callgate(['decompile', inexpressible, '--json']);
    expect([told.status, told.stderr]).toEqual([1, '']);
    const { equal, differences, profile } = JSON.parse(told.stdout);
    expect([equal, profile]).toEqual([false, JSON.parse(readFileSync(path('best.json'), 'utf8'))]);
    expect(differences[0]).toMatchObject({
      before: { action: 'ALLOW' },
      witness: { args: expect.any(Array) },
    });
  });
});

describe('optimize', () => {
  it('makes long ways short', () => {
    const twice: Row[] = [];
    for (let nr = 100; nr < 140; nr++) twice.push([0x20, 0, 0, 0], [0x15, 0, 1, nr], [0x06, 0, 0, EPERM]);
    const clumsy = filter('clumsy.bpf', [...twice, [0x06, 0, 0, ALLOW]]);
    const neat = path('neat.bpf');
    expect(callgate(['optimize', clumsy, '-o', neat]).status).toBe(0);
    expectEqual(clumsy, neat);
    expect(readFileSync(neat).length / 8).toBeLessThanOrEqual(5);
  });
});

describe('what is no filter', () => {
  const BROKEN: Readonly<Record<string, Buffer>> = {
    empty: Buffer.alloc(0),
    'of an odd length': encode([[0x06, 0, 0, ALLOW]]).subarray(0, 7),
    garbage: Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 151 + 77) % 256)),
    'longer than the kernel takes': encode(Array.from({ length: 4097 }, () => [0x06, 0, 0, ALLOW])),
  };
  const VERBS: readonly ((file: string) => string[])[] = [
    (file) => ['diff', file, 'stock:docker'],
    (file) => ['diff', 'stock:none', file],
    (file) => ['decompile', file],
    (file) => ['optimize', file, '--format', 'asm'],
    (file) => ['explain', file, 'read'],
    (file) => ['verify', 'stock:docker', '--against', file],
  ];

  it.each(Object.keys(BROKEN))('is refused in one line: %s', (name) => {
    const broken = filter('broken.bpf', BROKEN[name]);
    for (const verb of VERBS) expectOneLine(callgate(verb(broken)), /broken\.bpf/);
  });

  it.each(['empty', 'of an odd length'])('cannot be shown either: %s', (name) => {
    expectOneLine(callgate(['disasm', filter('broken.bpf', BROKEN[name])]), /broken\.bpf/);
  });
});
