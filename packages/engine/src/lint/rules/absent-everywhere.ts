import { actionOfWord, freedomOf } from '../../bpf/action.ts';
import { isKnownName } from '../../syscalls/lookup.ts';
import type { LintRule } from '../rule.ts';

/** No ABI in use has the call: worth a warning where somebody thinks that it is denied. */
export const absentEverywhere: LintRule<'absent-everywhere'> = {
  kind: 'absent-everywhere',
  severity: 'note',
  say([{ rule, abis, byDefault }]) {
    const name = rule.name.value;
    const message = `${name} does not exist on ${abis.join(', ')}`;
    if (freedom(rule.word) >= freedom(byDefault)) return { message };
    const other = [`${name}2`, `${name}64`, `${name}at`].find(isKnownName);
    return {
      severity: 'warning',
      message: `${message}, so there the rule denies nothing`,
      ...(other !== undefined && { remedy: { kind: 'did-you-mean', word: other } }),
    };
  },
};

function freedom(word: number): number {
  return freedomOf(actionOfWord(word).kind);
}
