import { character } from '@callgate/testing/characters';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareReleases,
  type Foreseen,
  foreseeKernels,
  foreseeLibc,
  type LibcRange,
  project,
} from '../../src/build/portability.ts';
import { parseKernel } from '../../src/profile/profile.ts';
import { ABI_NAMES, type AbiName } from '../../src/syscalls/arch.ts';
import { callsOf, numberOf } from '../../src/syscalls/lookup.ts';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 200);

const words = (text: string) => (text === '' ? [] : text.split(' '));
const namesOf = (list: readonly Foreseen[]) => [...new Set(list.map(({ name }) => name))].sort();
const X86_64 = callsOf('x86_64').map(([name]) => name);
const GENERIC = ['aarch64', 'riscv64', 'loongarch64'] as const;
/** The ABIs that the tables of libc's calls speak of. */
const PROJECTED: readonly AbiName[] = [...GENERIC, 'x86', 'arm', 's390x', 'ppc64le'];
const HOSTILE = ['', '__proto__', 'constructor', 'toString', 'no_such_call', '\u001b[31m', 'OPEN', 'open '];

describe('other ABIs', () => {
  const to = (abi: AbiName, calls: string, from: AbiName = 'x86_64') =>
    namesOf(project(words(calls), from, abi));

  // The generic table (asm-generic/unistd.h) never had the calls that a newer one covers.
  it.each([
    ['open', 'openat'],
    ['creat', 'openat'],
    ['access', 'faccessat'],
    ['chmod', 'fchmodat'],
    ['chown', 'fchownat'],
    ['lchown', 'fchownat'],
    ['link', 'linkat'],
    ['symlink', 'symlinkat'],
    ['readlink', 'readlinkat'],
    ['mkdir', 'mkdirat'],
    ['mknod', 'mknodat'],
    ['rmdir', 'unlinkat'],
    ['unlink', 'unlinkat'],
    ['pipe', 'pipe2'],
    ['dup2', 'dup3'],
    ['poll', 'ppoll'],
    ['pause', 'ppoll'],
    ['select', 'pselect6'],
    ['epoll_create', 'epoll_create1'],
    ['epoll_wait', 'epoll_pwait'],
    ['eventfd', 'eventfd2'],
    ['signalfd', 'signalfd4'],
    ['inotify_init', 'inotify_init1'],
    ['fork', 'clone'],
    ['vfork', 'clone'],
    ['getdents', 'getdents64'],
    ['getpgrp', 'getpgid'],
    ['alarm', 'setitimer'],
    ['time', 'clock_gettime'],
    ['utime', 'utimensat'],
    ['utimes', 'utimensat'],
    ['futimesat', 'utimensat'],
  ])('that use the generic table call, for %s, %s', (from, wanted) => {
    for (const abi of GENERIC) expect(to(abi, from)).toContain(wanted);
  });

  it.each([
    ['aarch64', 'stat lstat', 'newfstatat'],
    ['riscv64', 'stat lstat', 'newfstatat'],
    // loongarch64 came without any stat but statx; it and riscv64 without renameat, loongarch64 without setrlimit too.
    ['loongarch64', 'stat lstat fstat newfstatat', 'statx'],
    ['loongarch64', 'getrlimit setrlimit', 'prlimit64'],
    ['riscv64', 'rename renameat', 'renameat2'],
    ['loongarch64', 'rename renameat', 'renameat2'],
    ['aarch64', 'rename', 'renameat renameat2'],
    ['arm', 'mmap', 'mmap2'],
    ['x86', 'mmap', 'mmap2'],
    [
      'x86',
      'getuid geteuid getgid getegid setuid setgid',
      'getegid32 geteuid32 getgid32 getuid32 setgid32 setuid32',
    ],
    ['arm', 'fchown chown setresuid', 'chown32 fchown32 setresuid32'],
    ['x86', 'fcntl statfs fstatfs', 'fcntl64 fstatfs64 statfs64'],
    ['x86', 'arch_prctl', 'set_thread_area'],
    ['arm', 'arch_prctl', 'set_tls'],
    ['arm', 'sync_file_range', 'arm_sync_file_range'],
    ['ppc64le', 'sync_file_range', 'sync_file_range2'],
  ] as const)('%s calls for %s nothing but %s, as far as the names differ', (abi, from, wanted) => {
    expect(to(abi, from)).toEqual(expect.arrayContaining(words(wanted)));
    for (const name of to(abi, from)) expect([name, numberOf(abi, name)]).not.toContain(undefined);
  });

  it.each([
    ['x86', 'stat', 'stat64 statx'],
    ['x86', 'newfstatat', 'fstatat64 statx'],
    ['arm', 'fstat', 'fstat64 statx'],
    ['x86', 'futex', 'futex_time64'],
    ['arm', 'clock_gettime', 'clock_gettime64'],
    ['arm', 'ppoll', 'ppoll_time64'],
    ['x86', 'select', '_newselect pselect6_time64'],
    ['x86', 'rt_sigreturn', 'sigreturn'],
  ] as const)('%s calls for %s any of %s, by the age of libc', (abi, from, wanted) => {
    expect(to(abi, from)).toEqual(expect.arrayContaining(words(wanted)));
  });

  it('with a multiplexer get that and the call itself', () => {
    for (const abi of ['x86', 's390x'] as const) {
      for (const name of words('socket connect bind sendto recvfrom setsockopt shutdown'))
        expect(to(abi, name)).toContain('socketcall');
      expect(to(abi, 'accept')).toEqual(['accept4', 'socketcall']);
    }
    for (const abi of ['x86', 's390x', 'ppc64le'] as const)
      for (const name of words('shmget shmat msgsnd semget semop')) expect(to(abi, name)).toContain('ipc');
    // Only the kernels of these ABIs have it.
    for (const abi of [...GENERIC, 'arm', 'x32'] as const)
      expect(to(abi, 'socket accept shmget semop')).toEqual([]);
  });

  it.each(PROJECTED)(
    '%s gets something for every call that it lacks, but for what has no counterpart',
    (abi) => {
      // What only x86 has, what never was implemented, what was removed, and what came without a place in the table.
      const none = new Set(
        words(
          'uselib ustat sysfs modify_ldt _sysctl arch_prctl iopl ioperm create_module get_kernel_syms query_module getpmsg putpmsg afs_syscall tuxcall security set_thread_area get_thread_area epoll_ctl_old epoll_wait_old vserver uretprobe uprobe memfd_secret kexec_file_load nfsservctl',
        ),
      );
      const lost = X86_64.filter((name) => numberOf(abi, name) === undefined && to(abi, name).length === 0);
      expect(lost.filter((name) => !none.has(name))).toEqual([]);
    },
  );

  // generated/projections.ts has no rows for these ABIs, which --arch takes: so build says that it does not know what they call.
  it.fails.each([
    ['mips', 'select', '_newselect'],
    ['mips', 'vfork', 'clone'],
    ['mips', 'newfstatat', 'fstatat64'],
    ['mips', 'semop', 'ipc'],
    ['mips64', 'vfork', 'clone'],
    ['mips64', 'time', 'clock_gettime'],
    ['s390', 'accept', 'accept4'],
    ['s390', 'newfstatat', 'fstatat64'],
    ['s390', 'mmap', 'mmap2'],
    ['s390', 'getuid', 'getuid32'],
    ['ppc', 'newfstatat', 'fstatat64'],
    ['ppc', 'semop', 'ipc'],
    ['ppc64', 'semop', 'ipc'],
    ['ppc64', 'sync_file_range', 'sync_file_range2'],
  ] as const)('%s calls for %s %s', (abi, from, wanted) => {
    expect(to(abi, from)).toContain(wanted);
  });

  it('have each projected call, under another name, with its origin and a reason', () => {
    const pairs = ABI_NAMES.flatMap((abi) => [
      ['x86_64', abi] as const,
      [abi, 'x86_64'] as const,
      ['x86', abi] as const,
      ['aarch64', abi] as const,
    ]);
    const wrong = pairs.flatMap(([from, abi]) =>
      project(
        callsOf(from).map(([name]) => name),
        from,
        abi,
      ).filter(
        (foreseen) =>
          numberOf(abi, foreseen.name) === undefined ||
          foreseen.from.length !== 1 ||
          foreseen.from[0] === foreseen.name ||
          numberOf(from, foreseen.from[0]) === undefined ||
          !/^on \w+: ./.test(foreseen.why),
      ),
    );
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it('call what has the same name everywhere by that name', () => {
    for (const abi of PROJECTED)
      expect(to(abi, 'read write close openat execve exit_group brk getpid madvise')).toEqual([]);
  });

  it('are not x86_64 itself', () => {
    expect(project(X86_64, 'x86_64', 'x86_64')).toEqual([]);
  });

  it('of which one was recorded lead back to x86_64', () => {
    const back = 'open pipe dup2 poll mkdir stat epoll_wait';
    expect(to('x86_64', 'openat pipe2 dup3 ppoll mkdirat newfstatat epoll_pwait', 'aarch64')).toEqual(
      expect.arrayContaining(words(back)),
    );
    expect(to('x86_64', 'mmap2 stat64 getuid32 fcntl64 _llseek _newselect', 'x86')).toEqual(
      expect.arrayContaining(words('mmap stat getuid fcntl lseek select')),
    );
    const sockets =
      'socket bind connect listen accept sendto recvfrom getsockopt setsockopt shutdown socketpair';
    expect(to('x86_64', 'socketcall', 'x86')).toEqual(expect.arrayContaining(words(sockets)));
  });

  it('lead to each other by way of x86_64', () => {
    expect(to('aarch64', 'stat64 mmap2 open', 'x86')).toEqual(
      expect.arrayContaining(['mmap', 'newfstatat', 'openat']),
    );
    expect(to('x86', 'openat mmap newfstatat', 'aarch64')).toEqual(
      expect.arrayContaining(['mmap2', 'open', 'stat64']),
    );
  });

  it('make nothing of names that are none, nor of no names', () => {
    for (const abi of ABI_NAMES) {
      expect(project(HOSTILE, 'x86_64', abi)).toEqual([]);
      expect(project(HOSTILE, abi, 'x86_64')).toEqual([]);
      expect(project([], 'x86_64', abi)).toEqual([]);
    }
  });
});

describe('other releases of a libc', () => {
  const foresee = (calls: string, range: string, abis: readonly AbiName[] = ['x86_64']) => {
    const [libc, from, to = from] = range.split(/[ -]/) as [LibcRange['libc'], string, string?];
    return namesOf(foreseeLibc(new Set(words(calls)), { libc, from, to }, abis));
  };

  // From glibc's NEWS and sources: 2.33 (stat family, faccessat2), 2.34 (clone3, libpthread), 2.35 (rseq), 2.36, 2.39, 2.42.
  it.each([
    ['stat', 'newfstatat', '2.31', '2.36'],
    ['lstat', 'newfstatat', '2.31', '2.36'],
    ['fstat', 'newfstatat', '2.31', '2.36'],
    ['faccessat', 'faccessat2', '2.31', '2.36'],
    ['clone', 'clone3', '2.31', '2.36'],
    ['set_robust_list', 'rseq', '2.31', '2.36'],
    ['mknod', 'mknodat', '2.31', '2.36'],
    ['pipe', 'pipe2', '2.31', '2.36'],
    ['select', 'pselect6', '2.31', '2.36'],
    ['utime', 'utimensat', '2.31', '2.36'],
    ['newfstatat', 'fstat', '2.36', '2.41'],
    ['fchmodat', 'fchmodat2', '2.36', '2.41'],
    ['mprotect', 'madvise', '2.41', '2.42'],
  ])('for %s newer glibc calls %s: without it %s, with it %s', (from, adds, without, since) => {
    expect(foresee(from, `glibc ${since}`)).toContain(adds);
    expect(foresee(from, `glibc ${without}-${since}`)).toContain(adds);
    expect(foresee(from, 'glibc 2.17-2.43')).toContain(adds);
    expect(foresee(from, `glibc ${without}`)).not.toContain(adds);
    // fstat was its own call before 2.33 as well.
    if (adds !== 'fstat') expect(foresee(from, `glibc 2.17-${without}`)).not.toContain(adds);
  });

  it('are those of the libc alone', () => {
    const calls = 'stat lstat fstat faccessat mknod pipe select utime set_robust_list';
    const glibc = words('newfstatat faccessat2 mknodat pipe2 pselect6 utimensat rseq');
    for (const name of foresee(calls, 'musl 1.1.0-1.2.6')) expect(glibc).not.toContain(name);
    expect(foresee('pwrite64', 'glibc 2.17-2.43')).not.toContain('pwritev2');
  });

  it.each([
    ['newfstatat', 'stat', '2.31', '2.36'],
    ['newfstatat', 'lstat', '2.31', '2.36'],
    ['newfstatat', 'fstat', '2.31', '2.36'],
    ['faccessat2', 'faccessat', '2.31', '2.36'],
    ['clone3', 'clone', '2.31', '2.36'],
    ['mknodat', 'mknod', '2.31', '2.36'],
    ['pipe2', 'pipe', '2.31', '2.36'],
    ['pselect6', 'select', '2.31', '2.36'],
    ['utimensat', 'utime', '2.31', '2.36'],
    ['madvise', 'mprotect', '2.41', '2.42'],
  ])('for %s older glibc calls %s: with it %s, without it %s', (from, adds, last, without) => {
    expect(foresee(from, `glibc ${last}`)).toContain(adds);
    expect(foresee(from, `glibc ${last}-2.43`)).toContain(adds);
    if (adds !== 'fstat') expect(foresee(from, `glibc ${without}-2.43`)).not.toContain(adds);
  });

  it.each([
    ['fchmodat', 'fchmodat2', '1.2.3', '1.2.5'],
    ['pwrite64', 'pwritev2', '1.2.5', '1.2.6'],
    ['fork', 'set_tid_address', '1.2.3', '1.2.5'],
  ])('for %s newer musl calls %s: without it %s, with it %s', (from, adds, without, since) => {
    expect(foresee(from, `musl ${since}`)).toContain(adds);
    expect(foresee(from, `musl ${without}`)).not.toContain(adds);
  });

  it('between two known ones may call either', () => {
    expect(foresee('stat newfstatat', 'glibc 2.33')).toEqual(expect.arrayContaining(['newfstatat', 'stat']));
    expect(foresee('pwrite64 pwritev2', 'musl 1.2.5')).toContain('pwrite64');
  });

  it('are compared by number: 2.4 is older than 2.31', () => {
    expect(foresee('stat', 'glibc 2.4')).not.toContain('newfstatat');
    expect(foresee('stat', 'glibc 2.100')).toContain('newfstatat');
  });

  it('call nothing that no chosen ABI has', () => {
    for (const abi of ABI_NAMES)
      for (const range of ['glibc 2.17-2.43', 'musl 1.1.0-1.2.6']) {
        const all = callsOf(abi).map(([name]) => name);
        for (const name of foresee(all.join(' '), range, [abi]))
          expect([abi, name, numberOf(abi, name)]).not.toContain(undefined);
      }
  });

  // The rows of generated/libc-changes.ts name mips, mips64 and mips64n32; the little-endian twins, which have the same
  // table and the same libc, are in none.
  it.each([
    ['mips', 'mipsel', 'futex'],
    ['mips', 'mipsel', 'clone'],
    ['mips64', 'mipsel64', 'clone'],
    ['mips64n32', 'mipsel64n32', 'clone'],
  ] as const)('on %s and %s, for %s, are the same', (big, little, calls) => {
    expect(foresee(calls, 'glibc 2.31-2.43', [little])).toEqual(foresee(calls, 'glibc 2.31-2.43', [big]));
  });

  it('call 64-bit time only on ABIs of 32 bits', () => {
    for (const name of words('futex recvmmsg rt_sigtimedwait timerfd_settime mq_timedsend')) {
      expect(foresee(name, 'glibc 2.31-2.43', ['x86']).join(' ')).toMatch(/64/);
      expect(foresee(name, 'glibc 2.31-2.43', ['arm']).join(' ')).toMatch(/64/);
      expect(foresee(name, 'glibc 2.31-2.43', ['x86_64', 'aarch64']).join(' ')).not.toMatch(/64/);
    }
  });

  it('began to use clone3 later where it was not x86', () => {
    expect(foresee('clone', 'glibc 2.31-2.36', ['aarch64'])).not.toContain('clone3');
    expect(foresee('clone', 'glibc 2.31-2.41', ['aarch64'])).toContain('clone3');
    expect(foresee('clone', 'glibc 2.31-2.36', ['aarch64', 'x86_64'])).toContain('clone3');
  });

  it('are told with the recorded calls and the release', () => {
    const list = foreseeLibc(new Set(['stat', 'read']), { libc: 'glibc', from: '2.31', to: '2.36' }, [
      'x86_64',
    ]);
    const [found] = list.filter(({ name }) => name === 'newfstatat');
    expect(found.from).toEqual(['stat']);
    expect(found.why).toMatch(/^glibc after 2\.31: /);
  });

  it('make nothing of names that are none, of no names and of no ABI', () => {
    for (const libc of ['glibc', 'musl'] as const) {
      const range = { libc, from: '0', to: '99' };
      expect(foreseeLibc(new Set(HOSTILE), range, ABI_NAMES)).toEqual([]);
      expect(foreseeLibc(new Set(), range, ABI_NAMES)).toEqual([]);
      expect(namesOf(foreseeLibc(new Set(['stat', 'lstat']), range, []))).toEqual([]);
    }
  });

  it('are foreseen only from what was recorded, and more for a wider range', () => {
    const release = fc.constantFrom('2.17', '2.31', '2.33', '2.36', '2.39', '2.41', '2.42', '2.43');
    fc.assert(
      fc.property(fc.subarray(X86_64), release, release, release, release, (calls, ...releases) => {
        const names = new Set(calls);
        const [a, b, c, d] = releases.toSorted(compareReleases);
        const [wide, narrow] = [
          [a, d],
          [b, c],
        ].map(([from, to]) => foreseeLibc(names, { libc: 'glibc', from, to }, ['x86_64']));
        for (const { from } of wide) {
          expect(from.length).toBeGreaterThan(0);
          expect(from.filter((name) => !names.has(name))).toEqual([]);
        }
        expect(namesOf(narrow).filter((name) => !namesOf(wide).includes(name))).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});

describe('other kernels', () => {
  const foresee = (
    calls: string,
    range: string,
    recorded: string | undefined,
    abis: readonly AbiName[] = ['x86_64'],
  ) => {
    const [from, to = from] = range.split('-').map((release) => parseKernel(release)!);
    const at = recorded === undefined ? undefined : parseKernel(recorded)!;
    return namesOf(foreseeKernels(new Set(words(calls)), { from, to }, abis, at));
  };

  // Go 1.19 asks uname; glibc 2.41 uses the vDSO's getrandom, which x86_64 has since 6.11 and others since 6.12.
  it.each([
    ['x86_64', 'uname', 'copy_file_range', '5.3', '5.2'],
    ['aarch64', 'uname', 'copy_file_range', '5.3', '5.2'],
    ['x86_64', 'getrandom', 'rt_sigprocmask', '6.11', '6.10'],
    ['x86_64', 'getrandom', 'mmap', '6.11', '6.10'],
    ['aarch64', 'getrandom', 'rt_sigprocmask', '6.12', '6.11'],
    ['s390x', 'getrandom', 'mmap', '6.12', '6.11'],
    ['x86_64', 'arch_prctl', 'map_shadow_stack', '6.6', '6.5'],
    ['aarch64', 'execve', 'map_shadow_stack', '6.13', '6.12'],
  ] as const)('on %s, for %s, call %s from %s on', (abi, from, adds, since, before) => {
    expect(foresee(from, `4.19-${since}`, before, [abi])).toContain(adds);
    expect(foresee(from, since, before, [abi])).toContain(adds);
    expect(foresee(from, '4.19-7.2', undefined, [abi])).toContain(adds);
    expect(foresee(from, `4.19-${before}`, '4.19', [abi])).not.toContain(adds);
    // The recorded kernel had it: what is called there was seen.
    expect(foresee(from, `4.19-${since}`, since, [abi])).not.toContain(adds);
    expect(foresee(from, '4.19-7.2', '7.2', [abi])).not.toContain(adds);
  });

  it('keep to their ABIs', () => {
    expect(foresee('arch_prctl', '4.19-7.2', '4.19', ['aarch64', 'arm'])).not.toContain('map_shadow_stack');
    expect(foresee('getrandom', '6.1-6.11', '6.1', ['aarch64'])).toEqual([]);
    expect(foresee('getrandom', '6.1-6.11', '6.1', ['aarch64', 'x86_64'])).toContain('mmap');
  });

  // First releases: clone3 5.3, faccessat2 5.8, fchmodat2 6.6, pwritev2 4.6 (man-pages, syscalls(2)).
  it.each([
    ['faccessat2', 'faccessat', '5.7', '5.8'],
    ['clone3', 'clone', '5.2', '5.3'],
    ['fchmodat2', 'fchmodat', '6.5', '6.6'],
    ['pwritev2', 'pwritev', '4.5', '4.6'],
  ])('that lack %s make libc go back to %s: %s does, %s does not', (name, old, lacks, has) => {
    for (const abi of ['x86_64', 'aarch64'] as const) {
      expect(foresee(name, `${lacks}-7.2`, '7.2', [abi])).toContain(old);
      expect(foresee(name, lacks, '7.2', [abi])).toContain(old);
      expect(foresee(name, `${has}-7.2`, '7.2', [abi])).not.toContain(old);
      expect(foresee('read', `${lacks}-7.2`, '7.2', [abi])).toEqual([]);
    }
  });

  it('of 32 bits that lack 64-bit time make libc go back to the old calls', () => {
    expect(foresee('futex_time64 recvmmsg_time64', '4.19-6.1', '6.1', ['arm'])).toEqual(
      expect.arrayContaining(['futex', 'recvmmsg']),
    );
    expect(foresee('futex_time64 recvmmsg_time64', '5.1-6.1', '6.1', ['arm'])).toEqual([]);
  });

  it('that lack rseq make libc go back to nothing: it does without', () => {
    expect(foresee('rseq', '4.17-6.18', '6.18')).toEqual([]);
  });

  it('go back to no call that no chosen ABI has', () => {
    for (const abi of ABI_NAMES) {
      const all = callsOf(abi).map(([name]) => name);
      for (const name of foresee(all.join(' '), '2.6-7.2', '7.2', [abi]))
        expect([abi, name, numberOf(abi, name)]).not.toContain(undefined);
    }
    // vfork and clone both lead to clone3; aarch64 has no vfork.
    expect(foresee('clone3', '4.19-6.1', '6.1', ['aarch64'])).toEqual(['clone']);
  });

  it('of the recorded release alone bring nothing', () => {
    for (const release of ['5.10', '6.1', '6.12', '6.18', '7.2'])
      expect(foresee('uname getrandom arch_prctl read openat', release, release)).toEqual([]);
  });

  it('are told with the recorded call and the release', () => {
    const [from, to] = [parseKernel('4.19')!, parseKernel('6.18')!];
    const list = foreseeKernels(new Set(['faccessat2', 'uname']), { from, to }, ['x86_64'], from);
    const by = (name: string) => list.find((foreseen) => foreseen.name === name)!;
    expect(by('faccessat')).toMatchObject({ from: ['faccessat2'], why: expect.stringContaining('5.8') });
    expect(by('copy_file_range')).toMatchObject({ from: ['uname'], why: expect.stringContaining('5.3') });
  });

  it('make nothing of names that are none, of no names and of no ABI', () => {
    const range = { from: { major: 0, minor: 0 }, to: { major: 99, minor: 0 } };
    expect(foreseeKernels(new Set(HOSTILE), range, ABI_NAMES, undefined)).toEqual([]);
    expect(foreseeKernels(new Set(), range, ABI_NAMES, undefined)).toEqual([]);
    expect(foreseeKernels(new Set(['clone3', 'getrandom']), range, [], undefined)).toEqual([]);
  });
});

describe('releases', () => {
  it.each([
    ['2.4', '2.31'],
    ['2.9', '2.10'],
    ['1.2', '1.2.1'],
    ['1.1.15', '1.2.0'],
    ['v1.3.2', '1.3.3'],
    ['1.2.3-rc.9', '1.2.5'],
    ['1.0.0~rc93', '1.0.1'],
    ['2.36-9+deb12u13', '2.41-12'],
    ['0', '1'],
    ['9', '10.0'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareReleases(older, newer)).toBeLessThan(0);
    expect(compareReleases(newer, older)).toBeGreaterThan(0);
  });

  it.each([
    ['2.36', '2.36'],
    ['2.36', '2.36.0'],
    ['v1.3.3', '1.3.3'],
    ['1.4.0-rc.3', '1.4.0'],
    ['1.3.3+ds1', '1.3.3'],
    ['2.36', '2.36-9+deb12u13'],
    ['02.036', '2.36'],
  ])('%s counts as %s', (a, b) => {
    expect(compareReleases(a, b)).toBe(0);
    expect(compareReleases(b, a)).toBe(0);
  });

  it('are in an order, whatever they are', () => {
    const text = fc.oneof(
      fc.string({ unit: character }),
      fc
        .tuple(
          fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 }),
          fc.constantFrom('', '-rc.1', '+ds'),
        )
        .map(([numbers, rest]) => numbers.join('.') + rest),
      fc.constantFrom('', '.', '1.', '..1', '9'.repeat(400), `1.${'0.'.repeat(500)}1`),
    );
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        const [ab, bc, ac] = [compareReleases(a, b), compareReleases(b, c), compareReleases(a, c)];
        expect(Number.isNaN(ab)).toBe(false);
        expect(Math.sign(ab) + Math.sign(compareReleases(b, a))).toBe(0);
        expect(compareReleases(a, a)).toBe(0);
        if (ab <= 0 && bc <= 0) expect(ac).toBeLessThanOrEqual(0);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
