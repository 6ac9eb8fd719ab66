import { existsSync, readFileSync } from 'node:fs';
import { callgate } from '@callgate/testing/callgate';
import {
  ALLOW,
  compiled,
  EPERM,
  expectEqual,
  expectOneLine,
  filter,
  path,
  profile,
  type Row,
} from '@callgate/testing/filter-files';
import { describe, expect, it } from 'vitest';

interface Decision {
  readonly action: string;
  readonly data: number;
}

/** As the contract has it. */
interface Difference {
  readonly arch: string;
  readonly syscall: string;
  readonly nr: number;
  readonly change: 'loosened' | 'tightened' | 'changed';
  readonly before: Decision;
  readonly after: Decision;
  readonly when: string;
  readonly witness: { readonly arch: string; readonly nr: number; readonly args: readonly string[] };
}

async function differencesOf(...args: string[]): Promise<Difference[]> {
  const { status, stdout, stderr } = await callgate(['diff', ...args, '--json']);
  expect([status, stderr]).toEqual([1, '']);
  const document = JSON.parse(stdout);
  expect(document.equal).toBe(false);
  expect(document.differences.length).toBeGreaterThan(0);
  return document.differences;
}

/** Whether the kernel would execute it. */
const passes = ({ action }: Decision) => action === 'ALLOW' || action === 'LOG';

const MOST_ASKED = 6;

/** Evenly many of a long list. */
function some<T>(all: readonly T[]): T[] {
  const step = Math.max(1, Math.ceil(all.length / MOST_ASKED));
  return all.filter((_, i) => i % step === 0);
}

/** What explain says of a witness on one side. */
async function decision(
  subject: string,
  { witness }: Difference,
  flags: readonly string[],
): Promise<Decision> {
  const { stdout } = await callgate([
    'explain',
    subject,
    String(witness.nr),
    ...witness.args,
    '--json',
    ...flags,
  ]);
  const { action, data } = JSON.parse(stdout);
  return { action, data };
}

const allow = (...names: string[]) => ({ names, action: 'SCMP_ACT_ALLOW' });
const error = (errnoRet: number, ...names: string[]) => ({ names, action: 'SCMP_ACT_ERRNO', errnoRet });
const socket = (op: string, value: number) => ({ ...allow('socket'), args: [{ index: 0, value, op }] });

const a = profile('a.json', {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [allow('read', 'write', 'clone3', 'rmdir'), socket('SCMP_CMP_EQ', 1), error(2, 'chmod')],
});
const b = profile('b.json', {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [
    allow('read', 'write', 'clone3', 'mkdir'),
    socket('SCMP_CMP_NE', 40),
    error(13, 'rmdir'),
    error(5, 'chmod'),
    { names: ['fchmod'], action: 'SCMP_ACT_KILL_PROCESS' },
  ],
});

describe('diff', () => {
  it('gives the documented JSON: every call that is decided differently, and no other', async () => {
    const differences = await differencesOf(a, b, '--arch', 'x86_64');
    const eperm = { action: 'ERRNO', data: 1 };
    const allowed = { action: 'ALLOW', data: 0 };
    const anyArguments = { arch: 'x86_64', args: Array(6).fill(expect.stringMatching(/^\d+$/)) };
    const one = (syscall: string, nr: number, change: string, before: object, after: object) =>
      expect.objectContaining({
        arch: 'x86_64',
        syscall,
        nr,
        change,
        before,
        after,
        when: expect.any(String),
        witness: { ...anyArguments, nr },
      });
    expect(differences).toHaveLength(5);
    expect(differences).toEqual(
      expect.arrayContaining([
        one('socket', 41, 'loosened', eperm, allowed),
        one('mkdir', 83, 'loosened', eperm, allowed),
        one('rmdir', 84, 'tightened', allowed, { action: 'ERRNO', data: 13 }),
        one('chmod', 90, 'changed', { action: 'ERRNO', data: 2 }, { action: 'ERRNO', data: 5 }),
        one('fchmod', 91, 'changed', eperm, { action: 'KILL_PROCESS', data: 0 }),
      ]),
    );
    const partial = differences.find((d) => d.syscall === 'socket')!;
    expect(['1', '40']).not.toContain(partial.witness.args[0]);
    expect(partial.when).toMatch(/AF_UNIX/);
    expect(partial.when).toMatch(/AF_VSOCK/);
    expect(differences.filter((d) => d.when !== '')).toEqual([partial]);
  });

  it('turns round with its sides', async () => {
    const there = await differencesOf(a, b, '--arch', 'x86_64');
    const back = await differencesOf(b, a, '--arch', 'x86_64');
    const TURNED = { loosened: 'tightened', tightened: 'loosened', changed: 'changed' } as const;
    const key = (d: Difference) => JSON.stringify([d.syscall, d.change, d.before, d.after, d.when]);
    expect(
      back.map((d) => key({ ...d, change: TURNED[d.change], before: d.after, after: d.before })).sort(),
    ).toEqual(there.map(key).sort());
  });

  it('groups by change, with a call that shows each condition', async () => {
    const { status, stdout } = await callgate(['diff', a, b, '--arch', 'x86_64']);
    expect(status).toBe(1);
    const [, loosened, tightened, changed] = stdout.split(/^(?:loosened|tightened|changed)$/m);
    expect(loosened).toContain('mkdir');
    expect(loosened).toMatch(/socket when .*AF_UNIX[\s\S]*socket\(/);
    expect(tightened).toContain('rmdir');
    expect(changed).toContain('chmod');
    expect(stdout).not.toContain('proof');
    expect(await callgate(['diff', a, b, '--quiet'])).toEqual({ status: 1, stdout: '', stderr: '' });
  });

  it('says of what means the same that this is proven', async () => {
    const other = profile('other.json', {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        error(2, 'chmod'),
        allow('clone3'),
        socket('SCMP_CMP_EQ', 1),
        allow('rmdir'),
        allow('write', 'read', 'read'),
        error(1, 'mkdir'),
      ],
    });
    await expectEqual(a, other);
    const { status, stdout } = await callgate(['diff', a, other]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/equal[\s\S]*proof/);
    expect(await callgate(['diff', a, other, '--quiet'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('takes every kind of subject', async () => {
    await expectEqual(a, await compiled('raw', a));
    await expectEqual(await compiled('raw', b, '--objective', 'mean'), await compiled('raw', b));
    const yaml = 'defaultAction: SCMP_ACT_ALLOW\n';
    expect((await callgate(['diff', 'stock:none', '-', '--quiet'], { input: yaml })).status).toBe(0);
    expect((await callgate(['diff', '-', a, '--quiet'], { input: readFileSync(a, 'utf8') })).status).toBe(0);
    expectOneLine(await callgate(['diff', a, 'stock:dokcer']), /stock:docker/);
    expectOneLine(await callgate(['diff', a, '/no/such/file']), /cannot read/);
  });

  it('sees one value among all of 64 bits', async () => {
    const value = '0xfedcba9876543210';
    const half = (at: number, k: number, no: number) =>
      [
        [0x20, 0, 0, at],
        [0x15, 0, no, k],
      ] as const;
    const rows = (low: number) =>
      filter(`${low}.bpf`, [
        ...half(20, 0xfedcba98, 3),
        ...half(16, low, 1),
        [0x06, 0, 0, EPERM],
        [0x06, 0, 0, ALLOW],
      ]);
    const all = filter('all.bpf', [[0x06, 0, 0, ALLOW]]);
    const [first] = await differencesOf(rows(0x76543210), all);
    expect(first).toMatchObject({ change: 'loosened', before: { action: 'ERRNO', data: 1 } });
    expect(first.witness.args[0]).toBe(BigInt(value).toString());
    await expectEqual(rows(0x76543210), rows(0x76543210));
    expect((await callgate(['diff', rows(0x76543210), rows(0x76543211), '--quiet'])).status).toBe(1);
  });
});

/** Two sides: what each is, and its flags. */
interface Sides {
  readonly name: string;
  readonly subjects: readonly [string, string];
  readonly a: readonly string[];
  readonly b: readonly string[];
}

const x64 = ['--arch', 'x86_64'];
const SIDES: readonly Sides[] = [
  { name: 'two profiles', subjects: [a, b], a: x64, b: x64 },
  { name: 'big-endian', subjects: [a, b], a: ['--arch', 's390x'], b: ['--arch', 's390x'] },
  {
    name: 'a capability',
    subjects: ['stock:docker', 'stock:docker'],
    a: x64,
    b: [...x64, '--caps', 'CAP_SYS_ADMIN'],
  },
  {
    name: 'a kernel',
    subjects: ['stock:docker', 'stock:docker'],
    a: ['--arch', 'x86', '--kernel', '4.7'],
    b: ['--arch', 'x86', '--kernel', '6.1'],
  },
  {
    name: 'a runtime',
    subjects: ['stock:docker', 'stock:docker'],
    a: x64,
    b: [...x64, '--runtime', 'containerd'],
  },
  { name: 'two stock profiles', subjects: ['stock:docker', 'stock:podman'], a: x64, b: x64 },
  {
    name: 'all or little',
    subjects: ['stock:none', 'stock:docker'],
    a: ['--arch', 'aarch64'],
    b: ['--arch', 'aarch64'],
  },
];

/** Calls on which two denials of ALLOW differ in their errno alone. */
const DENIED_BY_ERRNO = profile('errnos.json', {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [error(1, 'mkdir'), error(22, 'rmdir'), error(38, 'chmod')],
});

describe('every difference is one', () => {
  it.each(SIDES)(
    'between sides that differ by $name',
    async ({ subjects: [left, right], a: flagsA, b: flagsB }) => {
      const sided = (flags: readonly string[], side: string) =>
        flags.map((flag) => (flag.startsWith('--') ? `${flag}-${side}` : flag));
      const differences = await differencesOf(left, right, ...sided(flagsA, 'a'), ...sided(flagsB, 'b'));
      const [, abi] = flagsA;
      for (const one of differences) {
        expect(one.before).not.toEqual(one.after);
        const wanted = passes(one.after) ? 'loosened' : passes(one.before) ? 'tightened' : 'changed';
        if (passes(one.before) !== passes(one.after)) expect(one.change).toBe(wanted);
      }
      const mine = differences.filter((d) => d.witness.arch === abi);
      expect(mine.length).toBeGreaterThan(0);
      for (const one of some(mine)) {
        expect([one, await decision(left, one, flagsA)]).toEqual([one, one.before]);
        expect([one, await decision(right, one, flagsB)]).toEqual([one, one.after]);
      }
    },
  );

  it('has the errno of its own call', async () => {
    const differences = await differencesOf('stock:none', DENIED_BY_ERRNO, '--arch', 'x86_64');
    expect(differences.map(({ syscall, after }) => [syscall, after.data])).toEqual([
      ['mkdir', 1],
      ['rmdir', 22],
      ['chmod', 38],
    ]);
  });

  it('is no difference where one profile is read alike by both sides', async () => {
    await expectEqual(
      'stock:docker',
      'stock:docker',
      '--caps-a',
      'CAP_SYS_ADMIN',
      '--caps-b',
      'CAP_SYS_ADMIN',
    );
    await expectEqual('stock:podman', 'stock:podman', '--arch', 's390x');
  });
});

describe('a filter with more answers than anybody would read', () => {
  const rows: Row[] = [[0x20, 0, 0, 16]];
  // A jump is 8 bits wide, so every answer stands behind its own question.
  for (let i = 0; i < 300; i++) rows.push([0x15, 0, 1, i], [0x06, 0, 0, 0x0005_0001 + i], [0x20, 0, 0, 16]);
  const many = () => filter('many.bpf', [...rows, [0x06, 0, 0, ALLOW]]);
  const allow = () => profile('allow-all.json', { defaultAction: 'SCMP_ACT_ALLOW' });

  it.each(['diff', 'verify'])('differs in an example, says %s', async (verb) => {
    const against = verb === 'verify' ? ['--against'] : [];
    const { status, stdout, stderr } = await callgate([verb, allow(), ...against, many()]);
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).toContain('in more ways than can be listed');
    expect(stdout).toContain('for example read(fd=0)');
    const document = JSON.parse((await callgate([verb, allow(), ...against, many(), '--json'])).stdout);
    expect(document).toMatchObject({ equal: false, complete: false });
    expect(document.differences).toHaveLength(1);
    expect(document.differences[0]).toMatchObject({
      syscall: 'read',
      before: { action: 'ALLOW' },
      after: { action: 'ERRNO', data: 1 },
      witness: { nr: 0, args: ['0', '0', '0', '0', '0', '0'] },
    });
  });

  it('is no profile', async () => {
    expectOneLine(await callgate(['decompile', many(), '-o', path('never.json')]), /too many conditions/);
    expect(existsSync(path('never.json'))).toBe(false);
  });
});

it('fails on one kind of change alone when told so', async () => {
  const args = ['diff', 'stock:docker', 'stock:none', '--arch', 'x86_64', '-q', '--fail-on'];
  expect((await callgate([...args, 'loosened'])).status).toBe(1);
  expect((await callgate([...args, 'tightened'])).status).toBe(0);
  const back = ['diff', 'stock:none', 'stock:docker', '--arch', 'x86_64', '-q', '--fail-on'];
  expect((await callgate([...back, 'loosened'])).status).toBe(0);
  expect((await callgate([...back, 'tightened'])).status).toBe(1);
  expect((await callgate([...args, 'looser'])).status).toBe(2);
});
