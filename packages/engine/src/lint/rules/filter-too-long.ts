import { filterLength } from '../../analysis/cost.ts';
import { MAX_INSTRUCTIONS } from '../../bpf/opcodes.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import type { Judged } from '../judged.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** No name and no condition takes more instructions than that on one ABI. */
const [MOST_OF_NAME, MOST_OF_CONDITION] = [2, 6];

/** libseccomp's filter may be a little shorter than callgate's. */
const SURELY_TOO_LONG = 1.1 * MAX_INSTRUCTIONS;

/** The kernel takes filters of a length. */
export const filterTooLong: PolicyRule = {
  code: 'filter-too-long',
  severity: 'critical',
  about:
    'The rules make a longer filter than the 4,096 instructions that the kernel takes (BPF_MAXINSNS). It refuses such a filter, and no container starts.',
  *find(judged) {
    if (!mayBeTooLong(judged)) return;
    const length = filterLength(judged.policy);
    if (length <= MAX_INSTRUCTIONS) return;
    const most = MAX_INSTRUCTIONS.toLocaleString('en-US');
    yield {
      ...((length < SURELY_TOO_LONG || length === Infinity) && { severity: 'high' as const }),
      message:
        length === Infinity
          ? `callgate finds no filter for so many conditions in the ${most} instructions that the kernel takes`
          : `the filter has ${length.toLocaleString('en-US')} instructions, as callgate compiles it, and the kernel takes ${most}`,
      identity: 'too long',
      place: judged.profile.defaultAction.span,
      fix: advice('callgate show tells which calls cost the most'),
    };
  },
};

/** Compiling takes long, and hardly a profile comes near. */
function mayBeTooLong({ profile: { rules }, policy: { abis } }: Judged): boolean {
  const names = new Set(rules.flatMap((rule) => rule.names.map(({ value }) => value)));
  const conditions = rules.reduce((sum, rule) => sum + rule.names.length * rule.conditions.length, 0);
  return (MOST_OF_NAME * names.size + MOST_OF_CONDITION * conditions) * abis.length > MAX_INSTRUCTIONS;
}
