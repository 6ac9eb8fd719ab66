import type { Change, Difference } from '../analysis/diff.ts';
import { explainCall } from '../analysis/explain.ts';
import type { Finding } from '../lint/finding.ts';
import type { Gated, Judgement } from '../lint/gate.ts';
import { abiOf } from '../syscalls/arch.ts';
import { formatAction } from './action.ts';
import { conditionOf } from './differences.ts';

/** The code of a difference that is told as a finding. */
export const GATE_CODES = {
  loosened: 'The change lets calls pass, or leaves them to a tracer or supervisor, that were denied before.',
} as const;

/** How many differences of each kind there are, in words: "3 calls loosened, 1 tightened"; undefined for none. */
export function changeCounts(differences: readonly Difference[]): string | undefined {
  const counts = (['loosened', 'tightened', 'changed'] as const).flatMap((change) => {
    const calls = new Set(differences.filter((d) => d.change === change).map(({ name, nr }) => name ?? nr));
    return calls.size > 0 ? [`${calls.size} ${change}`] : [];
  });
  return counts.length > 0 ? counts.join(', ') : undefined;
}

/** Differences of some kinds as findings: one for each call and what it gets now, at the rule that decides it now. */
export function changesAsFindings(
  { differences }: Gated,
  after: Judgement,
  kinds: readonly Change[],
): Finding[] {
  const groups = new Map<string, Difference[]>();
  for (const difference of differences.listed) {
    if (!kinds.includes(difference.change)) continue;
    const key = `${difference.change} ${callOf(difference)} ${words(difference)} ${conditionOf(difference)}`;
    groups.set(key, [...(groups.get(key) ?? []), difference]);
  }
  return [...groups.values()].map((group) => changeFinding(group as [Difference, ...Difference[]], after));
}

function changeFinding(group: readonly [Difference, ...Difference[]], { judged }: Judgement): Finding {
  const [first] = group;
  const { witness, change } = first;
  const arch = first.arch === 'other' ? judged.native.name : first.arch;
  const condition = conditionOf(first);
  const call = { arch: witness.arch, nr: witness.nr, args: witness.args };
  const where = [...new Set(group.map((d) => d.arch))];
  const isNative = where.length === 1 && where[0] === judged.native.name;
  return {
    code: change,
    severity: change === 'loosened' ? 'high' : 'info',
    message: `${callOf(first)}${condition === '' ? '' : ` when ${condition}`}: ${words(first)}${isNative ? '' : ` (${where.join(', ')})`}`,
    place: judged.placeOf(explainCall(judged.policy, call).origin),
    ...(first.arch !== 'other' &&
      abiOf(arch).auditArch === witness.arch && {
        witness: { arch, nr: witness.nr, args: witness.args },
      }),
  };
}

function callOf({ name, nr, last }: Difference): string {
  return name ?? (last > nr ? `numbers ${nr} to ${last}` : `number ${nr}`);
}

function words({ before, after }: Difference): string {
  return `${formatAction(before.kind, before.data)} → ${formatAction(after.kind, after.data)}`;
}
