import { advice } from '../../diagnostics/diagnostic.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { inWords } from '../listed.ts';
import { ADDR_NO_RANDOMIZE, passingPersonality, READ_IMPLIES_EXEC } from '../personality.ts';
import type { PolicyRule } from '../policy-rule.ts';

const FLAGS = [
  ['ADDR_NO_RANDOMIZE', ADDR_NO_RANDOMIZE, 'programs may be started at addresses that can be foreseen'],
  ['READ_IMPLIES_EXEC', READ_IMPLIES_EXEC, 'memory that a process maps from then on can be executed'],
] as const;

/** A process may take the protections of its memory away. */
export const personalityPasses: PolicyRule = {
  code: 'personality-passes',
  severity: 'low',
  about:
    'personality passes with ADDR_NO_RANDOMIZE or READ_IMPLIES_EXEC: programs may be started at addresses that can be foreseen, or memory that a process maps can be executed. Debuggers need the first, old programs the second.',
  *find(judged) {
    const { native, policy } = judged;
    const passing = FLAGS.filter(([, flag]) => passingPersonality(judged, flag) !== Diagram.FALSE);
    const [first] = passing;
    if (!first) return;
    const witness = judged.witness(native, 'personality', passingPersonality(judged, first[1]));
    const { origin } = judged.verdict(native, 'personality', witness.args);
    // Where everything passes that no rule names there is another finding.
    if (origin.because !== 'rule' && policy.diagram.isTerminal(judged.decision(native, 'personality')!))
      return;
    yield {
      message: `personality passes with ${inWords(passing.map(([name]) => name))}: ${inWords(passing.map(([, , how]) => how))}`,
      place: judged.placeOf(origin),
      witness,
      fix: advice(
        'allow single values alone, such as 0 (Linux), 8 (32 bits) and 4294967295 (to ask), each with "op": "SCMP_CMP_EQ"',
      ),
    };
  },
};
