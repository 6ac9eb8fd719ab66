import { lintText } from '@callgate/engine/internal/lint/lint-text';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { describe, expect, it } from 'vitest';

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };

type Args = readonly [index: number, op: string, value: number, valueTwo?: number][];

function rule(names: string, action: string, args: Args = [], errnoRet?: number): object {
  return {
    names: names.split(' '),
    action: `SCMP_ACT_${action}`,
    ...(errnoRet !== undefined && { errnoRet }),
    args: args.map(([index, op, value, valueTwo = 0]) => ({ index, op: `SCMP_CMP_${op}`, value, valueTwo })),
  };
}

/** What lint finds of one code. */
function found(code: string, defaultAction: string, rules: readonly object[], target: Partial<Target> = {}) {
  const text = JSON.stringify({ defaultAction: `SCMP_ACT_${defaultAction}`, syscalls: rules });
  const [{ findings, faults }] = lintText('p.json', text, { target: { ...TARGET, ...target } });
  expect(faults).toEqual([]);
  return findings.filter((finding) => finding.code === code);
}

/** What strangers showed to be untrue: each was measured on a kernel or in a container. */
describe('lint does not say', () => {
  it('that a sibling has the effect when only arguments pass that have it not', () => {
    const noExec = rule('mmap mprotect', 'ERRNO', [[2, 'MASKED_EQ', 4, 4]], 1);
    expect(found('sibling-passes', 'ALLOW', [noExec, rule('pkey_mprotect', 'ERRNO', [], 1)])).toEqual([]);
    const [hole] = found('sibling-passes', 'ALLOW', [rule('pkey_mprotect', 'ERRNO', [], 1)]);
    // PROT_EXEC stands in the call that it shows.
    expect(hole.witness!.args[2]).toBe(4n);
    const threads = rule('clone', 'ALLOW', [[0, 'MASKED_EQ', 0x10000, 0x10000]]);
    const denied = rule('fork vfork', 'ERRNO', [], 13);
    expect(found('sibling-passes', 'ERRNO', [threads, denied])).toEqual([]);
    const named = rule('prctl', 'ALLOW', [[0, 'EQ', 15]]);
    expect(found('sibling-passes', 'ERRNO', [named, rule('seccomp', 'ERRNO', [], 13)])).toEqual([]);
  });

  it('that a call is denied about which a supervisor or tracer is asked', () => {
    const asked = rule('fchownat newfstatat execve', 'TRACE');
    for (const code of ['sibling-passes', 'cannot-start', 'cannot-load-libraries'])
      expect(found(code, 'ALLOW', [asked]), code).toEqual([]);
    expect(found('clone3-without-fallback', 'ALLOW', [rule('clone3', 'TRACE')])).toEqual([]);
    const ioctl = rule('ioctl', 'TRACE', [[1, 'EQ', 0x5412]]);
    expect(found('compares-unused-bits', 'ALLOW', [ioctl])).toEqual([]);
  });

  it('that nothing starts where the runtime is told that its call was made', () => {
    expect(found('cannot-start', 'ALLOW', [rule('getdents64 capset', 'ERRNO', [], 0)])).toEqual([]);
    expect(found('cannot-start', 'ALLOW', [rule('getdents64', 'ERRNO', [], 1)])).not.toEqual([]);
  });

  it('that clone3 passes on a kernel that has none', () => {
    const clone = rule('clone', 'ERRNO', [[0, 'MASKED_EQ', 0x10000000, 0x10000000]], 1);
    expect(found('clone3-hides-flags', 'ALLOW', [clone])).toHaveLength(1);
    expect(found('clone3-hides-flags', 'ALLOW', [clone], { kernel: { major: 4, minor: 19 } })).toEqual([]);
  });

  it('that a pointer says nothing where none is told from any', () => {
    const asking = rule('prlimit64', 'ALLOW', [[2, 'EQ', 0]]);
    expect(found('compares-pointer', 'ERRNO', [asking])).toEqual([]);
    expect(found('compares-pointer', 'ERRNO', [rule('prlimit64', 'ALLOW', [[2, 'LE', 4096]])])).toHaveLength(
      1,
    );
  });

  it('twice that calls pass by default which are logged', () => {
    expect(found('default-allow', 'LOG', [])).toEqual([]);
    expect(found('default-log', 'LOG', [])).toHaveLength(1);
    expect(found('only-logged', 'LOG', [rule('mkdir', 'LOG')])).toEqual([]);
  });

  it('that a supervisor reads what the kernel writes', () => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      listenerPath: '/run/a.sock',
      syscalls: [rule('accept4 getcwd getpid', 'NOTIFY')],
    });
    const [{ findings }] = lintText('p.json', text, { target: TARGET });
    expect(findings.filter(({ code }) => code === 'supervisor-reads-memory')).toEqual([]);
  });

  it('of a rule that does not apply, or is not what decides', () => {
    const elsewhere = { ...rule('nfsservctl', 'ALLOW'), includes: { caps: ['CAP_SYS_ADMIN'] } };
    expect(found('call-removed', 'ERRNO', [elsewhere])).toEqual([]);
    const modern = { kernel: { major: 6, minor: 18 } };
    const both = { ...rule('uprobe', 'ERRNO', [], 13), excludes: { arches: ['amd64'] } };
    expect(found('never-filtered', 'ALLOW', [both], modern)).toEqual([]);
    expect(found('never-filtered', 'ALLOW', [rule('uprobe', 'ERRNO')])).toEqual([]);
  });

  it('that a call is gone which programs for 32 bits may have', () => {
    const uselib = rule('uselib', 'ERRNO', [], 13);
    expect(found('call-removed', 'ALLOW', [uselib])).toHaveLength(1);
    expect(found('call-removed', 'ALLOW', [uselib], { abis: ['x86_64', 'x86'] })).toEqual([]);
    const cookie = rule('lookup_dcookie', 'ALLOW');
    expect(found('call-removed', 'ERRNO', [cookie], { kernel: { major: 5, minor: 15 } })).toEqual([]);
  });

  it('what is killed of an ABI that was left out on the command line', () => {
    expect(found('kills-32-bit', 'ERRNO', [])).toHaveLength(1);
    expect(found('kills-32-bit', 'ERRNO', [], { abis: ['x86_64'] })).toEqual([]);
  });

  it('that a tracer changes calls when it may not', () => {
    const old = { kernel: { major: 4, minor: 4 } };
    const watching = rule('ptrace', 'ALLOW', [[0, 'EQ', 24]]);
    expect(found('ptrace-changes-calls', 'ERRNO', [watching], old)).toEqual([]);
    const traced = [watching, rule('ptrace', 'ALLOW', [[0, 'EQ', 13]])];
    // Nobody becomes a tracer.
    expect(found('ptrace-changes-calls', 'ERRNO', traced, old)).toEqual([]);
    const changing = [...traced, rule('ptrace', 'ALLOW', [[0, 'EQ', 16]])];
    expect(found('ptrace-changes-calls', 'ERRNO', changing, old)).toHaveLength(1);
    expect(found('ptrace-changes-calls', 'ERRNO', changing)).toEqual([]);
    expect(found('ptrace-changes-calls', 'ALLOW', [], old)).toEqual([]);
  });

  it('that Landlock is denied where nobody named it, or the kernel has none', () => {
    expect(found('landlock-denied', 'ERRNO', [rule('read', 'ALLOW')])).toEqual([]);
    const denied = rule('landlock_add_rule', 'ERRNO', [], 13);
    expect(found('landlock-denied', 'ALLOW', [denied], { kernel: { major: 5, minor: 10 } })).toEqual([]);
    expect(found('landlock-denied', 'ALLOW', [rule('landlock_add_rule', 'TRACE')])).toEqual([]);
  });

  it('of capabilities where none are named, and of one whose calls pass now and then', () => {
    const setting = rule('clock_settime', 'ALLOW');
    expect(found('call-without-capability', 'ERRNO', [setting])).toEqual([]);
    const caps = { capabilities: ['CAP_SYS_TIME'] };
    expect(found('call-without-capability', 'ERRNO', [setting], caps)).toEqual([]);
    expect(found('capability-without-call', 'ERRNO', [rule('adjtimex', 'ALLOW')], caps)).toEqual([]);
    expect(found('capability-without-call', 'ERRNO', [], caps)).toHaveLength(1);
  });

  it('one thing of fstat twice', () => {
    const denied = rule('fstat', 'ERRNO', [], 13);
    expect(found('sibling-passes', 'ALLOW', [denied])).toHaveLength(1);
    expect(found('one-fstat', 'ALLOW', [denied])).toEqual([]);
  });

  it('what prototypes of 64-bit ABIs say of others', () => {
    const read = rule('pread64', 'ALLOW', [[4, 'EQ', 0]]);
    expect(found('compares-no-argument', 'ERRNO', [read], { native: 'x86', abis: ['x86'] })).toEqual([]);
  });
});

describe('lint says', () => {
  it('that a rule is lost, in both directions, with a call that gets another answer', () => {
    const family = rule('socket', 'ERRNO', [[0, 'EQ', 16]]);
    const [lost] = found('rule-lost', 'ERRNO', [family, rule('socket', 'ALLOW')]);
    expect(lost).toMatchObject({ severity: 'high', witness: { args: [16n, 0n, 0n, 0n, 0n, 0n] } });
    const threads = rule('clone', 'ALLOW', [[0, 'MASKED_EQ', 0x10000, 0x10000]]);
    expect(found('rule-lost', 'ALLOW', [threads, rule('clone', 'ERRNO', [], 1)])).toHaveLength(1);
    expect(found('rule-lost', 'ERRNO', [family])).toEqual([]);
  });

  it('which bits of a mode and of flags the kernel does not look at', () => {
    const [mode] = found('compares-unused-bits', 'ALLOW', [rule('chmod', 'ERRNO', [[1, 'EQ', 0o4755]], 1)]);
    expect(mode.witness!.args[1]).toBe(0x1_09edn);
    const [flags] = found('compares-unused-bits', 'ALLOW', [
      rule('clone', 'ERRNO', [[0, 'EQ', 0x10000011]], 1),
    ]);
    expect(flags.witness!.args[0]).toBe(0x1_1000_0011n);
  });

  it('each namespace that unshare makes and clone may not', () => {
    const clone = rule('clone', 'ERRNO', [[0, 'MASKED_EQ', 0x10020000, 0x20000]], 1);
    const unshare = rule('unshare', 'ERRNO', [[0, 'MASKED_EQ', 0x10000000, 0x10000000]], 1);
    const [hole] = found('unshare-makes-namespaces', 'ALLOW', [clone, unshare]);
    expect(hole.message).toContain('CLONE_NEWNS');
    expect(hole.witness!.args[0]).toBe(0x20000n);
  });

  it('that clone3 makes user namespaces where clone and unshare may not', () => {
    const others = rule('clone unshare', 'ERRNO', [[0, 'MASKED_EQ', 0x10000000, 0x10000000]], 1);
    expect(found('user-namespaces', 'ALLOW', [others])).toHaveLength(1);
  });

  it('one thing of one call, and of a profile that allows all by default not how much that is', () => {
    const three = [21522, 21532, 21533].map((value) => rule('ioctl', 'ERRNO', [[1, 'EQ', value]], 1));
    expect(found('compares-unused-bits', 'ALLOW', three)).toHaveLength(1);
    expect(found('looser-than-default', 'ALLOW', [])).toEqual([]);
  });

  it('of a text with very many profiles that some were left out', () => {
    const text = Array.from({ length: 60 }, () => 'defaultAction: SCMP_ACT_ERRNO\n').join('---\n');
    const profiles = lintText('p.yaml', text, { target: TARGET });
    expect(profiles.filter(({ judged }) => judged)).toHaveLength(50);
    expect(profiles.at(-1)!.faults[0].message).toMatch(/holds 60 profiles, and 50 of them were judged/);
  });
});
