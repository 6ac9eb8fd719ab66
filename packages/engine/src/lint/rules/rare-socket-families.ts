import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { isSubset } from '../../diagram/call-set.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import type { Condition } from '../../profile/profile.ts';
import type { Judged } from '../judged.ts';
import { inWords } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** linux/socket.h, and what the kernel asks for besides (docs/facts.md). */
const RARE: readonly (readonly [family: bigint, name: string])[] = [
  [17n, 'AF_PACKET (with CAP_NET_RAW)'],
  [21n, 'AF_RDS'],
  [29n, 'AF_CAN'],
  [30n, 'AF_TIPC'],
  [31n, 'AF_BLUETOOTH'],
  [38n, 'AF_ALG'],
  [40n, 'AF_VSOCK'],
];
const FAMILIES = 46;
const WHOLE = 0xffff_ffff_ffff_ffffn;

/** Sockets that few programs need. */
export const rareSocketFamilies: PolicyRule = {
  code: 'rare-socket-families',
  severity: 'low',
  about:
    'socket is filtered by its family, but passes with families that few programs need. Their code in the kernel is tried less than that of the internet, and faults in it can be reached.',
  *find(judged) {
    const { native } = judged;
    const passing = RARE.filter(([family]) => passesUnnamed(judged, family));
    const [first] = passing;
    if (!first) return;
    const witness = judged.witness(
      native,
      'socket',
      judged.passingWith(native, 'socket', 0, WHOLE, first[0]),
    );
    const { origin } = judged.verdict(native, 'socket', witness.args);
    const isFiltered = filtersFamilies(judged);
    // Where everything passes that no rule names there is another finding.
    if (!isFiltered && origin.because !== 'rule') return;
    const names = inWords(passing.map(([, name]) => name));
    yield {
      ...(!isFiltered && { severity: 'info' as const }),
      message: `socket ${isFiltered ? 'is filtered by its family, but ' : ''}passes with ${names}, which few programs need`,
      place: judged.placeOf(origin),
      witness,
      fix: advice(
        'allow the families that are needed, each with "op": "SCMP_CMP_MASKED_EQ", "value": 4294967295, and the family in "valueTwo"',
      ),
    };
  },
};

/** Whether a socket of the family passes, and no condition allows just that one. */
function passesUnnamed(judged: Judged, family: bigint): boolean {
  const { native } = judged;
  const passing = judged.passingWith(native, 'socket', 0, WHOLE, family);
  if (passing === Diagram.FALSE) return false;
  const { action, origin } = judged.verdict(native, 'socket', judged.witness(native, 'socket', passing).args);
  const named = origin.because === 'rule' && origin.rule.conditions.some((c) => names(c, family));
  return executes(action) && !named;
}

function names({ argument, operator, value, valueTwo }: Condition, family: bigint): boolean {
  const datum = operator === 'EQ' ? value : operator === 'MASKED_EQ' ? valueTwo : undefined;
  return argument === 0 && datum === family;
}

/** Whether socket passes, but not with some family, whatever the type and the protocol are. */
function filtersFamilies(judged: Judged): boolean {
  const { native, policy } = judged;
  if (judged.passes(native, 'socket') !== 'sometimes') return false;
  const denied = judged.denied(native, 'socket')!;
  return Array.from({ length: FAMILIES }, (_, family) =>
    policy.diagram.equals(argumentField(0), family),
  ).some((set) => isSubset(policy.diagram, set, denied));
}
