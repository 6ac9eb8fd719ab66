import { advice } from '../../diagnostics/diagnostic.ts';
import type { LintRule } from '../rule.ts';

/** An ABI compares 32 bits, so calls with other upper halves meet the condition too. */
export const valueCut: LintRule<'value-cut'> = {
  kind: 'value-cut',
  severity: 'warning',
  say(facts) {
    const [{ condition }] = facts;
    const { operator, value, valueTwo, argument } = condition;
    const compared = operator === 'MASKED_EQ' ? valueTwo & value : value;
    const abis = [...new Set(facts.map(({ abi }) => abi))].join(' and ');
    return {
      message: `on ${abis} only the low 32 bits of argument ${argument} are compared`,
      remedy: advice(`0x${compared.toString(16)} becomes 0x${(compared & 0xffff_ffffn).toString(16)}`),
    };
  },
};
