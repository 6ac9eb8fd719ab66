import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { nameOf } from '@callgate/engine/internal/syscalls/lookup';
import { type LaunchPlan, launch } from '@callgate/linux/internal/launch/launch';
import { LaunchError } from '@callgate/linux/internal/launch/start-program';
import { tryCalls } from '@callgate/linux/internal/launch/try-calls';
import { nativeNumber } from '@callgate/linux/internal/machine';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-launch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EPERM = 1;
const ENOENT = 2;
const KILL = 0x80000000;
const errno = (number: number) => 0x50000 | number;

/** Answers one call with a word, and allows all others. */
function but(name: string, word: number): Program {
  return [
    instruction(op.LD_ABS, 0),
    instruction(op.JEQ_K, nativeNumber(name), 0, 1),
    instruction(op.RET_K, word),
    instruction(op.RET_K, 0x7fff0000),
  ];
}

/** Allows one call alone, and kills at any other. */
function only(name: string): Program {
  return [
    instruction(op.LD_ABS, 0),
    instruction(op.JEQ_K, nativeNumber(name), 1, 0),
    instruction(op.RET_K, KILL),
    instruction(op.RET_K, 0x7fff0000),
  ];
}

function plan(command: LaunchPlan['command'], more: Partial<LaunchPlan> = {}): LaunchPlan {
  return { command, env: { PATH: process.env.PATH }, stdio: 'ignore', noNewPrivs: true, ...more };
}

async function endingOf(whole: LaunchPlan) {
  const launched = await launch(whole);
  await launched.go();
  return launched.ended;
}

async function failureOf(whole: LaunchPlan) {
  const fault = await endingOf(whole).catch((thrown) => thrown);
  expect(fault).toBeInstanceOf(LaunchError);
  return fault as LaunchError;
}

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

/** What Node takes for an exit with status 0, Linux tells from 6.15 on. */
const [major, minor] = release().split('.').map(Number);
const tellsDeaths = major > 6 || (major === 6 && minor >= 15);

it.skipIf(!tellsDeaths)('a death by a signal without a name is no success', async () => {
  const ending = await endingOf(plan(['sh', '-c', 'kill -40 $$']));
  expect(ending).toEqual({ status: 168, signal: 'SIGRTMIN+6' });
});

describe('a launched program', () => {
  it('makes nothing but execve under its filter', async () => {
    // The first call of the program itself is what is killed: the launcher has made execve alone.
    expect(await endingOf(plan(['true'], { filter: only('execve') }))).toEqual({
      status: 159,
      signal: 'SIGSYS',
    });
  });

  it('waits until it is told to go', async () => {
    const launched = await launch(plan(['true']));
    const first = await Promise.race([launched.ended, sleep(200, 'still there')]);
    expect(first).toBe('still there');
    await launched.go();
    expect(await launched.ended).toEqual({ status: 0 });
  });

  it('ends with the callers who never let it go', async () => {
    const launched = await launch(plan(['true']));
    launched.child.stdio[3]!.destroy();
    expect(await launched.ended).toEqual({ status: 125 });
  });

  it('gets arguments, environment and signals as they were given', async () => {
    const test = '[ "$1" = "a b" ] && [ "$2" = "" ] && [ "$3" = "ä" ] && [ "$X" = "1=2" ] && kill -PIPE $$';
    const env = { PATH: process.env.PATH, X: '1=2' };
    const ending = await endingOf(plan(['sh', '-c', test, 'sh', 'a b', '', 'ä'], { env }));
    expect(ending).toEqual({ status: 141, signal: 'SIGPIPE' });
  });

  it('is run by a shell when it is a script without #!', async () => {
    const path = script('bare', '[ "$1" = x ] && exit 7\n');
    expect(await endingOf(plan([path, 'x']))).toEqual({ status: 7 });
  });
});

describe.runIf(process.getuid?.() === 0)('where files in memory cannot be executed', () => {
  const bin = join(import.meta.dirname, '../../../cli/bin/callgate.js');
  const callgate = `"${process.execPath}" "${bin}" run -p stock:none -- echo started`;

  it.each([
    ['the kernel forbids it', 'sysctl -qw vm.memfd_noexec=2', ['-pf', '--mount-proc']],
    ['nothing is mounted at /proc', 'mount -t tmpfs none /proc', ['-m']],
    [
      'and neither can those of TMPDIR',
      'sysctl -qw vm.memfd_noexec=2; export TMPDIR=/no/such',
      ['-pf', '--mount-proc'],
    ],
  ])('a program is started all the same: %s', (_what, first, flags) => {
    const { stdout, stderr } = spawnSync('unshare', [...flags, 'sh', '-c', `${first}; ${callgate}`], {
      encoding: 'utf8',
    });
    expect(stdout, stderr).toBe('started\n');
  });
});

it('gives a program the open files of the caller, and never more than callgate has', () => {
  const limits = 'ulimit -Sn 100; ulimit -Hn 200; exec';
  const launcher = `"${process.execPath}" "${join(import.meta.dirname, '../../../cli/bin/callgate.js')}"`;
  const asked = `${launcher} run -p stock:none -- sh -c 'ulimit -Sn; ulimit -Hn'`;
  const { stdout } = spawnSync('sh', ['-c', `${limits} ${asked}`], { encoding: 'utf8' });
  const [soft, hard] = stdout.trim().split('\n').map(Number);
  expect(hard).toBe(200);
  expect(soft).toBeLessThanOrEqual(200);
});

describe('a program that cannot be started', () => {
  it('is told with the step and the errno', async () => {
    expect(await failureOf(plan([script('lost', '#!/no/such\n')]))).toMatchObject({
      step: 'execve',
      errno: ENOENT,
    });
    const denied = plan(['true'], { filter: but('execve', errno(EPERM)) });
    expect(await failureOf(denied)).toMatchObject({ step: 'execve', errno: EPERM });
    // A filter that does not end.
    const broken = plan(['true'], { filter: [instruction(op.LD_ABS, 0)] });
    expect(await failureOf(broken)).toMatchObject({ step: 'seccomp', errno: 22 });
  });

  it('is told when its folder is gone', async () => {
    const fault = await failureOf(plan(['true'], { cwd: join(folder, 'no-such') }));
    expect(fault.message).toMatch(/ENOENT/);
  });

  it('is told when the launcher dies before its time', async () => {
    const launched = await launch(plan(['true']));
    launched.child.kill('SIGSEGV');
    await launched.ended;
    await expect(launched.go()).rejects.toThrow(/the launcher ended by SIGSEGV/);
  });
});

describe('calls that are tried', () => {
  it('end as the filter and the kernel have it', async () => {
    const getppid = nativeNumber('getppid');
    const trial = (filter: Program | undefined, nr: number, ...args: bigint[]) => ({ filter, nr, args });
    const ends = await tryCalls([
      trial(undefined, nativeNumber('close'), 0xffffffffn),
      trial(but('getppid', errno(42)), getppid),
      trial(but('getppid', KILL), getppid),
      trial(but('getppid', 0), getppid),
      trial(but('getppid', 0x30000), getppid),
      trial(but('exit_group', errno(1)), nativeNumber('close'), 0xffffffffn),
      trial([], getppid),
      trial(undefined, nativeNumber('exit_group'), 9n),
      trial(undefined, nativeNumber('ppoll'), 0n, 0n, 0n, 0n, 0n),
    ]);
    expect(ends).toEqual([
      { kind: 'returned', result: -9n },
      { kind: 'returned', result: -42n },
      { kind: 'signal', signal: 31 },
      { kind: 'signal', signal: 31 },
      { kind: 'signal', signal: 31 },
      { kind: 'returned', result: -9n },
      { kind: 'refused', errno: 22 },
      { kind: 'ended', status: 9 },
      { kind: 'signal', signal: 14 },
    ]);
  });

  it('reach nobody else where they are for a whole group', async () => {
    const getpid = { nr: nativeNumber('getpid'), args: [] };
    const [killed, after] = await tryCalls([{ nr: nativeNumber('kill'), args: [0n, 9n] }, getpid]);
    expect(killed).toEqual({ kind: 'signal', signal: 9 });
    expect(after).toMatchObject({ kind: 'returned' });
  });

  it('are as many as one likes, each judged by itself', async () => {
    const trials = Array.from({ length: 600 }, (_, i) => ({
      filter: but('getppid', errno(i + 1)),
      nr: nativeNumber('getppid'),
      args: [],
    }));
    const ends = await tryCalls(trials);
    expect(ends).toEqual(trials.map((_, i) => ({ kind: 'returned', result: BigInt(-i - 1) })));
  });

  it.runIf(process.arch === 'x64')('go through the gate of i386', async () => {
    // 20 is getpid there, and writev for x86_64.
    const [end] = await tryCalls([{ nr: 20, args: [0xffffffffn, 0n, 0n], gate: 'x86' }]);
    expect(end.kind === 'returned' && end.result > 1n).toBe(true);
    expect(nameOf('x86', 20)).toBe('getpid');
  });
});
