import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { nameOf, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { callgate, type Result } from '@callgate/testing/callgate';
import { expectOneLine } from '@callgate/testing/filter-files';
import { recordingOf } from '@callgate/testing/recordings';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LOGS = join(import.meta.dirname, '../../../engine/test/logs/fixtures');
let files = 0;

/** What must not reach a terminal or a page; a newline may. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

const words = (text: string) => text.split(' ').filter((word) => word !== '');
const fileOf = (text: string, kind = 'json') => {
  const file = join(folder, `${++files}.${kind}`);
  writeFileSync(file, text);
  return file;
};

interface SeenCall {
  readonly arch?: AbiName;
  readonly nr?: number;
  readonly name?: string;
  readonly [key: string]: unknown;
}

function observation({ arch = 'x86_64', name = '', nr, ...rest }: SeenCall) {
  return {
    arch,
    nr: nr ?? numberOf(arch, name) ?? 0,
    name,
    count: 1,
    phase: 'run' as const,
    denied: 0,
    ...rest,
  };
}

/** A recording of calls by name, or with more of them. */
function recording(calls: string | readonly SeenCall[], head: object = {}): string {
  const all = typeof calls === 'string' ? words(calls).map((name) => ({ name })) : calls;
  const machine = { arch: 'x86_64', kernel: '6.1.0' } as const;
  const started = new Date(Date.UTC(2026, 0, 1) + files).toISOString();
  return fileOf(JSON.stringify(recordingOf(all.map(observation), { machine, started, ...head })));
}

interface Reason {
  readonly kind: string;
  readonly from?: readonly string[];
  readonly why?: string;
}

interface Built extends Result {
  readonly file: string;
  readonly sidecar: string;
  readonly names: readonly string[];
  readonly abis: readonly string[];
  readonly calls: Readonly<Record<string, readonly Reason[]>>;
}

/** Builds to a file, which must succeed. */
async function build(...args: readonly string[]): Promise<Built> {
  const file = join(folder, `${++files}.json`);
  const sidecar = file.replace(/json$/, 'callgate.json');
  const result = await callgate(['build', ...args, '-o', file]);
  const explained = args.includes('--explain') ? result.stdout : '';
  expect([result.status, result.stdout, result.stderr]).toEqual([0, explained, result.stderr]);
  const profile = JSON.parse(readFileSync(file, 'utf8'));
  const allowed = profile.syscalls.filter((rule: { action: string }) => rule.action === 'SCMP_ACT_ALLOW');
  return {
    ...result,
    file,
    sidecar,
    names: allowed.flatMap((rule: { names: string[] }) => rule.names),
    abis: profile.architectures,
    calls: existsSync(sidecar) ? JSON.parse(readFileSync(sidecar, 'utf8')).calls : {},
  };
}

const of = ({ calls }: Built, kind: string) =>
  Object.keys(calls)
    .filter((name) => calls[name].some((reason) => reason.kind === kind))
    .sort();

/** vdso(7), sigreturn(2), restart_syscall(2), execve: what no process is built without. */
const BASE = words(
  'clock_getres clock_gettime execve exit exit_group getcpu gettimeofday restart_syscall rt_sigreturn time',
);

// Measured: kernel 6.18, tracefs, 1,560 starts of runc 1.1.5 and crun 1.8.1, docker 20.10.24 and podman 4.3.1 with runc.
const RUNC_NNP = words(
  'close epoll_ctl execve fstatfs futex getdents64 getpid mmap openat rt_sigreturn sched_yield write',
);
const RUNC = [
  ...RUNC_NNP,
  ...words('capget capset chdir faccessat2 fchown fcntl fstat getcwd getppid newfstatat prctl read'),
  ...words('setgid setgroups setuid'),
];
const CRUN_NNP = words('close execve');
/** create + start, which podman and containerd do, adds pselect6 and read. */
const CRUN = words(
  'capset close execve prctl pselect6 read rt_sigaction rt_sigprocmask setresgid setresuid write',
);
const CRUN_EXEC = words(
  'capset close execve fchown ioctl openat prctl read setgroups setresgid setresuid statx write',
);
const RUNC_EXEC_NNP = words('close epoll_ctl execve fstatfs futex getdents64 openat rt_sigreturn');
const DOCKER_INIT = words(
  'arch_prctl brk clone execve exit_group getpgrp getpid getrandom ioctl mprotect prlimit64 readlink rseq rt_sigaction rt_sigprocmask rt_sigtimedwait set_robust_list set_tid_address setpgid wait4',
);

const bare = recording('');

it('makes no profile for both byte orders, which no machine takes', async () => {
  const args = ['--arch', 'x86_64,s390x', '-o', join(folder, 'both.json')];
  expectOneLine(await callgate(['build', recording('read'), ...args]), /give each byte order a profile/);
});

it('reads a recording through a pipe, which cannot be opened a second time', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('sh', ['-c', 'cat "$0" > "$1"', recording('read mkdir'), pipe]);
  expect((await build(pipe)).names).toContain('mkdir');
  writer.kill('SIGKILL');
});

describe('the floor', () => {
  const both = [...new Set([...RUNC, ...CRUN])];
  it.each([
    ['runc@1.1.5', RUNC, RUNC_NNP],
    ['runc', RUNC, RUNC_NNP],
    ['crun@1.8.1', CRUN, CRUN_NNP],
    ['crun', CRUN, CRUN_NNP],
    ['docker', RUNC, RUNC_NNP],
    ['docker@20.10.24', RUNC, RUNC_NNP],
    ['containerd', RUNC, RUNC_NNP],
    ['podman', both, [...RUNC_NNP, ...CRUN_NNP]],
    ['podman@4.3.1', both, [...RUNC_NNP, ...CRUN_NNP]],
    ['any', both, [...RUNC_NNP, ...CRUN_NNP]],
  ])('of %s has every call that was measured', async (runtime, measured, measuredNnp) => {
    const off = await build(bare, '--runtime', runtime);
    expect(measured.filter((name) => !off.names.includes(name))).toEqual([]);
    const on = await build(bare, '--runtime', runtime, '--no-new-privs');
    expect(measuredNnp.filter((name) => !on.names.includes(name))).toEqual([]);
    expect(on.names.length).toBeLessThan(off.names.length);
  });

  it.each([
    ['runc@1.1.5', [], RUNC],
    ['runc@1.1.5', ['--no-new-privs'], RUNC_NNP],
    ['runc@1.1.5', ['--exec'], RUNC],
    ['crun@1.8.1', [], CRUN],
    ['crun@1.8.1', ['--no-new-privs'], CRUN_NNP],
    ['crun@1.8.1', ['--no-new-privs', '--exec'], CRUN_EXEC],
  ])('of %s %j has nothing else', async (runtime, flags, measured) => {
    const { names } = await build(bare, '--runtime', runtime, ...flags);
    expect(names.toSorted()).toEqual([...new Set([...measured, ...BASE])].sort());
  });

  it.each(['docker', 'containerd', 'podman'])(
    'of %s is that of any runc, whatever its own release is',
    async (name) => {
      expect((await build(bare, '--runtime', `${name}@1.0`)).names).toEqual(
        (await build(bare, '--runtime', name)).names,
      );
    },
  );

  it('has what exec needs', async () => {
    for (const flags of [[], ['--no-new-privs']]) {
      for (const runtime of ['crun', 'podman', 'any'])
        expect((await build(bare, '--runtime', runtime, '--exec', ...flags)).names).toEqual(
          expect.arrayContaining(CRUN_EXEC),
        );
      for (const runtime of ['runc@1.1.5', 'docker', 'containerd', 'podman'])
        expect((await build(bare, '--runtime', runtime, '--exec', ...flags)).names).toEqual(
          expect.arrayContaining(RUNC_EXEC_NNP),
        );
    }
  });

  it("has docker-init's own calls", async () => {
    for (const flags of [[], ['--no-new-privs']])
      expect((await build(bare, '--runtime', 'docker', '--init', ...flags)).names).toEqual(
        expect.arrayContaining(DOCKER_INIT),
      );
  });

  it.each(['--init', '--exec'])('%s without --runtime is not passed over in silence', async (flag) => {
    const result = await callgate(['build', bare, flag]);
    const without = await callgate(['build', bare]);
    if (result.status === 0) expect(result.stdout).not.toBe(without.stdout);
    else expectOneLine(result, /--runtime/);
  });

  // CVE-2025-52881's fix: pathrs-lite. statx is needed under every errno.
  it.each(['1.2.8', '1.3.3', '1.3.4', '1.4.0', '1.4', 'v1.3.3', '1.3.3+ds1', '1.4.0-rc.3', '1.2.9~rc1'])(
    'of runc@%s opens files of /proc safely',
    async (release) => {
      const safely = words('openat2 statx readlinkat');
      for (const flags of [[], ['--no-new-privs']])
        expect((await build(bare, '--runtime', `runc@${release}`, ...flags)).names).toEqual(
          expect.arrayContaining(safely),
        );
    },
  );

  it('of runc from 1.2.8 has the fstat of each of its lookups in /proc', async () => {
    expect((await build(bare, '--runtime', 'runc@1.3.4', '--no-new-privs')).names).toContain('fstat');
    expect((await build(bare, '--runtime', 'runc', '--no-new-privs')).names).toContain('fstat');
  });

  it('of runc 1.2.0 to 1.2.7 has the stat of the path to its fifo', async () => {
    expect((await build(bare, '--runtime', 'runc@1.2.0', '--no-new-privs')).names).toContain('newfstatat');
  });

  it('says where the release was not measured itself', async () => {
    const said = async (runtime: string) => (await callgate(['build', bare, '--runtime', runtime])).stderr;
    expect(await said('crun@1.10')).toContain(
      'what this crun calls itself was not measured: interpolated between crun 1.8.1 and 1.14.1\n',
    );
    expect(await said('crun@2.0')).toContain(
      'this crun is newer than all that were measured: it is taken for 1.28\n',
    );
    expect(await said('crun@0.9')).toContain(
      'this crun is older than all that were measured: it is taken for 0.17\n',
    );
    for (const runtime of ['crun@1.21', 'runc@1.1.5', 'docker@29.0', 'any'])
      expect(await said(runtime)).not.toContain('measured');
  });

  it('has close_range where runtimes have it', async () => {
    const has = async (...flags: string[]) =>
      (await build(bare, '--runtime', ...flags)).names.includes('close_range');
    expect(await has('runc@1.1.15')).toBe(false);
    expect(await has('runc@1.2.0')).toBe(true);
    expect(await has('runc@1.2.0', '--no-new-privs')).toBe(false);
    expect(await has('crun@1.14')).toBe(false);
    expect(await has('crun@1.14.1')).toBe(true);
    expect(await has('crun@1.14.1', '--no-new-privs')).toBe(true);
    expect(await has('crun@1.20', '--no-new-privs')).toBe(true);
  });

  it('counts a release candidate as the release', async () => {
    expect((await build(bare, '--runtime', 'runc@1.2.0-rc.1')).names).toContain('close_range');
  });

  it('replaces what was recorded of the runtime', async () => {
    const file = recording([{ name: 'read' }, { name: 'sysinfo', phase: 'runtime' }]);
    expect((await build(file)).names).toContain('sysinfo');
    expect((await build(file, '--runtime', 'runc@1.1.5')).names).not.toContain('sysinfo');
    expect((await build(file, '--runtime', 'runc@1.1.5', '--tighten')).names).not.toContain('sysinfo');
  });
});

describe('what no recording shows', () => {
  const attached = recording('read', { lacks: ['startup', 'shutdown'] });
  const whole = recording('read execve');

  it('is warned of, and stands in JSON', async () => {
    const { stderr } = await build(attached);
    expect(stderr).toMatch(/no recording shows how the workload starts/);
    expect(stderr).toMatch(/no recording shows how the workload ends/);
    const { stdout } = await callgate(['build', attached, '--json', '-o', '-']);
    expect(JSON.parse(stdout).lacks).toEqual(['startup', 'shutdown']);
  });

  it('is nothing where one recording shows all', async () => {
    const file = join(folder, 'whole.json');
    const { stderr } = await callgate(['build', attached, whole, '-o', file]);
    expect(stderr).not.toMatch(/incomplete/);
  });
});

describe('logs and recordings', () => {
  const strace = join(LOGS, 'strace/f-o.log');
  const expected = (log: string): string[] =>
    JSON.parse(readFileSync(join(LOGS, log.replace(/log$/, 'json')), 'utf8')).names.map(
      ([name]: [string]) => name,
    );

  it('are mixed', async () => {
    const mine = recording('mount umount2');
    for (const list of [
      [mine, strace],
      [strace, mine],
    ]) {
      const made = await build(...list, '--log-arch', 'x86_64', '--kernel', '6.1');
      expect(of(made, 'seen')).toEqual([...expected('strace/f-o.log'), 'mount', 'umount2'].sort());
      expect(made.stderr).toContain('ABI assumed');
    }
  });

  it.each([
    'strace/f-o.log',
    'strace/plain.log',
    'strace-summary/c.log',
    'names/commas.log',
    'audit/dmesg-mix.log',
  ])('%s makes a profile that allows what it names', async (log) => {
    const made = await build(join(LOGS, log), '--log-arch', 'x86_64');
    const facts = JSON.parse(readFileSync(join(LOGS, log.replace(/log$/, 'json')), 'utf8'));
    const sure = (facts.calls ?? [])
      .filter(([arch]: [string | null]) => arch !== null)
      .map(([arch, nr]: [AbiName, number]) => nameOf(arch, nr))
      .filter((name: string | undefined) => name !== undefined);
    const wanted = [...(facts.names ?? []).map(([name]: [string]) => name), ...sure];
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.filter((name: string) => !made.names.includes(name))).toEqual([]);
    expect(of(made, 'seen').filter((name) => !wanted.includes(name))).toEqual([]);
  });

  it('come from stdin', async () => {
    const file = join(folder, `${++files}.json`);
    const input = readFileSync(strace, 'latin1');
    expect((await callgate(['build', '-', '-o', file, '--log-arch', 'x86_64'], { input })).status).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('"dup2"');
    const text = readFileSync(recording('mount'), 'utf8');
    expect((await callgate(['build', '-', '--log-arch', 'x86_64'], { input: text })).stdout).toContain(
      '"mount"',
    );
  });

  it('of two machines are joined alike in any order', async () => {
    const here = recording('open pipe dup2');
    const there = recording([{ arch: 'aarch64', name: 'read' }], {
      machine: { arch: 'aarch64', kernel: '6.1.0' },
    });
    const names = async (...list: string[]) =>
      (await build(...list, '--arch', 'x86_64,aarch64')).names.toSorted();
    expect(await names(there, here)).toEqual(await names(here, there));
  });

  it('that are empty are no reason for NaN', async () => {
    const { stderr } = await build(bare, recording(''));
    expect(stderr).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('tell how complete they are', async () => {
    const lists = [
      'read write close',
      'read write mmap',
      'read write brk',
      'read write',
      'read futex',
      'read futex',
    ];
    const { stderr } = await build(...lists.map((list) => recording(list)));
    // S = 6, Q1 = 3, Q2 = 1: 6 + 5/6 * 3 * 2 / 4 = 7.25; 6 of 7.25 are 83 %.
    expect(stderr).toMatch(/6 of about 7 calls \(83 %/);
    expect(stderr).toMatch(/in one run only: .*close/);
  });

  it('count once what is given twice', async () => {
    const file = recording([{ name: 'personality', args: [{ values: ['8'], count: 1 }] }]);
    const copy = fileOf(readFileSync(file, 'utf8'));
    const { stderr, calls } = await build(file, copy, '--tighten');
    expect(stderr).toMatch(/given before: it counts once/);
    expect(stderr).toMatch(/personality: unconditional, seen in 1 run/);
    expect(stderr).not.toMatch(/completeness/);
    expect(calls.personality).toMatchObject([{ kind: 'seen', runs: 1 }]);
  });

  it('do not take a profile for a run', async () => {
    const profile = (await build(recording('read write'))).file;
    expect((await build(recording('read'), profile)).stderr).not.toMatch(/completeness/);
    expect((await build(recording('read'), recording('read'), profile)).stderr).toMatch(/after 2 runs/);
  });

  it('repeat what the recorder had to say', async () => {
    expect((await build(recording('read', { notes: ['the program \u001b[31m did it'] }))).stderr).toMatch(
      /^note: the program .* did it$/m,
    );
  });
});

/** From glibc's and the kernel's tables; the x86_64 name, and what libc calls there instead. */
const PROJECTED: readonly (readonly [AbiName, string, string])[] = [
  ...(['aarch64', 'riscv64', 'loongarch64'] as const).flatMap((abi) =>
    (
      [
        ['open', 'openat'],
        ['creat', 'openat'],
        ['pipe', 'pipe2'],
        ['dup2', 'dup3'],
        ['mkdir', 'mkdirat'],
        ['rmdir', 'unlinkat'],
        ['unlink', 'unlinkat'],
        ['rename', 'renameat2'],
        ['poll', 'ppoll'],
        ['select', 'pselect6'],
        ['epoll_wait', 'epoll_pwait'],
        ['epoll_create', 'epoll_create1'],
        ['eventfd', 'eventfd2'],
        ['signalfd', 'signalfd4'],
        ['inotify_init', 'inotify_init1'],
        ['fork', 'clone'],
        ['vfork', 'clone'],
        ['access', 'faccessat'],
        ['chmod', 'fchmodat'],
        ['chown', 'fchownat'],
        ['lchown', 'fchownat'],
        ['readlink', 'readlinkat'],
        ['symlink', 'symlinkat'],
        ['link', 'linkat'],
        ['mknod', 'mknodat'],
        ['getdents', 'getdents64'],
        ['alarm', 'setitimer'],
        ['pause', 'ppoll'],
        ['time', 'clock_gettime'],
        ['utime', 'utimensat'],
      ] as const
    ).map(([from, to]) => [abi, from, to] as const),
  ),
  ['aarch64', 'stat', 'newfstatat'],
  ['riscv64', 'lstat', 'newfstatat'],
  ['loongarch64', 'stat', 'statx'],
  ['loongarch64', 'fstat', 'statx'],
  ['arm', 'mmap', 'mmap2'],
  ['arm', 'stat', 'stat64'],
  ['arm', 'getuid', 'getuid32'],
  ['arm', 'fcntl', 'fcntl64'],
  ['arm', 'select', '_newselect'],
  ['arm', 'arch_prctl', 'set_tls'],
  ['arm', 'futex', 'futex_time64'],
  ['s390x', 'accept', 'accept4'],
  ['s390x', 'socket', 'socketcall'],
];
const NATIVE = [...new Set(PROJECTED.map(([, name]) => name))].join(' ');

describe('--arch', () => {
  it.each(['aarch64', 'riscv64', 'loongarch64', 'arm', 's390x'] as const)('projects to %s', async (abi) => {
    const file = recording(NATIVE);
    const hasOtherOrder = abiOf(abi).endian === 'big';
    for (const list of hasOtherOrder ? [abi] : [abi, `x86_64,${abi}`]) {
      const made = await build(file, '--arch', list);
      expect(made.abis).toEqual(list.split(',').map((name) => abiOf(name as AbiName).token));
      const wanted = PROJECTED.filter(([to]) => to === abi).map(([, , name]) => name);
      expect(wanted.filter((name) => !made.names.includes(name))).toEqual([]);
      for (const name of of(made, 'projection')) expect([name, numberOf(abi, name)]).not.toContain(undefined);
    }
  });

  it.each(['x86_64,x86', 'x86'])('projects to i386, which was not recorded: %s', async (list) => {
    const made = await build(recording('mmap getuid stat fcntl arch_prctl'), '--arch', list);
    expect(made.names).toEqual(
      expect.arrayContaining(['mmap2', 'getuid32', 'stat64', 'fcntl64', 'set_thread_area']),
    );
  });

  it('goes back from aarch64', async () => {
    const calls = words('openat pipe2 dup3 ppoll mkdirat').map((name) => ({
      arch: 'aarch64' as const,
      name,
    }));
    const file = recording(calls, { machine: { arch: 'aarch64', kernel: '6.1.0' } });
    const made = await build(file, '--arch', 'aarch64,x86_64');
    expect(made.names).toEqual(expect.arrayContaining(['open', 'pipe', 'dup2', 'poll', 'mkdir']));
    for (const name of of(made, 'projection'))
      expect([name, numberOf('x86_64', name)]).not.toContain(undefined);
  });

  it('leaves out what no chosen ABI has', async () => {
    const made = await build(recording('read'), '--arch', 'aarch64');
    for (const name of [...of(made, 'base'), ...of(made, 'floor')])
      expect([name, numberOf('aarch64', name)]).not.toContain(undefined);
    expect(made.names).not.toContain('sigreturn');
  });
});

describe('--libc-range', () => {
  const forecast = async (calls: string, range: string, ...flags: string[]) =>
    of(await build(recording(calls), '--libc-range', range, ...flags), 'forecast');

  it('knows what newer and older releases call instead', async () => {
    const added = await forecast(
      'stat access faccessat fstat mknod pipe clone select utime',
      'glibc:2.31-2.43',
    );
    for (const name of words('newfstatat faccessat2 mknodat pipe2 clone3 pselect6 utimensat'))
      expect(added).toContain(name);
    const back = await forecast(
      'faccessat2 newfstatat clone3 pipe2 pselect6 utimensat mknodat',
      'glibc:2.31-2.43',
    );
    for (const name of words('faccessat fstat stat lstat clone pipe select utime mknod'))
      expect(back).toContain(name);
    expect(await forecast('fchmodat', 'glibc:2.36-2.41')).toContain('fchmodat2');
    expect(await forecast('fchmodat', 'musl:1.2.3-1.2.6')).toContain('fchmodat2');
    expect(await forecast('pwrite64', 'musl:1.2.3-1.2.6')).toContain('pwritev2');
  });

  it('keeps to its range, its libc and its ABIs', async () => {
    expect(await forecast('fchmodat', 'glibc:2.31-2.36')).not.toContain('fchmodat2');
    expect(await forecast('pwrite64', 'glibc:2.31-2.43')).not.toContain('pwritev2');
    expect(await forecast('pwrite64', 'musl:1.2.3-1.2.5')).not.toContain('pwritev2');
    expect(await forecast('futex', 'glibc:2.31-2.43')).not.toContain('futex_time64');
    expect(await forecast('statx', 'musl:1.2.3-1.2.6')).toEqual([]);
  });

  it('names its source', async () => {
    const { calls } = await build(recording('stat'), '--libc-range', 'glibc:2.31-2.43');
    expect(calls.newfstatat[0]).toMatchObject({ kind: 'forecast', from: ['stat'] });
  });
});

describe('--kernel-range', () => {
  it('knows what comes with newer kernels', async () => {
    const old = recording('uname getrandom read', { machine: { arch: 'x86_64', kernel: '5.2.0' } });
    const made = await build(old, '--kernel-range', '5.2-6.18');
    expect(of(made, 'forecast')).toEqual(
      expect.arrayContaining(['copy_file_range', 'mmap', 'rt_sigprocmask']),
    );
    expect(of(await build(old, '--kernel-range', '5.2-5.2'), 'forecast')).toEqual([]);
    expect(of(await build(old, '--kernel-range', '5.2-6.10'), 'forecast')).toEqual(['copy_file_range']);
  });

  it('knows what libc goes back to on older ones', async () => {
    const file = recording('faccessat2 clone3 fchmodat2', { machine: { arch: 'x86_64', kernel: '6.18.0' } });
    const added = of(await build(file, '--kernel-range', '4.19-6.18'), 'forecast');
    expect(added).toEqual(expect.arrayContaining(['faccessat', 'clone', 'fchmodat']));
    const newer = of(await build(file, '--kernel-range', '6.6-6.18'), 'forecast');
    for (const name of ['faccessat', 'clone', 'fchmodat']) expect(newer).not.toContain(name);
  });

  it('answers ENOSYS only for what is newer than all of it', async () => {
    const file = recording('read', { machine: { arch: 'x86_64', kernel: '5.4.0' } });
    const enosys = async (...flags: string[]) =>
      JSON.parse(readFileSync((await build(file, ...flags)).file, 'utf8'))
        .syscalls.filter((rule: { errnoRet?: number }) => rule.errnoRet === 38)
        .flatMap((rule: { names: string[] }) => rule.names);
    // openat2 came with 5.6, landlock_restrict_self with 5.13.
    expect(await enosys()).toEqual(expect.arrayContaining(['openat2', 'landlock_restrict_self']));
    expect(await enosys('--kernel-range', '5.4-5.10')).not.toContain('openat2');
    expect(await enosys('--kernel-range', '5.4-5.10')).toContain('landlock_restrict_self');
  });
});

describe('--allow and --with-denied', () => {
  it('add calls by hand', async () => {
    const made = await build(recording('read'), '--allow', 'mount, umount2');
    expect(of(made, 'hand')).toEqual(['mount', 'umount2']);
    expect(made.names).toEqual(expect.arrayContaining(['mount', 'umount2']));
  });

  it('add what a filter denied', async () => {
    const file = recording([{ name: 'read' }, { name: 'mount', count: 0, denied: 3 }]);
    const without = await build(file);
    expect(without.names).not.toContain('mount');
    expect(without.stderr).toContain('mount');
    expect((await build(file, '--with-denied')).names).toContain('mount');
  });

  it('add the ABI of what a filter denied', async () => {
    const file = recording([{ name: 'read' }, { arch: 'x86', name: 'mount', count: 0, denied: 3 }]);
    const { file: profile, abis } = await build(file, '--with-denied');
    expect(abis).toContain('SCMP_ARCH_X86');
    expect((await callgate(['explain', profile, 'mount', '--arch', 'x86', '--runtime', 'runc'])).status).toBe(
      0,
    );
  });
});

describe('what stands beside and on the page', () => {
  const hostile = '\u001b[31m<b>&"\'\u202e';
  const forged = () =>
    recording([{ name: 'read', first: { process: hostile, time: hostile } }, { name: 'write' }], {
      command: [hostile],
      recorder: hostile,
      notes: [hostile],
      machine: { arch: 'x86_64', kernel: '6.1.0-<i>' },
    });

  it('--explain gives every call a line, and none of its escape codes', async () => {
    const made = await build(forged(), '--explain');
    for (const name of made.names) expect(made.stdout).toMatch(new RegExp(`^ *${name} `, 'm'));
    expect(made.stdout + made.stderr).not.toMatch(CONTROL);
    expect(made.stdout).toContain('first by');
  });

  it('--explain goes to stderr where the profile goes to stdout', async () => {
    const { stdout, stderr } = await callgate(['build', recording('read'), '--explain']);
    expect(Object.keys(JSON.parse(stdout))).toContain('defaultAction');
    expect(stderr).toMatch(/^ *read +seen/m);
  });

  it('the sidecar says why each call is in', async () => {
    const file = recording([{ name: 'read', count: 7, first: { process: 'nginx' } }]);
    const made = await build(file, recording('read write'), '--runtime', 'runc@1.1.5', '--allow', 'mount');
    const document = JSON.parse(readFileSync(made.sidecar, 'utf8'));
    expect(document).toMatchObject({ schema: 'callgate-origins/1', runs: 2 });
    expect(Object.keys(made.calls).sort()).toEqual(made.names.toSorted());
    expect(made.calls.read[0]).toMatchObject({ kind: 'seen', count: 8, runs: 2, process: 'nginx' });
    expect(made.calls.read.map(({ kind }) => kind)).toContain('floor');
    expect(made.calls.mount).toMatchObject([{ kind: 'hand' }]);
    expect(made.calls.exit_group[0].kind).toBe('base');
    expect(existsSync((await build(file, '--no-sidecar')).sidecar)).toBe(false);
  });

  it('every allowed call has a reason, tightened ones too', async () => {
    const args = [{ values: ['1', '1', '0'], count: 1 }];
    const runtime = [
      { name: 'socket', args },
      { name: 'personality', phase: 'runtime', args: [{ values: ['8'], count: 1 }] },
    ];
    const made = await build(recording(runtime), recording(runtime), '--tighten', '--runtime', 'runc@1.1.5');
    expect(made.names.toSorted()).toEqual(Object.keys(made.calls).sort());
  });

  it('--html holds no control characters, which HTML forbids, nor such as turn the direction of text', async () => {
    const page = join(folder, `${++files}.html`);
    await build(forged(), '--html', page);
    expect(readFileSync(page, 'utf8')).not.toMatch(CONTROL);
  });

  it('--html is one well-formed page that escapes what processes chose', async () => {
    const page = join(folder, `${++files}.html`);
    await build(forged(), recording('read'), '--html', page);
    const html = readFileSync(page, 'utf8');
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toContain('<b>');
    expect(html).not.toContain('<i>');
    expect(html).not.toMatch(/(?:src|href)=/);
    // The one script is the same on every page.
    const scripts = /<script>(.*?)<\/script>/gs;
    const other = join(folder, `${++files}.html`);
    await build(recording('read'), '--html', other);
    expect(html.match(scripts)).toHaveLength(1);
    expect(html.match(scripts)).toEqual(readFileSync(other, 'utf8').match(scripts));
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
    const open: string[] = [];
    for (const [, end, tag, self] of html.matchAll(
      /<(\/?)([a-z0-9]+)(?:\s+[-a-zA-Z0-9]+="[^"<>]*")*\s*(\/?)>/g,
    )) {
      if (end) expect(open.pop()).toBe(tag);
      else if (!self && !['meta', 'br', 'input', 'doctype'].includes(tag)) open.push(tag);
    }
    expect(open).toEqual([]);
    // Every "<" begins a tag.
    expect(
      html.replace(/<\/?[a-z0-9]+(?:\s+[-a-zA-Z0-9]+="[^"<>]*")*\s*\/?>|<!doctype html>/g, ''),
    ).not.toContain('<');
  });

  describe('--html tells', () => {
    const pageOf = async (...args: string[]) => {
      const page = join(folder, `${++files}.html`);
      await build(...args, '--html', page);
      return readFileSync(page, 'utf8');
    };
    const count = (html: string, what: RegExp) => [...html.matchAll(what)].length;

    it('of equal runs that those after the first showed nothing new', async () => {
      const html = await pageOf(recording('read write'), recording('read write'), recording('read write'));
      expect(html).toContain('+2<');
      expect(count(html, />nothing new</g)).toBe(2);
      expect(html).toContain('3 equal runs');
    });

    it('what each run was the first to show', async () => {
      const html = await pageOf(recording('read'), recording('read write close'), recording('write'));
      expect([...html.matchAll(/>(\+\d+|nothing new)</g)].map(([, text]) => text)).toEqual([
        '+1',
        '+2',
        'nothing new',
      ]);
      const row = html.split('\n').find((line) => line.includes('<td>write</td>'))!;
      expect(count(row, /<span class="run none"/g)).toBe(1);
      expect(count(row, /<span class="run" /g)).toBe(2);
    });

    it('the phases of each call, which the search chooses by', async () => {
      const html = await pageOf(
        recording([
          { name: 'bind', phase: 'startup' },
          { name: 'read', phase: 'steady' },
        ]),
      );
      expect(html).toContain('data-when="startup"><td>bind</td>');
      expect(html).toContain('data-when="unseen"><td>exit_group</td>');
      expect(html).toMatch(/<input type="search"/);
      expect(html).toMatch(/<button type="button" value=" steady "/);
    });

    it('how the profile differs from what a container gets by default', async () => {
      const html = await pageOf(recording('read mount'));
      expect(html).toMatch(/Looser:<\/strong> <code>mount<\/code>/);
      expect(html).toMatch(/<tr[^>]*><td>mount<\/td>.*<td class="bad">denied<\/td>/);
      expect(html).toContain('<td>ptrace</td><td>controls other processes</td>');
      expect(await pageOf(recording('read'), '--runtime', 'podman')).toContain('podman’s default');
    });
  });

  let beside: Built | undefined;
  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"schema":"callgate-origins/1","runs":1,"calls":{"mkdir":[{"kind":"seen"}]}}',
    '{"schema":"callgate-origins/1","runs":-1,"calls":{"__proto__":[{"kind":"hand","why":"x"}]}}',
    '{"schema":"callgate-origins/1","runs":1,"calls":{"mkdir":[]}}',
    '{"schema":"callgate-origins/1","runs":1,"calls":{"read":[{"kind":"hand","why":"\\u001b[31mforged\\u202e"}]}}',
    `{"schema":"callgate-origins/1","runs":1e308,"calls":{"read":[{"kind":"seen","count":-1e308,"runs":1e308,"phases":[]}]}}`,
    '\u0000\u001b\ufffd'.repeat(1000),
    '['.repeat(100_000),
  ])('a sidecar that is garbage or forged does not break explain: %#', async (text) => {
    beside ??= await build(recording('read write'));
    writeFileSync(beside.sidecar, text);
    const ask = (...args: string[]) => callgate(['explain', beside!.file, ...args, '--arch', 'x86_64']);
    const { status, stdout } = await ask('mkdir', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      syscall: 'mkdir',
      action: 'ERRNO',
      data: 1,
      because: 'default',
    });
    const read = await ask('read');
    expect(read.status).toBe(0);
    expect(read.stdout + read.stderr).toMatch(/ALLOW/i);
    expect(read.stdout + read.stderr).not.toMatch(CONTROL);
    expect(read.stderr).not.toMatch(/\n\s+at /);
  });
});

describe('hostile recordings', () => {
  it('with names that are none do not reach the terminal, and make no broken profile', async () => {
    const names = ['\u001b]0;owned\u0007', 'read\nwrite', 'no_such_call', '__proto__', 'SCMP_ACT_ALLOW'];
    const file = recording([{ name: 'read' }, ...names.map((name, nr) => ({ nr, name }))]);
    const profile = join(folder, `${++files}.json`);
    const result = await callgate(['build', file, '--explain', '-o', profile]);
    expect(result.stderr).not.toMatch(CONTROL);
    if (result.status === 2) expectOneLine(result, /observations/);
    else
      expect(await callgate(['explain', profile, 'read', '--arch', 'x86_64'])).toMatchObject({
        status: 0,
        stderr: '',
      });
  });

  it('with denied names that are none do not reach the terminal', async () => {
    const file = recording([{ name: 'read' }, { nr: 1, name: '\u001b]0;owned\u0007', count: 0, denied: 1 }]);
    expect((await callgate(['build', file])).stderr).not.toMatch(CONTROL);
  });

  it('whose name is not that of the number do not allow another call', async () => {
    const file = recording([{ name: 'read' }, { nr: 1, name: 'kexec_load' }]);
    const result = await callgate(['build', file]);
    if (result.status === 0) expect(result.stdout).not.toContain('kexec_load');
    else expectOneLine(result, /observations/);
  });

  it('with huge counts are added up to numbers', async () => {
    const huge = () =>
      recording([{ name: 'read', count: Number.MAX_SAFE_INTEGER, denied: Number.MAX_SAFE_INTEGER }]);
    const { stdout, stderr, sidecar } = await build(huge(), huge(), '--explain');
    expect(stdout + stderr).not.toMatch(/NaN|Infinity|e\+/);
    expect(() => JSON.parse(readFileSync(sidecar, 'utf8'))).not.toThrow();
  });

  it('with very many arguments are read', async () => {
    const args = Array.from({ length: 5000 }, (_, i) => ({ values: [null, String(i)], count: 1 }));
    const { names } = await build(recording([{ name: 'ioctl', args }]), '--tighten', '--min-runs', '1');
    expect(names).toContain('ioctl');
  });

  it.each([
    ['an unknown phase', { name: 'read', phase: 'lunch' }],
    ['an unknown ABI', { arch: 'vax' as AbiName, name: 'read', nr: 0 }],
    ['a negative count', { name: 'read', count: -1 }],
    ['a broken count', { name: 'read', count: 1.5 }],
    ['a count beyond 2^53', { name: 'read', count: 1e300 }],
    ['a number beyond 32 bits', { nr: 2 ** 32 }],
    ['arguments that are no numbers', { name: 'socket', args: [{ values: ['x'], count: 1 }] }],
    ['arguments beyond 64 bits', { name: 'socket', args: [{ values: ['99999999999999999999'], count: 1 }] }],
    ['escape codes for a phase', { name: 'read', phase: '\u001b[31m' }],
  ])('with %s are refused in one line', async (_what, call) => {
    expectOneLine(await callgate(['build', recording([call])]), /\[not-a-recording\]/);
  });

  it.each(['NaN', 'Infinity', '1e999', '"1"', 'null', '[]'])(
    'with the count %s are refused in one line',
    async (count) => {
      const text = readFileSync(recording('read'), 'utf8').replace('"count":1', `"count":${count}`);
      expectOneLine(await callgate(['build', fileOf(text)]), /./);
    },
  );
});

describe('wrong flags', () => {
  const file = recording('read', { machine: { arch: 'x86_64', kernel: '6.1.0' } });
  it.each([
    [['--runtime', 'rkt'], /rkt/],
    [['--runtime', ''], /floor|runtime/],
    [['--runtime', '__proto__'], /__proto__/],
    [['--runtime', 'runc@'], /release/],
    [['--runtime', 'runc@new'], /new/],
    [['--runtime', 'runc@1.1.5@2'], /release/],
    [['--arch', 'vax'], /vax/],
    [['--arch', ''], /./],
    [['--libc-range', 'glibc'], /libc/],
    [['--libc-range', 'bionic:1.0-2.0'], /libc/],
    [['--libc-range', 'glibc:2.43-2.31'], /range/],
    [['--kernel-range', '5.10'], /range/],
    [['--kernel-range', 'a-b'], /range/],
    [['--kernel-range', '6.18-5.10'], /range/],
    [['--kernel-range', '5.10-6.18-7.0'], /range/],
    [['--allow', 'opne'], /did you mean open/],
    [['--allow', ''], /./],
    [['--allow', '\u001b[31m'], /x1b/],
    [['--tighten', '--min-runs', '0'], /--min-runs/],
    [['--tighten', '--min-runs', '-1'], /--min-runs/],
    [['--tighten', '--max-values', '1.5'], /--max-values/],
    [['--tighten', '--max-values', 'many'], /--max-values/],
    [['--format', 'nosuch'], /nosuch/],
    [['--log-arch', 'vax'], /vax/],
    [['--nosuch'], /nosuch/],
    [['-o'], /argument missing/],
    [['-o', join('no', 'such', 'folder.json')], /cannot write/],
  ] as const)('%j are refused in one line', async (flags, says) => {
    expectOneLine(await callgate(['build', file, ...flags], { cwd: folder }), says);
  });

  it('so are files that are none', async () => {
    expectOneLine(await callgate(['build', join(folder, 'missing.json')]), /cannot read/);
    expectOneLine(await callgate(['build', folder]), /cannot read/);
    expectOneLine(await callgate(['build', fileOf('', 'log')]), /empty/);
    expectOneLine(await callgate(['build', fileOf('nothing of a log\n', 'log')]), /no known log format/);
    expect((await callgate(['build'])).status).toBe(2);
  });

  it('leave no file behind', async () => {
    const out = join(folder, 'never.json');
    await callgate(['build', file, join(folder, 'missing.json'), '-o', out]);
    expect(existsSync(out)).toBe(false);
  });

  it('-q says nothing', async () => {
    expect((await build(file, file, '-q')).stderr).toBe('');
  });
});

describe('a bound', () => {
  const container = (calls: readonly SeenCall[]) =>
    recording(calls, { machine: { arch: 'x86_64', kernel: '6.1.0', container: true } });
  const bounded = async (...args: readonly string[]) => {
    const file = join(folder, `${++files}.json`);
    const result = await callgate(['build', ...args, '-o', file]);
    const isWithin = async (subject: string, ...flags: string[]) =>
      (await callgate(['diff', subject, file, '--fail-on', 'loosened', '--quiet', ...flags])).status === 0;
    return { ...result, file, isWithin };
  };
  const shell = [{ name: 'read' }, { name: 'clone3' }, { name: 'clone' }, { name: 'socket' }];

  it.each([
    ['docker', 'stock:docker'],
    ['runc', 'stock:docker'],
    ['containerd@1.7', 'stock:containerd@1.7'],
    ['podman', 'stock:podman'],
  ])('of --runtime %s is %s, and is proven', async (runtime, bound) => {
    const made = await bounded(recording(shell), '--runtime', runtime);
    expect(made.status).toBe(0);
    expect(made.stderr).toContain(`proven not looser than ${bound}`);
    expect(await made.isWithin(bound)).toBe(true);
  });

  it('leaves out what it denies, says it and answers 1', async () => {
    const made = await bounded(recording([...shell, { name: 'unshare' }]), '--runtime', 'docker');
    expect(made.status).toBe(1);
    expect(made.stderr).toContain(
      'left out: the workload called unshare, which stock:docker denies to containers without CAP_SYS_ADMIN',
    );
    expect(made.stderr).toContain('--no-looser-than none allows what was left out; --caps CAP_SYS_ADMIN');
    expect(await made.isWithin('stock:docker')).toBe(true);
  });

  it('says when it is a process without a filter, which is no base either', async () => {
    const { status, stderr } = await bounded(recording(shell), '--no-looser-than', `pid:${process.pid}`);
    expect(status).toBe(0);
    expect(stderr).toContain(`pid:${process.pid} has no filter: every call passes\n`);
    const based = await callgate(['build', recording(shell), '--base', `pid:${process.pid}`]);
    expect(based).toMatchObject({ status: 2, stdout: '' });
    expect(based.stderr).toBe(
      `callgate: pid:${process.pid} has no filter: every call passes; it is no base\n`,
    );
  });

  it('is what containers with the capabilities of --caps get, and says so', async () => {
    const made = await bounded(
      recording([{ name: 'mount' }]),
      '--runtime',
      'docker',
      '--caps',
      'CAP_SYS_ADMIN',
    );
    expect(made.status).toBe(0);
    expect(made.stderr).toContain('proven not looser than stock:docker with CAP_SYS_ADMIN\n');
  });

  it('is not all that a container needs: what its runtime calls is to be added', async () => {
    expect((await bounded(container(shell))).stderr).toContain('--runtime docker adds it\n');
    expect((await bounded(container(shell), '--runtime', 'docker')).stderr).not.toContain('adds it');
    const asked = [...shell, { name: 'prctl', phase: 'runtime' as const }];
    expect((await bounded(container(asked))).stderr).not.toContain('adds it');
    expect((await bounded(recording(shell))).stderr).not.toContain('adds it');
  });

  it('leaves out arguments that it denies, and lets the others pass', async () => {
    const args = [{ values: ['268435473', '0', '0', '0', '0'], count: 1 }];
    const made = await bounded(recording([{ name: 'read' }, { name: 'clone', args }]), '--runtime', 'docker');
    expect(made.status).toBe(1);
    expect(made.stderr).toContain('CLONE_NEWUSER');
    expect((await callgate(['explain', made.file, 'clone', 'SIGCHLD', '--quiet'])).status).toBe(0);
    expect(await made.isWithin('stock:docker')).toBe(true);
  });

  it('is none with --no-looser-than none', async () => {
    const made = await bounded(
      recording([{ name: 'unshare' }]),
      '--runtime',
      'docker',
      '--no-looser-than',
      'none',
    );
    expect(made.status).toBe(0);
    expect(made.stderr).toContain('looser than the default profile of docker: unshare');
    expect(await made.isWithin('stock:docker')).toBe(false);
  });

  it('goes as far as the capabilities that are named', async () => {
    const files = recording([{ name: 'chroot' }]);
    expect((await bounded(files, '--runtime', 'docker')).status).toBe(1);
    const made = await bounded(files, '--runtime', 'docker', '--caps', 'CAP_SYS_CHROOT');
    expect(made.status).toBe(0);
    expect(await made.isWithin('stock:docker', '--caps', 'CAP_SYS_CHROOT')).toBe(true);
  });

  it('goes as far as the capabilities that the recorded container had, where nobody names others', async () => {
    const had = (...capabilities: string[]) =>
      recording([{ name: 'chroot' }], {
        machine: { arch: 'x86_64', kernel: '6.1.0', container: true, capabilities },
      });
    const made = await bounded(had('CAP_CHOWN', 'CAP_SYS_CHROOT'));
    expect([made.status, made.stderr]).toEqual([
      0,
      expect.stringContaining("than stock:docker with this container's capabilities\n"),
    ]);
    expect((await bounded(had('CAP_SYS_CHROOT'), '--caps', '')).status).toBe(1);
    expect((await bounded(had('CAP_SYS_CHROOT'), had('CAP_CHOWN'))).status).toBe(0);
    const without = await bounded(had('CAP_CHOWN'));
    expect([without.status, without.stderr]).toEqual([1, expect.stringContaining('left out')]);
    expect(without.stderr).not.toContain('--caps');
    const unknown = await bounded(had('CAP_EVERYTHING'));
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('capabilities')]);
  });

  it('takes one bound and one base', async () => {
    const file = recording([{ name: 'read' }]);
    for (const [args, said] of [
      [['--no-looser-than', ''], '--no-looser-than names nothing'],
      [['--no-looser-than', 'stock:docker', '--no-looser-than', 'stock:podman'], 'given twice'],
      [['--base', 'stock:docker', '--base', 'stock:podman'], '--base is given twice, and takes one'],
    ] as const)
      expect(await bounded(file, ...args)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(said),
      });
  });

  it('tells on one line what stays out for the same reason', async () => {
    const made = await bounded(
      recording([{ name: 'mount' }, { name: 'reboot' }, { name: 'read' }]),
      '--no-looser-than',
      'stock:docker',
    );
    const said = made.stderr.split('\n').filter((line) => line.startsWith('left out'));
    expect(said).toEqual([
      'left out: the workload called mount, which stock:docker denies to containers without CAP_SYS_ADMIN',
      'left out: the workload called reboot, which stock:docker denies to containers without CAP_SYS_BOOT',
    ]);
    const more = await bounded(
      recording([{ name: 'mount' }, { name: 'umount2' }]),
      '--no-looser-than',
      'stock:docker',
    );
    expect(more.stderr).toContain('left out: the workload called mount, umount2, which stock:docker denies');
  });

  it('yields to --allow where nobody named it, and not where somebody did', async () => {
    const file = recording('read');
    const yielding = await bounded(file, '--runtime', 'docker', '--allow', 'mount');
    expect([yielding.status, yielding.stderr]).toEqual([
      0,
      expect.stringMatching(/looser than stock:docker: mount\(.*on x86_64/),
    ]);
    const named = await bounded(file, '--no-looser-than', 'stock:docker', '--allow', 'mount');
    expect([named.status, named.stderr]).toEqual([
      1,
      expect.stringContaining('left out: mount, which stock:docker denies'),
    ]);
    expect(await named.isWithin('stock:docker')).toBe(true);
  });

  it('is the default of Docker for a recording that was made in a container', async () => {
    const made = await bounded(container([...shell, { name: 'mount' }]));
    expect([made.status, await made.isWithin('stock:docker')]).toEqual([1, true]);
    const phases = await bounded(recording([{ name: 'read', phase: 'runtime' }, { name: 'clone' }]));
    expect([phases.status, await phases.isWithin('stock:docker')]).toEqual([0, true]);
  });

  it('is none where that is asked for, and no container is called a program of this machine', async () => {
    const made = await bounded(container(shell), '--no-looser-than', 'none');
    expect([made.status, made.stderr]).toEqual([0, expect.stringContaining('clone passes with any flags')]);
    expect(made.stderr).not.toContain('for programs on this machine');
  });

  it('is none for a program of the host, and that is said where clone passes', async () => {
    const made = await bounded(recording(shell));
    expect(made.status).toBe(0);
    expect(made.stderr).toContain('clone passes with any flags');
    expect((await bounded(recording('read'))).stderr).not.toContain('clone');
  });

  it('may be a file, or a filter', async () => {
    const own = fileOf(
      '{"defaultAction": "SCMP_ACT_KILL", "syscalls": [{"names": ["read", "execve"], "action": "SCMP_ACT_ALLOW"}]}',
    );
    const filter = join(folder, 'own.bpf');
    expect((await callgate(['compile', own, '--format', 'raw', '-o', filter])).status).toBe(0);
    for (const bound of [own, filter]) {
      const made = await bounded(recording('read write'), '--no-looser-than', bound);
      expect([made.status, await made.isWithin(bound)]).toEqual([1, true]);
      expect(made.stderr).toContain('the workload called write, which');
    }
  });

  it('is told in JSON', async () => {
    const files = recording([{ name: 'read' }, { name: 'unshare' }, { name: 'clone' }]);
    const { stdout, status } = await callgate(['build', files, '--runtime', 'docker', '--json']);
    const { bounded: fit } = JSON.parse(stdout);
    expect(status).toBe(1);
    expect(fit).toMatchObject({ bound: 'stock:docker', restricted: ['clone'], looser: [] });
    expect(fit.leftOut).toMatchObject([{ kind: 'call', name: 'unshare', capability: 'CAP_SYS_ADMIN' }]);
  });

  it.each([
    [['--no-looser-than', 'stock:rkt'], /stock:rkt/],
    [['--caps', 'CAP_SYS_ADMIN'], /--caps goes with/],
    [['--runtime', 'docker', '--caps', 'CAP_X'], /CAP_X/],
  ])('is refused as %j', async (flags, why) => {
    expectOneLine(await callgate(['build', recording('read'), ...flags]), why);
  });
});

describe('a base', () => {
  const extended = async (base: string, ...args: readonly string[]) => {
    const file = join(folder, `${++files}.${/\.yaml$/.test(base) ? 'yaml' : 'json'}`);
    const result = await callgate(['build', '--base', base, ...args, '-o', file]);
    const { stdout } = await callgate(['diff', base, file, '--json']);
    const changed: { change: string; syscall?: string }[] = JSON.parse(stdout).differences;
    const changes = [...new Set(changed.map(({ change, syscall }) => `${change} ${syscall ?? ''}`))];
    return { ...result, file, changes };
  };

  it.each(['stock:docker', 'stock:docker@20.10', 'stock:podman', 'stock:containerd'])(
    'of %s gets what was recorded, and keeps its conditions',
    async (base) => {
      const made = await extended(base, recording('read clone socket personality bpf'));
      expect([made.status, made.changes]).toEqual([0, ['loosened bpf']]);
      expect(made.stderr).toMatch(/1 call added to .*:\n {2}bpf {2}seen 1 time/);
      expect(made.stderr).toContain('proven: what passes is what');
    },
  );

  it.each([
    [['--no-looser-than', 'stock:docker@20.10'], 1],
    [['--no-looser-than', 'stock:docker'], 0],
    [['--runtime', 'podman'], 0],
  ])('is held against a bound, too: %j', async (flags, status) => {
    const made = await extended('stock:docker', recording('read'), ...flags);
    const { bounded } = JSON.parse(
      (await callgate(['build', '--base', 'stock:docker', recording('read'), ...flags, '--json'])).stdout,
    );
    const subject = bounded.bound;
    const { stdout } = await callgate(['diff', subject, made.file, '--json']);
    const isLooser = JSON.parse(stdout).differences.some(
      ({ change }: { change: string }) => change === 'loosened',
    );
    expect(made.stderr).toContain(
      isLooser ? `looser than ${subject}, by its base stock:docker: ` : `proven not looser than ${subject}\n`,
    );
    expect(bounded.looser.length > 0).toBe(isLooser);
    expect([made.status, made.changes]).toEqual([status, []]);
  });

  it('of a file keeps its text', async () => {
    const text = `defaultAction: SCMP_ACT_ERRNO # as always
architectures: [SCMP_ARCH_X86_64]
syscalls:
  # input and output
  - names: [read, write, ${words('execve exit exit_group rt_sigreturn restart_syscall clock_gettime clock_getres gettimeofday time getcpu').join(', ')}]
    action: SCMP_ACT_ALLOW
`;
    const base = fileOf(text, 'yaml');
    const made = await extended(base, recording('read openat'));
    expect([made.status, made.changes.filter((c) => c.startsWith('loosened'))]).toEqual([
      0,
      ['loosened openat'],
    ]);
    const kept = readFileSync(made.file, 'utf8');
    expect(kept.startsWith(text.trimEnd())).toBe(true);
  });

  it('of a filter becomes the profile that says the same', async () => {
    const filter = join(folder, 'base.bpf');
    await callgate(['compile', 'stock:docker', '--format', 'raw', '-o', filter]);
    const made = await extended(filter, recording('read mount'));
    expect([made.status, made.changes]).toEqual([0, ['loosened mount']]);
  });

  it('of a list of another sandbox is added to as a profile', async () => {
    const unit = fileOf(
      '[Service]\nSystemCallFilter=@system-service\nSystemCallErrorNumber=EPERM\n',
      'service',
    );
    const made = await extended(unit, recording('read mount'));
    expect([made.status, made.stderr]).toEqual([0, expect.stringContaining('mount')]);
    expect(made.changes).toContain('loosened mount');
  });

  it('has a reason for each of its calls', async () => {
    const { file } = await extended('stock:docker', recording('read mount'));
    const { calls } = JSON.parse(readFileSync(file.replace(/json$/, 'callgate.json'), 'utf8'));
    expect(calls.mount[0].kind).toBe('seen');
    expect(calls.openat).toEqual([{ kind: 'hand', why: 'the base allows it' }]);
  });

  it('gets the floor of a runtime, bounded by its default', async () => {
    const made = await extended('stock:docker', recording('read mount'), '--runtime', 'docker');
    expect([made.status, made.changes]).toEqual([1, []]);
    expect(made.stderr).toContain('left out: the workload called mount');
  });

  it('is told in JSON', async () => {
    const { stdout } = await callgate(['build', '--base', 'stock:docker', recording('mount'), '--json']);
    const { base, profile } = JSON.parse(stdout);
    expect(base).toMatchObject({ subject: 'stock:docker', exact: true, uncovered: [] });
    expect(base.added.map(({ name }: { name: string }) => name)).toEqual(['mount']);
    expect(profile.syscalls.at(-1)).toEqual({ names: ['mount'], action: 'SCMP_ACT_ALLOW' });
  });

  it('that does not cover a recorded ABI says so', async () => {
    const narrow = fileOf(
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}',
    );
    const made = await extended(narrow, recording([{ name: 'read' }, { name: 'read', arch: 'x86' }]));
    expect([made.status, made.stderr]).toEqual([1, expect.stringContaining('left out: calls of x86')]);
  });

  it('that is none is one line', async () => {
    expectOneLine(await callgate(['build', '--base', 'no-such.json', recording('read')]), /no-such/);
  });
});
