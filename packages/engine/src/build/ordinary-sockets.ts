import { Diagram } from '../diagram/diagram.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import type { Condition, Profile, Rule } from '../profile/profile.ts';
import type { Recording } from '../recording/recording.ts';

/** AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK (linux/socket.h), by which programs list interfaces. */
export const ORDINARY_FAMILIES = [1, 2, 10, 16] as const;
const MOST_FAMILIES = 64;

/**
 * The profile with sockets for the families alone that programs usually need, and those that the recording shows, where it allows
 * sockets by conditions such as a runtime's default has: of them, those that these let pass. What allows every socket, or none,
 * stays.
 */
export function withOrdinarySockets(profile: Profile, recording: Recording): Profile {
  const rulesBefore = profile.rules.filter(isConditionalSocket);
  const [first] = rulesBefore;
  if (!first) return profile;
  const families = [...new Set([...ORDINARY_FAMILIES, ...familiesIn(recording)])].slice(0, MOST_FAMILIES);
  const [like] = first.conditions;
  const sockets = families.flatMap((family): Rule[] => {
    const is: Condition = { ...like, argument: 0, operator: 'EQ', value: BigInt(family), valueTwo: 0n };
    return rulesBefore.some((rule) => letsPass(rule, is)) ? [{ ...first, conditions: [is] }] : [];
  });
  const rules = profile.rules.flatMap((rule) => {
    if (rule === first) return sockets;
    return isConditionalSocket(rule) ? [] : [rule];
  });
  return { ...profile, rules: rules.map((rule, index) => ({ ...rule, index })) };
}

/** Whether a rule lets every socket of the family pass: one that also looks at the type or the protocol does not. */
function letsPass({ conditions }: Rule, family: Condition): boolean {
  const d = new Diagram();
  const wanted = conditionsDiagram(d, [family], 64);
  return d.and(wanted, conditionsDiagram(d, conditions, 64)) === wanted;
}

function isConditionalSocket({ names, action, conditions }: Rule): boolean {
  return (
    action.value === 'ALLOW' && conditions.length > 0 && names.length === 1 && names[0].value === 'socket'
  );
}

function familiesIn({ observations }: Recording): number[] {
  return observations
    .filter(({ name }) => name === 'socket')
    .flatMap(({ args = [] }) => args.map(({ values: [family] }) => Number(family ?? 0)))
    .filter((family) => Number.isInteger(family) && family > 0 && family < 2 ** 16);
}
