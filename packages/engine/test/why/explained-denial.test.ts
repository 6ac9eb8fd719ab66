import { compilePolicy, explainCall, liftPolicy } from '@callgate/engine';
import { profileSubject } from '@callgate/engine/internal/subject/subject';
import type { DeniedCall } from '@callgate/engine/internal/why/denied-call';
import { explainDenial, likeliest, type SuspectFilter } from '@callgate/engine/internal/why/explained-denial';
import { killingCalls } from '@callgate/engine/internal/why/killing-calls';
import { describe, expect, it } from 'vitest';

const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] } as const;

function filter(profile: object, name = 'p.json'): SuspectFilter {
  const text = JSON.stringify({ architectures: ['SCMP_ARCH_X86_64'], ...profile });
  return { ...profileSubject(name, text, target).value!, text: { name, text, target } };
}

const call = (
  name: string,
  nr: number,
  outcome: DeniedCall['outcome'],
  args?: readonly bigint[],
): DeniedCall => ({
  ...{ arch: 'x86_64', name, nr, outcome, times: 1, program: {} },
  ...(args && { args }),
});
const errno = (number: number) => ({ kind: 'errno', errno: number }) as const;
const ALLOWS = filter({ defaultAction: 'SCMP_ACT_ALLOW' });
const DENIES = filter({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
});
const MOUNT = call('mount', 165, errno(1));

describe('a denial', () => {
  it('is not of seccomp where every filter lets the call pass, and the kernel asks for a capability', () => {
    const { judgement, causes, change } = explainDenial(MOUNT, [ALLOWS], { capabilities: ['CAP_CHOWN'] });
    expect(judgement.by).toBe('not-seccomp');
    expect(causes).toMatchObject([
      { kind: 'capability', check: { capability: 'CAP_SYS_ADMIN' }, isLacking: true },
    ]);
    expect(change).toBeUndefined();
  });

  it('names no capability that the process has', () => {
    const { causes } = explainDenial(MOUNT, [ALLOWS], { capabilities: ['CAP_SYS_ADMIN'] });
    expect(causes).toEqual([{ kind: 'permissions' }]);
  });

  it('is of a filter that nobody named where this kernel has the call and it is not implemented', () => {
    const statx = call('statx', 332, errno(38));
    const kernel = (minor: number) => ({ kernel: { major: 4, minor } });
    expect(explainDenial(statx, [ALLOWS], kernel(19)).judgement.by).toBe('second-filter');
    expect(explainDenial(statx, [ALLOWS], kernel(4)).judgement.by).toBe('not-seccomp');
    expect(explainDenial(statx, [ALLOWS], kernel(4)).causes).toEqual([{ kind: 'new-call', since: '4.11' }]);
  });

  it('by another errno than the filter answers is told, and still changed', () => {
    const { judgement, change } = explainDenial(call('mount', 165, errno(13)), [DENIES], {});
    expect(judgement).toMatchObject({ by: 'rule', isOtherwise: true });
    expect(change).toBeDefined();
  });

  it('says of the change that it may not help who lacks the capability', () => {
    const openedTo = (capabilities?: string[]) =>
      explainDenial(MOUNT, [DENIES], capabilities ? { capabilities } : {}).change!.opening.isLacking;
    expect(openedTo(['CAP_CHOWN'])).toBe(true);
    expect(openedTo(['CAP_SYS_ADMIN'])).toBeUndefined();
    expect(openedTo()).toBeUndefined();
  });

  it('by a filter whose rules nobody knows is by a rule where most calls are answered otherwise', () => {
    const lifted = (filter: SuspectFilter) => {
      const { policy } = liftPolicy([compilePolicy(filter.policy).program], 'x86_64');
      return { name: 'live', target, policy: policy! };
    };
    expect(explainDenial(MOUNT, [lifted(DENIES)], {}).judgement.by).toBe('rule');
    const all = filter({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [] });
    expect(explainDenial(MOUNT, [lifted(all)], {}).judgement.by).toBe('default');
  });

  it('is unknown without a filter', () => {
    expect(explainDenial(MOUNT, [], {}).judgement.by).toBe('unknown');
  });

  it('of several calls is that which a filter answers as it was told', () => {
    const all = [call('fsopen', 430, errno(1)), MOUNT].map((one) => explainDenial(one, [DENIES], {}));
    expect(likeliest(all)).toMatchObject({ denial: { call: { name: 'mount' } }, alike: [] });
    expect(likeliest([])).toBeUndefined();
  });

  it('opens what lint, the table of attackers and the table of siblings know', () => {
    const { change } = explainDenial(MOUNT, [DENIES], {});
    expect(change!.opening).toMatchObject({
      gain: 'changes what the file system shows',
      asks: [{ capability: 'CAP_SYS_ADMIN' }],
      loosened: [{ name: 'mount', arch: 'x86_64' }],
    });
  });
});

describe('the calls for which a filter kills', () => {
  it('are few, or most', () => {
    const kills = filter({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_KILL_PROCESS' }],
    });
    expect(killingCalls(kills.policy, 'x86_64')).toEqual(['mkdir']);
    expect(killingCalls(filter({ defaultAction: 'SCMP_ACT_TRAP' }).policy, 'x86_64')).toBe('most');
    expect(killingCalls(ALLOWS.policy, 'x86_64')).toEqual([]);
  });
});

describe('a thread or a process that a library could not make', () => {
  const plain = (name: string, nr: number, outcome: DeniedCall['outcome']) =>
    ({ ...call(name, nr, outcome), isPlain: true }) as const;
  const likely = (outcome: DeniedCall['outcome'], profile: SuspectFilter) =>
    likeliest(
      [plain('clone3', 435, outcome), plain('clone', 56, outcome)].map((one) =>
        explainDenial(one, [profile], {}),
      ),
    )!.denial;
  const rule = (names: string[], action: string, more = {}) => ({ names, action, ...more });
  const LIKE_DOCKER = filter({
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    syscalls: [
      rule(['clone'], 'SCMP_ACT_ALLOW', {
        args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      }),
      rule(['clone3'], 'SCMP_ACT_ERRNO', { errnoRet: 38 }),
    ],
  });

  it('was not refused by a filter that denies namespaces and answers ENOSYS to clone3', () => {
    const denial = likely({ kind: 'unknown' }, LIKE_DOCKER);
    expect(denial).toMatchObject({
      call: { name: 'clone' },
      judgement: { by: 'not-seccomp' },
      causes: [{ kind: 'limit' }],
    });
    expect(denial.change).toBeUndefined();
  });

  it('was by another one where the call fails with EPERM all the same', () => {
    expect(likely(errno(1), LIKE_DOCKER).judgement.by).toBe('second-filter');
  });

  it('was by one that answers EPERM to clone3, so that nobody tries clone', () => {
    const denial = likely(errno(1), filter({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 }));
    expect(denial).toMatchObject({ judgement: { by: 'default' } });
  });

  it('passes by a change that keeps it from making namespaces', () => {
    const denial = likely(errno(1), filter({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 }));
    const { after } = denial.change!;
    const answer = (flags: bigint) =>
      explainCall(after, { arch: 0xc000_003e, nr: 56, args: [flags, 0n, 0n, 0n, 0n, 0n] }).action;
    // fork, pthread_create, and a fork into a namespace of users.
    expect([0x1200011n, 0x3d0f00n, 0x10000011n].map(answer)).toEqual(['ALLOW', 'ALLOW', 'ERRNO']);
    expect(denial.change!.opening.findings).toEqual([]);
  });

  it('was by clone3 where the error is ENOSYS itself', () => {
    expect(likely(errno(38), LIKE_DOCKER)).toMatchObject({
      call: { name: 'clone3' },
      judgement: { by: 'rule' },
    });
  });
});
