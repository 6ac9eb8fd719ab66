import { explainCall } from '@callgate/engine/internal/analysis/explain';
import { freedomOf } from '@callgate/engine/internal/bpf/action';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import type { CheckOutcome } from '@callgate/engine/internal/report/test-report';
import type { SecurityCheck } from '@callgate/engine/internal/spec/spec';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { thisMachine } from '../machine.ts';
import { type AttackCategory, attacksInCategory, findAttack } from './attacks.ts';
import { checkDefault } from './check-default.ts';
import type { ProfileTest } from './profile-test.ts';
import type { Attack, AttackTrial, AttackWay, MakeCalls } from './trial.ts';
import { tryAttacks } from './try-attacks.ts';
import { judgeAttack, judgeCall } from './verdicts.ts';

/** How calls are made under the profile and, as control, without it. */
export interface CallMakers {
  readonly confined: MakeCalls;
  readonly control: MakeCalls;
}

/** Looks at what must not work: tries every attack and call that the checks name, all together, and judges what came of them. */
export async function checkSecurity(
  test: Pick<ProfileTest, 'spec' | 'defaultOf' | 'onStep'>,
  { confined, control }: CallMakers,
  policy: Policy,
  capabilities: readonly string[] | undefined,
): Promise<CheckOutcome[]> {
  const { security } = test.spec;
  const wanted = security.map(attacksOfCheck);
  const attacks = [...new Set(wanted.flat())];
  test.onStep?.(`trying ${attacks.length} attacks`);
  const trials = attacks.length > 0 ? await tryAttacks(attacks, confined, control) : [];
  const trialOf = new Map(trials.map((trial) => [trial.attack, trial]));
  return security.map((check, i): CheckOutcome => {
    const { name, place } = check;
    const mine = wanted[i].map((attack) => trialOf.get(attack)!);
    return { name, place, kind: 'security', ...verdict(check, mine) };
  });

  function verdict(check: SecurityCheck, mine: readonly AttackTrial[]) {
    const denies = (way: AttackWay) => isDenied(policy, way);
    if (check.kind === 'default')
      return checkDefault(check.runtime, policy, test.defaultOf(check.runtime, capabilities));
    return check.kind === 'call'
      ? judgeCall(mine[0].ways[0], check.expect, denies)
      : judgeAttack(mine, denies);
  }
}

/** The attacks that a check is about; a call is one of its own. */
function attacksOfCheck(check: SecurityCheck): readonly Attack[] {
  const native = thisMachine().abi.name;
  switch (check.kind) {
    case 'attack':
      return [findAttack(native, check.attack)].filter((attack) => attack !== undefined);
    case 'category':
      return attacksInCategory(native, check.category as AttackCategory);
    case 'call': {
      const { abi, nr, name, args } = check.call;
      const way = { abi: abi.name, nr, syscall: name, args, reached: [] };
      return [{ id: check.name, category: 'kernel', gain: 'what somebody asks about', ways: [way] }];
    }
    case 'default':
      return [];
  }
}

/** Whether the profile denies a call by its own meaning, whatever the kernel would do with it. */
function isDenied(policy: Policy, { abi, nr, args }: AttackWay): boolean {
  const { action } = explainCall(policy, { arch: abiOf(abi).auditArch, nr, args });
  return freedomOf(action) === 0;
}
