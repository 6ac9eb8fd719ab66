import type { CallRule } from '../libseccomp/call-rule.ts';
import type { RuleFact } from '../runtime/fact.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { numberOf } from '../syscalls/lookup.ts';
import type { Words } from './rule.ts';

/**
 * What to say of a rule that another one settles. Where every ABI that has the call shows it, `everywhere` does; else
 * the ABIs are named, and what reaches a call through a multiplexer alone is said as that.
 */
export function settledByAnother(
  facts: readonly [RuleFact, ...RuleFact[]],
  abis: readonly AbiName[],
  everywhere: (name: string) => string,
): Words | undefined {
  const direct = facts.filter(({ rule }) => rule.through === undefined);
  const [{ rule, by }] = direct.length > 0 ? direct : facts;
  const name = rule.name.value;
  const related = by.name.span;
  if (direct.length === 0) {
    // Whoever allows connect and socketcall means both.
    if (facts.every((fact) => fact.rule.word === fact.by.word && isWhole(fact.rule))) return undefined;
    const where = listed(facts.map(({ abi }) => abi));
    return {
      message: `on ${where}, where ${name} goes through ${rule.through} too, another rule decides it`,
      related,
    };
  }
  const having = abis.filter((abi) => numberOf(abi, name) !== undefined);
  const showing = new Set(direct.map(({ abi }) => abi));
  const message = everywhere(name);
  return having.every((abi) => showing.has(abi))
    ? { message, related }
    : { message: `on ${listed([...showing])}, ${message}`, related };
}

/** Whether a rule that goes through a multiplexer has no condition but the sub-call number. */
function isWhole({ conditions }: CallRule): boolean {
  return conditions.length === 1;
}

function listed(abis: readonly AbiName[]): string {
  return [...new Set(abis)].join(' and ');
}
