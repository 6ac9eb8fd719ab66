import type { Finding } from '@callgate/engine/internal/lint/finding';
import { lintText } from '@callgate/engine/internal/lint/lint-text';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { describe, expect, it } from 'vitest';

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] };
const WHOLE = 0xffff_ffff;

type Args = readonly [index: number, op: string, value: number | bigint, valueTwo?: number][];

/** A rule as JSON; numbers above 2^53 stand in it as they are. */
function rule(names: string, action: string, args: Args = [], errnoRet?: number): string {
  const conditions = args.map(
    ([index, op, value, valueTwo = 0]) =>
      `{"index": ${index}, "op": "SCMP_CMP_${op}", "value": ${value}, "valueTwo": ${valueTwo}}`,
  );
  const errno = errnoRet === undefined ? '' : `, "errnoRet": ${errnoRet}`;
  return `{"names": ${JSON.stringify(names.split(' '))}, "action": "SCMP_ACT_${action}"${errno}, "args": [${conditions.join(', ')}]}`;
}
const deny = (names: string, ...args: Args) => rule(names, 'ERRNO', args, 1);
const allow = (names: string, ...args: Args) => rule(names, 'ALLOW', args);

/** What lint finds of one code, by default on x86_64. */
function found(
  code: string,
  defaultAction: string,
  rules: readonly string[],
  { covers = ['X86_64'], ...target }: Partial<Target> & { covers?: string[] } = {},
): Finding[] {
  const architectures = JSON.stringify(covers.map((abi) => `SCMP_ARCH_${abi}`));
  const text = `{"defaultAction": "SCMP_ACT_${defaultAction}", "architectures": ${architectures}, "syscalls": [${rules.join(', ')}]}`;
  const [{ findings, faults }] = lintText('p.json', text, { target: { ...TARGET, ...target } });
  expect(faults).toEqual([]);
  return findings.filter((finding) => finding.code === code);
}
const said = (...of: Parameters<typeof found>) => found(...of).map(({ message }) => message);

describe('a sibling that is not filtered', () => {
  const CODE = 'sibling-unfiltered';
  const readOnly = allow('openat', [2, 'MASKED_EQ', 3, 0]);

  it.each([
    [
      'openat2, which has them in memory',
      [readOnly, allow('openat2')],
      /but openat2 \(Linux 5\.6\) passes, which has it in memory$/,
    ],
    [
      'creat',
      [readOnly, allow('creat')],
      /O_WRONLY\|O_CREAT\|O_TRUNC is denied, but creat passes, which does that$/,
    ],
    ['open with the same', [readOnly, allow('open')], /but open passes with it$/],
  ])('opens files: %s', (_, rules, message) => {
    expect(said(CODE, 'ERRNO', rules)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    ['chmod', 1, 0o4000, 'a set-user-ID mode'],
    ['mknod', 1, 0o20000, 'S_IFCHR'],
    ['unlinkat', 2, 0x200, 'AT_REMOVEDIR'],
  ])('is told what a mask keeps from %s', (name, argument, bits, value) => {
    const rules = [deny(name, [argument, 'MASKED_EQ', bits, bits])];
    expect(said(CODE, 'ALLOW', rules)).toEqual([expect.stringContaining(`${name} with ${value} is denied`)]);
  });

  it.each([
    ['kill', 1, 9, 'SIGKILL'],
    ['setrlimit', 0, 7, 'resource 7'],
    ['sched_setscheduler', 1, 1, 'SCHED_FIFO'],
  ])('is told a value that %s may not have', (name, argument, value, called) => {
    const rules = [deny(name, [argument, 'MASKED_EQ', WHOLE, value])];
    expect(said(CODE, 'ALLOW', rules)).toEqual([expect.stringContaining(`${name} with ${called} is denied`)]);
  });

  it('is none where the others are filtered alike, pass with some arguments alone, or ask', () => {
    const alike = allow('open', [1, 'MASKED_EQ', 3, 0]);
    const none = rule('openat2', 'ERRNO', [], 38);
    for (const other of [alike, none, rule('openat2', 'TRACE')])
      expect(said(CODE, 'ERRNO', [readOnly, other])).toEqual([]);
    // Signals to one process alone are not what kill does.
    const own = allow('tgkill', [0, 'EQ', 7]);
    expect(said(CODE, 'ERRNO', [allow('kill', [1, 'EQ', 0]), own])).toEqual([]);
    expect(said(CODE, 'ERRNO', [allow('kill', [1, 'EQ', 0]), allow('tgkill')])).toHaveLength(1);
  });

  it('is none on a kernel that has it not, nor where its descriptor cannot be had', () => {
    const old = { kernel: { major: 5, minor: 4 } };
    expect(said(CODE, 'ERRNO', [readOnly, allow('openat2')], old)).toEqual([]);
    const filtered = allow('chmod', [1, 'EQ', 0o644]);
    expect(said(CODE, 'ERRNO', [filtered, allow('fchmod')])).toEqual([]);
    expect(said(CODE, 'ERRNO', [filtered, allow('fchmod openat')])).toHaveLength(1);
  });

  it('is said once of calls that are filtered alike', () => {
    const alike = [
      deny('chmod fchmod', [1, 'MASKED_EQ', 0o4000, 0o4000]),
      deny('fchmodat', [2, 'MASKED_EQ', 0o4000, 0o4000]),
    ];
    expect(said(CODE, 'ALLOW', alike)).toEqual([
      'chmod, fchmod and fchmodat with a set-user-ID mode are denied, but fchmodat2 (Linux 6.6) passes with it',
    ]);
  });

  it('is none where prlimit64 only asks', () => {
    const limited = deny('setrlimit', [0, 'MASKED_EQ', WHOLE, 7]);
    expect(said('sibling-unfiltered', 'ALLOW', [limited, deny('prlimit64', [2, 'NE', 0])])).toEqual([]);
  });
});

describe('memory that is written to and executed', () => {
  const CODE = 'executable-memory';
  const noExec = deny('mprotect pkey_mprotect', [2, 'MASKED_EQ', 4, 4]);
  const noBoth = deny('mmap', [2, 'MASKED_EQ', 6, 6]);

  it('comes from each of four calls', () => {
    const [message] = said(CODE, 'ALLOW', [deny('mprotect', [2, 'MASKED_EQ', 4, 4])]);
    for (const way of ['pkey_mprotect', 'mmap with', 'shmat', 'personality']) expect(message).toContain(way);
  });

  it('does not come from mapping files to execute them, nor from segments that cannot be made', () => {
    expect(said(CODE, 'ALLOW', [noExec, noBoth, deny('shmat personality')])).toEqual([]);
    expect(said(CODE, 'ALLOW', [noExec, noBoth, deny('shmget personality')])).toEqual([]);
    expect(said(CODE, 'ALLOW', [noExec, noBoth, deny('personality')])).toHaveLength(1);
  });

  it('is nothing to a profile that lets mprotect do it, merely does not allow mprotect, or asks', () => {
    expect(said(CODE, 'ALLOW', [deny('mprotect', [2, 'MASKED_EQ', 7, 7])])).toEqual([]);
    expect(said(CODE, 'ERRNO', [allow('mmap shmat shmget')])).toEqual([]);
    expect(said(CODE, 'ALLOW', [rule('mprotect', 'TRACE', [[2, 'MASKED_EQ', 4, 4]])])).toEqual([]);
  });

  it('is said once where mprotect is denied altogether', () => {
    expect(said('sibling-passes', 'ALLOW', [deny('mprotect')])).toHaveLength(1);
    const [message] = said(CODE, 'ALLOW', [deny('mprotect')]);
    expect(message).not.toMatch(/mmap|pkey_mprotect/);
  });
});

describe('io_uring', () => {
  const CODE = 'io-uring-in-part';

  it('is there without io_uring_enter from Linux 5.13 on, and said once', () => {
    const denied = [deny('io_uring_enter io_uring_register')];
    expect(said(CODE, 'ALLOW', denied)).toHaveLength(1);
    expect(said(CODE, 'ALLOW', denied, { kernel: { major: 5, minor: 10 } })).toEqual([]);
    const both = [...denied, deny('socket')];
    expect(said(CODE, 'ALLOW', both)).toEqual([]);
    expect(said('io-uring-passes', 'ALLOW', both)).toHaveLength(1);
  });

  it('is not there when no ring can be made, and not missed where registering alone is denied', () => {
    expect(said(CODE, 'ALLOW', [deny('io_uring_setup io_uring_enter')])).toEqual([]);
    expect(said(CODE, 'ALLOW', [deny('io_uring_register')])).toEqual([]);
    expect(said(CODE, 'ERRNO', [allow('io_uring_setup mmap')])).toEqual([]);
  });
});

describe('on another ABI', () => {
  const covers = ['X86_64', 'X86'];

  it('umount, chown32 and stime do what is denied under other names', () => {
    for (const [names, other] of [
      ['umount2', 'umount'],
      ['chown fchown lchown fchownat', 'chown32'],
      ['settimeofday clock_settime', 'clock_settime64'],
    ])
      expect(said('other-abi-passes', 'ALLOW', [deny(names)], { covers })).toEqual([
        expect.stringContaining(other),
      ]);
    expect(said('other-abi-passes', 'ALLOW', [deny('umount2')])).toEqual([]);
    expect(said('other-abi-passes', 'ERRNO', [allow('umount')], { covers })).toEqual([]);
  });

  it('a time of 64 bits fails where the old call passes, unless ENOSYS sends programs back', () => {
    const CODE = 'time64-denied';
    const crun = { covers, runtime: { name: 'crun' } } as const;
    expect(said(CODE, 'ERRNO', [allow('clock_gettime')], crun)).toHaveLength(1);
    // runc answers ENOSYS to what is newer than all that the profile names.
    expect(said(CODE, 'ERRNO', [allow('clock_gettime')], { covers, runtime: { name: 'runc' } })).toEqual([]);
    const back = rule('clock_gettime64', 'ERRNO', [], 38);
    expect(said(CODE, 'ERRNO', [allow('clock_gettime'), back], crun)).toEqual([]);
    expect(
      said(CODE, 'ERRNO', [rule('clock_gettime64', 'ERRNO', [], 0), allow('clock_gettime')], crun),
    ).toEqual([]);
    expect(said(CODE, 'ERRNO', [allow('clock_gettime')])).toEqual([]);
    const old = { ...crun, kernel: { major: 4, minor: 19 } };
    expect(said(CODE, 'ERRNO', [allow('clock_gettime')], old)).toEqual([]);
  });
});

describe('a negative number that is denied', () => {
  const denied = (value: bigint) => [deny('kill', [0, 'EQ', value])];

  it('passes in its other form, which is critical and said once', () => {
    const [hole] = found('misses-negative', 'ALLOW', denied(0xffff_ffff_ffff_ffffn));
    expect(hole).toMatchObject({
      severity: 'critical',
      witness: { args: [0xffff_ffffn, 0n, 0n, 0n, 0n, 0n] },
    });
    expect(said('misses-negative', 'ALLOW', denied(0xffff_ffffn))).toEqual([]);
    expect(said('compares-unused-bits', 'ALLOW', denied(0xffff_ffffn))).toHaveLength(1);
  });

  it('is not meant where all others are denied', () => {
    const others = [deny('kill', [0, 'NE', 0xffff_ffff])];
    expect(found('misses-negative', 'ALLOW', others)).toMatchObject([{ severity: 'medium' }]);
  });
});

describe('sockets, personalities, mounts, operations', () => {
  it('names rare families that a filter forgets, not those that it names', () => {
    const CODE = 'rare-socket-families';
    const families = (...all: number[]) =>
      all.map((family) => allow('socket', [0, 'MASKED_EQ', WHOLE, family]));
    expect(said(CODE, 'ERRNO', families(1, 2, 10, 17, 29))).toEqual([]);
    const [message] = said(CODE, 'ALLOW', [deny('socket', [0, 'MASKED_EQ', WHOLE, 38])]);
    expect(message).toMatch(/AF_VSOCK/);
    expect(message).not.toMatch(/AF_ALG/);
    expect(found(CODE, 'ERRNO', [allow('socket')])).toMatchObject([{ severity: 'info' }]);
    expect(said(CODE, 'ALLOW', [deny('ptrace')])).toEqual([]);
    expect(said(CODE, 'ERRNO', [rule('socket', 'TRACE')])).toEqual([]);
  });

  it('asks of personality what it sets', () => {
    const asks = allow('personality', [0, 'EQ', WHOLE]);
    expect(said('personality-passes', 'ERRNO', [asks, allow('personality', [0, 'EQ', 8])])).toEqual([]);
    expect(said('personality-passes', 'ERRNO', [allow('personality', [0, 'EQ', 0x40000])])).toEqual([
      'personality passes with ADDR_NO_RANDOMIZE: programs may be started at addresses that can be foreseen',
    ]);
    expect(said('personality-passes', 'ALLOW', [deny('ptrace')])).toEqual([]);
  });

  it('mounts in steps where each of them passes', () => {
    const CODE = 'mount-by-parts';
    expect(said(CODE, 'ALLOW', [deny('mount fsopen')])).toEqual([
      'mount is denied, but open_tree and move_mount, which bind-mount, pass; like mount they need CAP_SYS_ADMIN',
    ]);
    expect(said(CODE, 'ALLOW', [deny('mount move_mount')])).toEqual([]);
    expect(said(CODE, 'ALLOW', [deny('mount')], { kernel: { major: 4, minor: 19 } })).toEqual([]);
    expect(said(CODE, 'ERRNO', [allow('fsopen fsconfig fsmount move_mount')])).toEqual([]);
  });

  it('knows equal operations, and when they come to nothing', () => {
    const CODE = 'equal-operation-passes';
    const ptrace = (...requests: number[]) => requests.map((request) => deny('ptrace', [0, 'EQ', request]));
    expect(said(CODE, 'ALLOW', ptrace(16))).toHaveLength(1);
    expect(said(CODE, 'ALLOW', ptrace(16, 0x4206))).toEqual([]);
    expect(said(CODE, 'ALLOW', ptrace(5))).toHaveLength(1);
    expect(said(CODE, 'ALLOW', ptrace(0, 5, 16, 0x4206))).toEqual([]);
    expect(said(CODE, 'ERRNO', [allow('ptrace', [0, 'EQ', 0x4206])])).toEqual([]);
    const flags = [0x4008_6602, 0x401c_5820].map((command) =>
      deny('ioctl', [1, 'MASKED_EQ', WHOLE, command]),
    );
    expect(said(CODE, 'ALLOW', flags)).toEqual([expect.stringContaining('file_setattr (Linux 6.17)')]);
    expect(said(CODE, 'ALLOW', flags, { kernel: { major: 6, minor: 12 } })).toEqual([]);
  });

  it('knows what user namespaces give', () => {
    const CODE = 'capabilities-in-namespace';
    expect(said(CODE, 'ERRNO', [allow('unshare mount pivot_root')])).toHaveLength(1);
    expect(said(CODE, 'ERRNO', [allow('unshare', [0, 'EQ', 0x1000_0000]), allow('mount')])).toEqual([]);
    expect(said(CODE, 'ERRNO', [allow('unshare pivot_root')])).toEqual([]);
  });
});

it('a terminal is typed into by another command than the one that is denied', () => {
  const denied = (...commands: number[]) =>
    commands.map((command) => deny('ioctl', [1, 'MASKED_EQ', WHOLE, command]));
  expect(found('terminal-injection', 'ALLOW', denied(0x5412))).toMatchObject([{ severity: 'info' }]);
  expect(said('terminal-injection', 'ALLOW', denied(0x5412, 0x541c))).toEqual([]);
});
