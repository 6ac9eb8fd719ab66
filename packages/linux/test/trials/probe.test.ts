import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { thisMachine } from '@callgate/linux/internal/machine';
import { attacksOf, findAttack } from '@callgate/linux/internal/trials/attacks';
import { endWords } from '@callgate/linux/internal/trials/end-words';
import { isReached } from '@callgate/linux/internal/trials/judge-trial';
import { callsOnThisMachine, callsThrough } from '@callgate/linux/internal/trials/make-calls';
import { ProbeRuns } from '@callgate/linux/internal/trials/probe-runs';
import type { MakeCalls } from '@callgate/linux/internal/trials/trial';
import { tryAttacks } from '@callgate/linux/internal/trials/try-attacks';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { filterOf, probesUnder, spawned, withFile } from './run-probe.ts';

const native = thisMachine().abi.name;
const FORKS = ['clone', 'clone3', 'fork', 'vfork'];
const NEEDED = ['execve', 'exit_group', 'wait4', 'write'];
const ERRNO = 'SCMP_ACT_ERRNO';
const KILL = 'SCMP_ACT_KILL_PROCESS';
const EPERM = 1;

/** What the siblings of one effect end with. */
async function endsOf(make: MakeCalls, ...ids: string[]): Promise<Record<string, string>> {
  const ways = ids.flatMap((id) => findAttack(native, id)!.ways).filter((way) => way.abi === native);
  const ends = await make(ways);
  return Object.fromEntries(ways.map((way, i) => [way.syscall, endWords(ends[i])]));
}

/** These calls alone; mseal is a new one, so that no runtime takes the others for ones that the profile is too old to know. */
function allowing(defaultAction: string, names: readonly string[]): object {
  return {
    defaultAction,
    defaultErrnoRet: EPERM,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    syscalls: [{ names: [...names, 'mseal'], action: 'SCMP_ACT_ALLOW' }],
  };
}

/** Everything but these, which are answered by an action. */
function denying(names: readonly string[], action = ERRNO): object {
  return { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names, action }] };
}

/** Each profile, what the probe finds under it, and how many runs that takes. */
const ROWS: readonly (readonly [string, object, Record<string, string>, number])[] = [
  ['none of its calls is denied', denying(['mkdirat']), { mkdir: 'EFAULT', mkdirat: 'EPERM' }, 1],
  [
    'all else kills',
    allowing(KILL, [...NEEDED, 'clone', 'mkdir']),
    { mkdir: 'EFAULT', mkdirat: 'SIGSYS' },
    1,
  ],
  [
    'all else kills the thread',
    allowing('SCMP_ACT_KILL_THREAD', [...NEEDED, 'clone', 'mkdir']),
    { mkdir: 'EFAULT', mkdirat: 'SIGSYS' },
    1,
  ],
  ['clone is denied', denying(['clone', 'mkdirat']), { mkdir: 'EFAULT', mkdirat: 'EPERM' }, 1],
  [
    'clone3 alone starts children',
    denying(['clone', 'fork', 'mkdirat']),
    { mkdir: 'EFAULT', mkdirat: 'EPERM' },
    1,
  ],
  [
    'vfork alone starts children',
    denying(['clone', 'clone3', 'fork', 'mkdirat']),
    { mkdir: 'EFAULT', mkdirat: 'EPERM' },
    1,
  ],
  ['no child can be made', denying([...FORKS, 'mkdirat']), { mkdir: 'EFAULT', mkdirat: 'EPERM' }, 2],
  ['clone kills', denying([...FORKS, 'mkdirat'], KILL), { mkdir: 'EFAULT', mkdirat: 'SIGSYS' }, 3],
  ['exit_group is denied', denying(['exit_group', 'mkdirat']), { mkdir: 'EFAULT', mkdirat: 'EPERM' }, 1],
  ['exit_group kills', denying(['exit_group', 'mkdirat'], KILL), { mkdir: 'EFAULT', mkdirat: 'SIGSYS' }, 1],
  [
    'exit_group kills, and denials are errnos',
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['exit_group'], action: KILL },
        { names: ['mkdir'], action: ERRNO, errnoRet: 38 },
        { names: ['mkdirat'], action: ERRNO },
      ],
    },
    { mkdir: 'an errno', mkdirat: 'EPERM' },
    1,
  ],
  ['wait4 is denied', denying(['wait4', 'mkdirat']), { mkdir: 'EFAULT', mkdirat: 'EPERM' }, 2],
  ['wait4 kills', denying(['wait4', 'mkdirat'], KILL), { mkdir: 'EFAULT', mkdirat: 'SIGSYS' }, 3],
  [
    'wait4 and exit_group are denied',
    denying(['wait4', 'exit_group', 'exit', 'mkdirat']),
    { mkdir: 'EFAULT', mkdirat: 'EPERM' },
    2,
  ],
  ['write is denied', denying(['write', 'mkdirat']), { mkdir: 'EFAULT', mkdirat: 'EPERM' }, 4],
  ['write kills', denying(['write', 'mkdirat'], KILL), { mkdir: 'EFAULT', mkdirat: 'SIGSYS' }, 4],
  [
    'nothing but execve is allowed, by errno',
    allowing(ERRNO, ['execve', 'mkdir']),
    { mkdir: 'EFAULT', mkdirat: 'EPERM' },
    4,
  ],
  [
    'nothing but execve is allowed, by death',
    allowing(KILL, ['execve', 'mkdir']),
    { mkdir: 'EFAULT', mkdirat: 'SIGSYS' },
    4,
  ],
];

// fork, vfork and mkdir are calls of x86_64 and i386 alone.
describeWith(['i386'], 'a probe', () => {
  it.each(ROWS)('tells what passes where %s', async (_, profile, expected, runs) => {
    const { run, started } = probesUnder(filterOf(profile));
    expect(await endsOf(callsThrough(run), 'make-directory')).toEqual(expected);
    expect(started()).toBe(runs);
  });

  it('finds the same as calls that are tried without it, for every attack', async () => {
    const filter = filterOf(denying(['mkdirat', 'unshare', 'ptrace', 'socketcall', 'fsopen']));
    const ways = attacksOf(native).flatMap((attack) => attack.ways);
    const [inside, outside] = [
      await callsThrough(probesUnder(filter).run)(ways),
      await callsOnThisMachine(filter)(ways),
    ];
    const described = (ends: typeof inside) =>
      ends.map((end, i) => `${ways[i].abi} ${ways[i].syscall} ${endWords(end)}`);
    expect(described(inside)).toEqual(described(outside));
  });

  it('finds it in a few runs where no child can be waited for, and other ABIs kill', async () => {
    const filter = filterOf({
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [
        { names: ['mkdirat', 'unshare', 'wait4', 'clone3'], action: ERRNO },
        { names: ['fsopen', 'chroot'], action: 'SCMP_ACT_TRAP' },
      ],
    });
    // modify_ldt answers an errno as a number of 32 bits, which is read in either way.
    const ways = attacksOf(native)
      .flatMap((attack) => attack.ways)
      .filter(({ syscall }) => syscall !== 'modify_ldt');
    const { run, started } = probesUnder(filter);
    const [inside, outside] = [await callsThrough(run)(ways), await callsOnThisMachine(filter)(ways)];
    const described = (ends: typeof inside) =>
      ends.map((end, i) => `${ways[i].abi} ${ways[i].syscall} ${endWords(end)}`);
    expect(described(inside)).toEqual(described(outside));
    // With children, with shared memory, and one of x86_64, x86 and x32 that tells the signal.
    expect(started()).toBe(5);
  });

  it('stops after so many runs', async () => {
    const { run, started } = probesUnder(filterOf(denying(['write'])));
    const ends = await endsOf(callsThrough(run, { runs: 3 }), 'make-directory');
    expect(ends).toEqual({ mkdir: 'EFAULT', mkdirat: 'untried' });
    expect(started()).toBe(3);
  });

  it('goes on after a call that changes the process it runs in', async () => {
    const { run } = probesUnder(filterOf(denying([...FORKS])));
    expect(await endsOf(callsThrough(run), 'no-randomization', 'user-namespace', 'make-directory')).toEqual({
      personality: 'ok',
      unshare: 'ok',
      clone: 'EPERM',
      clone3: 'EPERM',
      mkdir: 'EFAULT',
      mkdirat: 'EFAULT',
    });
  });

  // It waits for six seconds, and then ends by itself, so that nothing of it stays behind.
  const waiting = { abi: native, syscall: 'poll', nr: 7, args: [0n, 0n, 6000n], reached: [0] };
  const around = [
    findAttack(native, 'make-directory')!.ways[0],
    waiting,
    findAttack(native, 'mount')!.ways[0],
  ];
  const UNDER: readonly (readonly [string, object, number])[] = [
    ['where a timer ends it', denying(['mount']), 1],
    ['where none does', denying(['mount', 'setitimer']), 2],
    ['where no child can be made', denying([...FORKS, 'mount']), 2],
    ['where no child can be waited for', denying(['wait4', 'mount']), 3],
  ];

  it.each(UNDER)('tells of a call that waits, and of those after it, %s', async (_, profile, runs) => {
    const { run, started } = probesUnder(filterOf(profile), 4000);
    const ends = await callsThrough(run)(around);
    expect(ends.map(endWords)).toEqual(['EFAULT', 'it waits', 'EPERM']);
    expect(ends.map((end, i) => isReached(around[i], end))).toEqual([true, true, false]);
    expect(started()).toBe(runs);
  });

  it('tells that a call comes to the same as without a filter, where it can tell only one answer from others', async () => {
    const asked = (syscall: string, nr: number, args: bigint[] = []) => ({
      id: syscall,
      category: 'kernel' as const,
      gain: '',
      ways: [{ abi: native, nr, syscall, args, reached: [] }],
    });
    const calls = [asked('close', 3, [99n]), asked('getpid', 39), asked('mkdir', 83, [1n])];
    const { run } = probesUnder(filterOf(denying(['exit_group', 'mkdir'], KILL)));
    const trials = await tryAttacks(calls, callsThrough(run), callsOnThisMachine(undefined));
    const ends = trials.map(({ ways: [{ confined, control }] }) => [confined, control].map(endWords));
    expect(ends).toEqual([
      ['EBADF', 'EBADF'],
      ['ok', 'ok'],
      ['SIGSYS', 'EFAULT'],
    ]);
  });

  it('makes no call in a row behind one that has succeeded', async () => {
    const [waiting, getpid] = [around[1], { abi: native, syscall: 'getpid', nr: 39, args: [], reached: [] }];
    const { run, started } = probesUnder(filterOf(denying(FORKS)), 4000);
    const ends = await callsThrough(run)([getpid, { ...waiting, reached: [] }]);
    expect(ends.map(endWords)).toEqual(['ok', 'it waits']);
    expect(started()).toBe(3);
  });

  it('shows an attack as open whose siblings are denied', async () => {
    const attack = findAttack(native, 'make-directory')!;
    const { run } = probesUnder(filterOf(denying(['mkdirat'])));
    const [trial] = await tryAttacks([attack], callsThrough(run), callsOnThisMachine(undefined));
    expect(trial.credit).toBe('none');
    const credits = trial.ways
      .filter(({ way }) => way.abi === native)
      .map(({ way, credit }) => [way.syscall, credit]);
    expect(credits).toEqual([
      ['mkdir', 'none'],
      ['mkdirat', 'profile'],
    ]);
  });
});

/** A machine, its emulator, and a call that it makes with success and one that it has not. */
const MACHINES: readonly (readonly [AbiName, string])[] = [
  ['aarch64', 'qemu-aarch64-static'],
  ['arm', 'qemu-arm-static'],
];

describeWith(['qemu'], 'a probe for other machines', () => {
  it.each(MACHINES)('makes its calls on %s', async (abi, emulator) => {
    const ways = ['make-directory', 'setuid-file', 'kernel-module'].flatMap(
      (id) => findAttack(abi, id)!.ways,
    );
    const ends = await new ProbeRuns(ways, spawned([emulator]), abi, 4).ends();
    const described = Object.fromEntries(ways.map((way, i) => [way.syscall, endWords(ends[i])]));
    expect(described).toMatchObject({ mkdirat: 'EFAULT', fchmod: 'EBADF', fchmodat: 'EFAULT' });
    expect(ends.every(({ kind }) => kind === 'returned')).toBe(true);
  });
});

/** An image with one empty folder, which has no program at all. */
class Scratch {
  private readonly image = `callgate-test-scratch-${process.pid}`;

  create(): void {
    const folder = mkdtempSync(join(tmpdir(), 'callgate-scratch-'));
    const tar = spawnSync('tar', ['-C', folder, '-cf', '-', '.']);
    rmSync(folder, { recursive: true });
    const { status, stderr } = spawnSync('docker', ['import', '-', this.image], { input: tar.stdout });
    if (status !== 0) throw new Error(stderr.toString());
  }

  probe(options: readonly string[]): MakeCalls {
    return callsThrough((file) =>
      withFile(file, (path) => {
        const mount = ['-v', `${path}:/callgate-probe:ro`, '--entrypoint', '/callgate-probe'];
        const all = ['run', '--rm', '--network=none', ...mount, ...options, this.image, 'unused'];
        const { stdout, status, stderr } = spawnSync('docker', all);
        if (status === null || status === 125) throw new Error(stderr.toString());
        return { stdout, status };
      }),
    );
  }

  remove(): void {
    spawnSync('docker', ['rmi', '-f', this.image]);
  }
}

describeWith(['docker'], 'a probe in a container without any program', () => {
  const scratch = new Scratch();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'callgate-docker-'));
    scratch.create();
  });
  afterAll(() => {
    scratch.remove();
    rmSync(folder, { recursive: true });
  });

  const withProfile = (profile: object) => {
    const path = join(folder, 'profile.json');
    writeFileSync(path, JSON.stringify(profile));
    return scratch.probe(['--security-opt', `seccomp=${path}`]);
  };
  const control = scratch.probe(['--security-opt', 'seccomp=unconfined']);

  it('tells the profile from the kernel, which refuses mount anyway', async () => {
    const attacks = ['mount', 'user-namespace', 'make-directory', 'keyring'].map(
      (id) => findAttack(native, id)!,
    );
    const trials = await tryAttacks(attacks, scratch.probe([]), control);
    expect(Object.fromEntries(trials.map(({ attack, credit }) => [attack.id, credit]))).toEqual({
      mount: 'kernel',
      // Some kernels keep user namespaces from containers by themselves.
      'user-namespace': expect.stringMatching(/profile|kernel/),
      'make-directory': 'none',
      keyring: 'profile',
    });
  });

  it('needs no rights and no writable file', async () => {
    const make = scratch.probe([
      '--read-only',
      '--user',
      '65534:65534',
      '--cap-drop',
      'ALL',
      '--security-opt',
      'no-new-privileges',
    ]);
    expect(await endsOf(make, 'make-directory', 'io-uring')).toEqual({
      mkdir: 'EFAULT',
      mkdirat: 'EFAULT',
      io_uring_setup: expect.stringMatching(/EPERM|ENOSYS|EFAULT/),
    });
  });

  it('works under a profile that kills the container at any other call', async () => {
    // What runc itself calls between its filter and the program.
    const runc = [
      'execve',
      'futex',
      'close',
      'close_range',
      'fstat',
      'newfstatat',
      'getdents64',
      'openat',
      'openat2',
      'read',
      'epoll_ctl',
      'fcntl',
      'capget',
      'capset',
      'prctl',
      'setgroups',
      'setgid',
      'setuid',
      'chdir',
      'faccessat2',
      'faccessat',
      'getppid',
      'getpid',
      'gettid',
      'tgkill',
      'rt_sigreturn',
      'sched_yield',
      'nanosleep',
      'mmap',
      'munmap',
      'madvise',
      'rt_sigaction',
      'rt_sigprocmask',
      'sigaltstack',
      'fstatfs',
      'statfs',
      'readlinkat',
      'lseek',
      'getcwd',
      'stat',
      'write',
      'epoll_pwait',
      'eventfd2',
      'epoll_create1',
      'pipe2',
      'uname',
      'getrandom',
      'mprotect',
      'fchown',
      'keyctl',
      'geteuid',
      'getuid',
      'getgid',
      'getegid',
      'exit',
      'sched_getaffinity',
      'brk',
      'arch_prctl',
      'set_robust_list',
      'set_tid_address',
      'prlimit64',
    ];
    const make = withProfile({ ...allowing(KILL, [...runc, 'mkdir']) });
    expect(await endsOf(make, 'make-directory')).toEqual({ mkdir: 'EFAULT', mkdirat: 'SIGSYS' });
  });
});
