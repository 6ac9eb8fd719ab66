import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { argument, type Field, half } from '../diagram/fields.ts';
import type { Condition } from '../profile/profile.ts';

const ALL_ONES_64 = 0xffff_ffff_ffff_ffffn;
const ALL_ONES_32 = 0xffff_ffffn;

/**
 * The calls that meet a condition on an ABI whose arguments libseccomp compares in so many bits: on 32-bit ABIs only
 * the low word, with value and mask cut to it (libseccomp db.c: _db_rule_gen_32).
 */
export function conditionDiagram(diagram: Diagram, condition: Condition, bits: 32 | 64): NodeId {
  const whole = argument(condition.argument);
  const field = bits === 64 ? whole : half(whole, 'low');
  const ones = bits === 64 ? ALL_ONES_64 : ALL_ONES_32;
  const value = condition.value & ones;
  switch (condition.operator) {
    case 'EQ':
      return diagram.equals(field, value);
    case 'NE':
      return diagram.not(diagram.equals(field, value));
    case 'GE':
      return diagram.atLeast(field, value);
    case 'LT':
      return diagram.not(diagram.atLeast(field, value));
    case 'GT':
      return above(diagram, field, value, ones);
    case 'LE':
      return diagram.not(above(diagram, field, value, ones));
    case 'MASKED_EQ':
      return diagram.maskedEquals(field, value, condition.valueTwo & value & ones);
  }
}

/** The calls that meet all of the conditions. */
export function conditionsDiagram(diagram: Diagram, conditions: readonly Condition[], bits: 32 | 64): NodeId {
  return conditions.reduce((all, c) => diagram.and(conditionDiagram(diagram, c, bits), all), Diagram.TRUE);
}

function above(diagram: Diagram, field: Field, value: bigint, ones: bigint): NodeId {
  return value === ones ? Diagram.FALSE : diagram.atLeast(field, value + 1n);
}
