import { actionOfWord, freedomOf } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { callsWhere, smallestCall } from '../../diagram/call-set.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { conditionsDiagram } from '../../policy/condition.ts';
import { actionKind } from '../../profile/profile.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** A rule that is left out, and that another one would have given way to. */
export const ruleLost: PolicyRule = {
  code: 'rule-lost',
  severity: 'high',
  about:
    'The runtime leaves out a rule that says what the default action says. Here it would have been an exception from another rule for the same call, which now decides in its place.',
  *find(judged) {
    const { native, policy } = judged;
    const { diagram } = policy;
    for (const fact of judged.facts) {
      if (fact.kind !== 'rule-equals-default') continue;
      for (const { value: name, span } of fact.rule.names) {
        const decision = judged.decision(native, name);
        if (decision === undefined) continue;
        const meant = conditionsDiagram(diagram, fact.rule.conditions, native.bits);
        const wanted = freedomOf(actionKind(fact.rule.action.value));
        const other = diagram.and(
          meant,
          callsWhere(diagram, decision, (word) => freedomOf(actionOfWord(word).kind) !== wanted),
        );
        if (other === Diagram.FALSE) continue;
        const { args } = smallestCall(diagram, other)!;
        const { origin, action } = judged.verdict(native, name, args);
        yield {
          message: `the runtime leaves this rule out, because it says what the default says, and another one decides ${name}: ${action}`,
          place: span,
          related: judged.placeOf(origin),
          witness: { arch: native.name, nr: numberOf(native.name, name)!, args },
          fix: advice(
            'say the same with another errno, or give the other rule conditions that leave these calls out',
          ),
        };
        break;
      }
    }
  },
};
