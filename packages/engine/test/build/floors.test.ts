import { describe, expect, it } from 'vitest';
import {
  DOCKER_INIT,
  FLOOR_RUNTIMES,
  FLOORS,
  type FloorChoice,
  floorOf,
  measuredAround,
  rareFloor,
} from '../../src/build/floors.ts';
import { MEASURED_RELEASES } from '../../src/build/generated/floor-rows.ts';
import { numberOf } from '../../src/syscalls/lookup.ts';

const words = (text: string) => text.split(' ');

/** Sorted names; `name@release`, with no_new_privs unless `off`. */
function floor(runtime: string, off: 'on' | 'off', more: Partial<FloorChoice> = {}): string[] {
  const [name, release] = runtime.split('@');
  return [...floorOf({ runtime: name, release, noNewPrivs: off === 'on', ...more }).keys()].sort();
}

const missing = (wanted: readonly string[], names: readonly string[]) =>
  wanted.filter((name) => !names.includes(name));

// What the kernel saw between the filter's loading and the execve; Go's runtime adds mmap and sched_yield once in thousands.
const RARE_GO = words('mmap sched_yield');
const RUNC_1_1_5_ON = words(
  'close epoll_ctl execve fstatfs futex getdents64 getpid openat rt_sigreturn write',
);
const RUNC_1_1_OFF = words(
  'capget capset chdir close epoll_ctl execve faccessat2 fchown fcntl fstat fstatfs futex getcwd getdents64 getpid getppid newfstatat openat prctl read rt_sigreturn setgid setgroups setuid write',
);
const RUNC_1_3_ON = words(
  'close execve fstat fstatfs futex getdents64 openat openat2 rt_sigreturn statx write',
);
const RUNC_1_3_OFF = words(
  'chdir close close_range execve faccessat2 fchown fcntl fstat fstatfs futex getcwd getdents64 getpid getppid newfstatat openat openat2 prctl read rt_sigreturn setgid setgroups setuid statx write',
);
const CRUN_1_8_1_OFF = words(
  'capset close execve prctl rt_sigaction rt_sigprocmask setresgid setresuid write',
);
const CRUN_1_21_OFF = words(
  'capset close close_range execve prctl pselect6 read rt_sigaction rt_sigprocmask setresgid setresuid write',
);

/** Releases of runc that were measured and that open files of /proc safely. */
const NEW_RUNC = ['1.3.4', '1.3.6', '1.4.4', '1.5.3'];
const MEASURED: readonly (readonly [string, 'on' | 'off', readonly string[]])[] = [
  ['runc@1.1.5', 'on', RUNC_1_1_5_ON],
  ['runc@1.1.5', 'off', RUNC_1_1_OFF],
  ['runc@1.1.15', 'on', RUNC_1_1_5_ON],
  ['runc@1.1.15', 'off', RUNC_1_1_OFF],
  ...NEW_RUNC.flatMap(
    (release) =>
      [
        [`runc@${release}`, 'on', RUNC_1_3_ON],
        [`runc@${release}`, 'off', RUNC_1_3_OFF],
      ] as const,
  ),
  ['crun@1.8.1', 'on', ['close', 'execve']],
  ['crun@1.8.1', 'off', CRUN_1_8_1_OFF],
  ...['1.21', '1.28'].flatMap(
    (release) =>
      [
        [`crun@${release}`, 'on', ['close', 'close_range', 'execve']],
        [`crun@${release}`, 'off', CRUN_1_21_OFF],
      ] as const,
  ),
];

describe('the floor of a release', () => {
  it.each(MEASURED)('%s, no_new_privs %s, has what was measured', (runtime, nnp, measured) => {
    expect(missing(measured, floor(runtime, nnp))).toEqual([]);
  });

  it.each(['1.1.15', ...NEW_RUNC])('runc@%s with no_new_privs has fcntl', (release) => {
    expect(floor(`runc@${release}`, 'on')).toContain('fcntl');
  });
  it.each(['runc', 'docker', 'containerd', 'podman', 'any'])(
    '%s of any release, with no_new_privs, has fcntl',
    (runtime) => {
      expect(floor(runtime, 'on')).toContain('fcntl');
    },
  );

  it.each([...NEW_RUNC.map((release) => `runc@${release}`), 'runc', 'docker', 'containerd', 'any'])(
    '%s without no_new_privs has tgkill',
    (runtime) => {
      expect(floor(runtime, 'off')).toContain('tgkill');
    },
  );

  it.each([
    ['runc@1.1.5', 'on', [...RUNC_1_1_5_ON, ...RARE_GO]],
    ['runc@1.1.5', 'off', [...RUNC_1_1_OFF, ...RARE_GO]],
    ['runc@1.1.15', 'off', [...RUNC_1_1_OFF, ...RARE_GO]],
    ['crun@1.8.1', 'on', ['close', 'execve']],
    ['crun@1.8.1', 'off', [...CRUN_1_8_1_OFF, 'pselect6', 'read']],
    ['crun@1.21', 'on', ['close', 'close_range', 'execve']],
    ['crun@1.28', 'on', ['close', 'close_range', 'execve']],
    ['crun@1.21', 'off', CRUN_1_21_OFF],
    ['crun@1.28', 'off', CRUN_1_21_OFF],
  ] as const)('%s, no_new_privs %s, has nothing else', (runtime, nnp, all) => {
    expect(floor(runtime, nnp)).toEqual([...all].sort());
  });

  it.each(NEW_RUNC.flatMap((release) => words('getpid newfstatat').map((n) => [release, n])))(
    'runc@%s with no_new_privs is without %s, which it never calls',
    (release, name) => {
      expect(floor(`runc@${release}`, 'on')).not.toContain(name);
    },
  );
  // As containers that engines start have them, unlike those of scripts/measure-floors.ts.
  it.each(NEW_RUNC.flatMap((release) => words('epoll_ctl capget capset').map((n) => [release, n])))(
    'runc@%s without no_new_privs has %s, which it calls for a container with capabilities',
    (release, name) => {
      expect(floor(`runc@${release}`, 'off')).toContain(name);
    },
  );
  it.each(NEW_RUNC)('runc@%s has epoll_ctl, which Podman has it call with no_new_privs, too', (release) => {
    expect(floor(`runc@${release}`, 'on')).toContain('epoll_ctl');
  });
  it('crun before 1.8.1 waits with select', () => {
    expect(floor('crun@0.17', 'off')).toContain('select');
    expect(floor('crun@0.17', 'on')).not.toContain('select');
  });

  it.each(['1.0.0-rc93', '1.1.0', '1.1.5', '1.1.15', '1.2.0', '1.2.7'])(
    'runc@%s opens no file by openat2 and statx yet',
    (release) => {
      for (const nnp of ['on', 'off'] as const)
        for (const name of ['openat2', 'statx']) expect(floor(`runc@${release}`, nnp)).not.toContain(name);
    },
  );

  it.each(['1.3.0', '1.3.1', '1.3.2'])('runc@%s opens no file by openat2 and statx yet', (release) => {
    expect(floor(`runc@${release}`, 'on')).not.toContain('openat2');
  });

  it.each(['1.2.8', '1.2.9', '1.3.3', 'v1.3.3', '1.3.3+ds1', '1.4', '1.4.0-rc.3', '1.5.3', '1.10.0', '2.0'])(
    'runc@%s opens files by openat2 and statx',
    (release) => {
      for (const nnp of ['on', 'off'] as const)
        expect(missing(['openat2', 'statx'], floor(`runc@${release}`, nnp))).toEqual([]);
    },
  );

  it('compares releases by number and not by letter', () => {
    expect(floor('runc@1.10.0', 'on')).toEqual(floor('runc@1.5.3', 'on'));
    expect(floor('crun@1.9', 'on')).not.toContain('close_range');
    expect(floor('crun@1.14', 'on')).not.toContain('close_range');
    expect(floor('crun@1.14.1', 'on')).toContain('close_range');
  });

  it('of runc 1.1.5 does not start under 1.5.3, which asks for the mount id', () => {
    for (const nnp of ['on', 'off'] as const)
      expect(missing(['statx', 'openat2'], floor('runc@1.1.5', nnp))).toEqual(['statx', 'openat2']);
  });
});

describe('the floor', () => {
  const NAMES = Object.keys(FLOOR_RUNTIMES);
  const RELEASES = ['1.0', '1.1.5', '1.1.15', '1.2.0', '1.2.8', '1.3.4', '1.5.3', '1.8.1', '1.14.1', '1.28'];

  it.each(NAMES)('of %s without a release has what each release has', (runtime) => {
    for (const nnp of ['on', 'off'] as const)
      for (const release of RELEASES)
        expect(missing(floor(`${runtime}@${release}`, nnp), floor(runtime, nnp))).toEqual([]);
  });

  it.each(NAMES)('of %s is larger without no_new_privs', (runtime) => {
    for (const release of ['', ...RELEASES]) {
      const of = release === '' ? runtime : `${runtime}@${release}`;
      const [on, off] = [floor(of, 'on'), floor(of, 'off')];
      expect(missing(on, off)).toEqual([]);
      expect(off.length).toBeGreaterThan(on.length);
    }
  });

  it.each(NAMES)('of %s takes on no user and no capabilities with no_new_privs', (runtime) => {
    const names = floor(runtime, 'on');
    for (const name of words('capset capget setuid setgid setgroups setresuid setresgid prctl chdir fchown'))
      expect(names).not.toContain(name);
  });

  it.each(NAMES)('of %s has nothing of what runtimes do before the filter', (runtime) => {
    const names = floor(runtime, 'off', { exec: true });
    for (const name of words(
      'mount umount2 pivot_root clone clone3 unshare setns socket seccomp sethostname',
    ))
      expect(names).not.toContain(name);
  });

  it('of docker and containerd is that of runc, of podman and any that of both', () => {
    for (const nnp of ['on', 'off'] as const) {
      const [runc, crun] = [floor('runc', nnp), floor('crun', nnp)];
      const both = [...new Set([...runc, ...crun])].sort();
      expect(floor('docker', nnp)).toEqual(runc);
      expect(floor('containerd', nnp)).toEqual(runc);
      expect(floor('podman', nnp)).toEqual(both);
      expect(floor('any', nnp)).toEqual(both);
    }
  });

  it.each(['docker@20.10.24', 'docker@1.1.5', 'containerd@1.6.20', 'podman@4.3.1'])(
    'of %s does not take the release for that of the runtime',
    (runtime) => {
      for (const nnp of ['on', 'off'] as const)
        expect(floor(runtime, nnp)).toEqual(floor(runtime.split('@')[0], nnp));
    },
  );

  it('of crun is small: openat and mmap are the program’s own', () => {
    for (const nnp of ['on', 'off'] as const)
      for (const name of words('openat mmap getdents64 futex'))
        expect(floor('crun', nnp)).not.toContain(name);
  });

  it('has execve, close and a reason for everything, and only calls that x86_64 has', () => {
    for (const runtime of NAMES)
      for (const noNewPrivs of [true, false]) {
        const calls = floorOf({ runtime, noNewPrivs, exec: true, init: true });
        expect([...calls.keys()]).toEqual(expect.arrayContaining(['close', 'execve']));
        for (const [name, why] of calls) {
          expect([name, numberOf('x86_64', name)]).not.toContain(undefined);
          expect(why).toMatch(/\w+ \w+/);
        }
      }
  });

  it('is without rows that contradict themselves', () => {
    for (const { calls, sometimes, after, until, why } of FLOORS) {
      expect(missing(sometimes ?? [], calls)).toEqual([]);
      for (const release of [after ?? '1.0', until ?? '1.0']) expect(release).toMatch(/^\d+\.\d+(\.\d+)?$/);
      expect(why).not.toContain('was seen to call');
      expect(new Set(calls).size).toBe(calls.length);
      expect(why).not.toBe('');
    }
  });

  it('of a runtime that is not known is empty', () => {
    for (const runtime of ['nerdctl', '', 'RUNC', 'runc '])
      expect(floor(runtime, 'off', { exec: true })).toEqual([]);
  });

  // FLOOR_RUNTIMES[name] finds what every object inherits: TypeError. The command line asks Object.hasOwn first.
  it.each(['constructor', 'toString', '__proto__'])('of a runtime called %s is empty', (runtime) => {
    expect(floor(runtime, 'on')).toEqual([]);
  });
});

describe('a release that was not measured', () => {
  const around = (text: string) => {
    const [runtime, release] = text.split('@');
    return measuredAround({ runtime: runtime!, release, noNewPrivs: true });
  };

  it.each([
    'runc@1.1.5',
    'runc@1.2.8',
    'runc@1.3.3',
    'runc@v1.3.4',
    'runc@1.3.6+ds1',
    'crun@1.21',
    'crun@1.28',
  ])('%s was measured', (release) => {
    expect(around(release)).toBeUndefined();
  });

  it.each(['runc', 'crun', 'docker', 'any', 'docker@29.0', 'podman@5.4', 'nerdctl@2.0'])(
    '%s is no release of a runtime',
    (release) => {
      expect(around(release)).toBeUndefined();
    },
  );

  it('lies between two that were', () => {
    expect(around('crun@1.10')).toEqual({ runtime: 'crun', before: '1.8.1', after: '1.14.1' });
    expect(around('crun@1.25')).toEqual({ runtime: 'crun', before: '1.21', after: '1.28' });
    expect(around('runc@1.2.99')).toMatchObject({ after: '1.3.0' });
  });

  it('is taken for the newest or the oldest where it is newer or older than all', () => {
    expect(around('crun@2.0')).toEqual({ runtime: 'crun', before: '1.28' });
    expect(around('crun@0.10')).toEqual({ runtime: 'crun', after: '0.17' });
    for (const nnp of ['on', 'off'] as const) {
      expect(floor('crun@2.0', nnp, { exec: true })).toEqual(floor('crun@1.28', nnp, { exec: true }));
      expect(floor('crun@0.10', nnp, { exec: true })).toEqual(floor('crun@0.17', nnp, { exec: true }));
    }
  });

  it('gets what either neighbour calls', () => {
    for (const [runtime, releases] of Object.entries(MEASURED_RELEASES))
      for (const [i, before] of releases.split(' ').slice(0, -1).entries())
        for (const nnp of ['on', 'off'] as const) {
          const after = releases.split(' ')[i + 1]!;
          const between = floor(`${runtime}@${before}${before.split('.').length > 2 ? '' : '.0'}.1`, nnp);
          const both = [...floor(`${runtime}@${before}`, nnp), ...floor(`${runtime}@${after}`, nnp)];
          // Of crun's close_range the source tells when it came.
          const known = runtime === 'crun' ? ['close_range'] : [];
          expect(missing(both, [...between, ...known])).toEqual([]);
        }
  });
});

describe('what joins and stands around', () => {
  it.each(['on', 'off'] as const)('crun exec takes on user and capabilities, no_new_privs %s', (nnp) => {
    for (const runtime of ['crun', 'crun@1.8.1', 'podman', 'any']) {
      const names = floor(runtime, nnp, { exec: true });
      expect(missing(floor(runtime, nnp), names)).toEqual([]);
      expect(missing(words('capset setresuid setresgid setgroups prctl'), names)).toEqual([]);
    }
  });

  it.each(['runc', 'docker', 'containerd', 'runc@1.1.15', 'runc@1.5.3'])(
    '%s exec calls no more than its start without no_new_privs',
    (runtime) => {
      expect(floor(runtime, 'off', { exec: true })).toEqual(floor(runtime, 'off'));
    },
  );

  // `exec failed: … stat /bin/busybox: operation not permitted`, with runc 1.1.0 and no_new_privs.
  it('runc exec looks up the program under the filter before 1.1.12', () => {
    for (const runtime of ['runc', 'docker', 'any', 'runc@1.0.3', 'runc@1.1.0', 'runc@1.1.5'])
      expect(floor(runtime, 'on', { exec: true })).toEqual(
        expect.arrayContaining(['faccessat2', 'newfstatat']),
      );
    expect(floor('runc@1.1.0', 'on')).not.toContain('newfstatat');
    for (const release of ['1.1.12', '1.1.15', '1.5.3'])
      expect(floor(`runc@${release}`, 'on', { exec: true })).not.toContain('faccessat2');
  });

  it('runc exec needs no mounts: it does without those that it tries', () => {
    for (const nnp of ['on', 'off'] as const)
      for (const name of words('fsopen fsconfig fsmount open_tree uname'))
        expect(floor('runc', nnp, { exec: true })).not.toContain(name);
  });

  it('crun exec sets its umask from 1.20 on, and calls no more than its start in 0.17', () => {
    expect(floor('crun@1.28', 'on', { exec: true })).toEqual(expect.arrayContaining(['fstat', 'umask']));
    expect(floor('crun@1.14.1', 'on', { exec: true })).not.toContain('umask');
    expect(floor('crun@0.17', 'on', { exec: true })).toEqual(['close', 'execve', 'write']);
  });

  it('docker-init adds its own twenty calls, and nothing without --init', () => {
    expect(new Set(DOCKER_INIT).size).toBe(20);
    for (const nnp of ['on', 'off'] as const) {
      const names = floor('docker', nnp, { init: true });
      expect(names).toEqual([...new Set([...floor('docker', nnp), ...DOCKER_INIT])].sort());
      expect(floor('docker', nnp, { init: false, exec: false })).toEqual(floor('docker', nnp));
      for (const name of ['wait4', 'rt_sigtimedwait', 'clone'])
        expect(floor('docker', nnp)).not.toContain(name);
    }
  });

  it('a call that the runtime makes keeps the reason of the runtime', () => {
    const without = floorOf({ runtime: 'docker', noNewPrivs: true });
    const calls = floorOf({ runtime: 'docker', noNewPrivs: true, init: true });
    expect(calls.get('execve')).toBe(without.get('execve'));
    expect(calls.get('wait4')).not.toBe(calls.get('execve'));
  });
});

describe('what a recorded start may not have shown', () => {
  const rare = (text: string) => [...rareFloor(new Set(words(text))).keys()].sort();
  const without = (names: readonly string[], sometimes: string) =>
    names.filter((name) => !words(sometimes).includes(name)).join(' ');
  const GO = words('futex mmap rt_sigreturn sched_yield');

  it('of runc are the calls of the Go runtime, and fchown where users are taken on', () => {
    expect(rare(without(RUNC_1_1_5_ON, 'futex rt_sigreturn'))).toEqual(GO);
    expect(rare(without(RUNC_1_3_ON, 'rt_sigreturn'))).toEqual(GO);
    expect(rare(without(RUNC_1_1_OFF, 'fchown futex rt_sigreturn'))).toEqual([...GO, 'fchown'].sort());
  });

  it('of newer runc without no_new_privs is fchown too', () => {
    expect(rare(without(RUNC_1_3_OFF, 'fchown rt_sigreturn'))).toContain('fchown');
  });

  it('of crun is nothing with no_new_privs, else how it waits to be started', () => {
    expect(rare('close execve')).toEqual([]);
    expect(rare('close close_range execve')).toEqual([]);
    expect(rare(CRUN_1_8_1_OFF.join(' '))).toEqual(['pselect6', 'read']);
  });

  it('says whose call it is', () => {
    for (const why of rareFloor(new Set(RUNC_1_1_OFF)).values()) expect(why).toContain('runc');
    for (const why of rareFloor(new Set(CRUN_1_8_1_OFF)).values()) expect(why).toContain('crun');
  });

  it('of nothing is no exception', () => {
    expect(rareFloor(new Set()).size).toBe(0);
  });
});
