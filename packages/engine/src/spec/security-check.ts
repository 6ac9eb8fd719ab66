import { suggest } from '../diagnostics/suggest.ts';
import { quote } from '../source/tree.ts';
import type { Abi } from '../syscalls/arch.ts';
import { type CallFault, readCall } from './read-call.ts';
import type { SecurityCheck } from './spec.ts';
import type { WrittenSecurity } from './spec-schema.ts';

/** What security checks may name. */
export interface KnownChecks {
  readonly attacks: readonly string[];
  readonly categories: readonly string[];
  /** Runtimes whose default is known. */
  readonly defaults: readonly string[];
}

type Placeless<T> = T extends unknown ? Omit<T, 'place'> : never;

/** The check that an entry with one of its keys describes, with the name it has where nobody gave it one. */
export function securityCheck(
  { attack, category, call, expect = 'denied', default: runtime }: WrittenSecurity,
  known: KnownChecks,
  native: Abi,
): Placeless<SecurityCheck> | { readonly key: string; readonly fault: CallFault } {
  if (attack !== undefined)
    return known.attacks.includes(attack)
      ? { kind: 'attack', attack, name: attack }
      : { key: 'attack', fault: noneOf('attack', attack, known.attacks) };
  if (category !== undefined)
    return known.categories.includes(category)
      ? { kind: 'category', category, name: `everything in ${category}` }
      : { key: 'category', fault: noneOf('category', category, known.categories) };
  if (call !== undefined) {
    const asked = readCall(call, native);
    if ('fault' in asked) return { key: 'call', fault: asked.fault };
    return { kind: 'call', call: asked, expect, name: `${call.trim()} is ${expect}` };
  }
  return known.defaults.includes(runtime!)
    ? { kind: 'default', runtime: runtime!, name: `nothing that the default of ${runtime} denies` }
    : { key: 'default', fault: noneOf('runtime', runtime!, known.defaults) };
}

function noneOf(what: string, word: string, words: readonly string[]): CallFault {
  const meant = suggest(word, words);
  const list = meant === undefined ? `; there are ${words.slice(0, 60).join(', ')}` : '';
  return { message: `is ${quote(word)}, no known ${what}${list}`, meant };
}
