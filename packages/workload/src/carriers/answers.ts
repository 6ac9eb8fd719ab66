import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { quote } from '@callgate/engine/internal/source/tree';
import type { Carrier, Question } from './carrier.ts';

type Form = NonNullable<Question['form']>;

export const DNS_LABEL: Form = {
  pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  words: 'small letters, digits and "-", at most 63',
};
export const RELATIVE_PATH: Form = {
  pattern: /^(?![./])(?!.*\/\.{0,2}(?:\/|$))[\w./-]{1,255}$/,
  words: 'a relative path of letters, digits, "_", "." and "-", without ".."',
};
export const ABSOLUTE_PATH: Form = {
  pattern: /^(?!.*\/\.{0,2}(?:\/|$))(?:\/[\w.-]{1,255}){1,16}$/,
  words: 'an absolute path of letters, digits, "_", "." and "-", without ".."',
};

/** A carrier's questions with their answers, or what is wrong with one of these. */
export type Answered = { readonly answers: Readonly<Record<string, string>> } | { readonly fault: string };

/** What was answered, and what is usual where nothing was. */
export function answered({ id, asks = {} }: Carrier, given: ReadonlyMap<string, string>): Answered {
  for (const [key, value] of given) {
    if (!Object.hasOwn(asks, key)) return { fault: unasked(id, Object.keys(asks), key) };
    const { form } = asks[key];
    if (form && !form.pattern.test(value))
      return { fault: `${key} is ${quote(value)}, but it needs ${form.words}` };
  }
  const unanswered = Object.entries(asks).find(([key, { needed }]) => needed && !given.has(key));
  if (unanswered) {
    const [key, { about, needed }] = unanswered;
    return { fault: `${id} needs ${key}: ${about}, such as ${key}=${needed}` };
  }
  const usual = Object.entries(asks).flatMap(([key, question]) =>
    question.usual === undefined ? [] : [[key, question.usual] as const],
  );
  return { answers: Object.fromEntries([...usual, ...given]) };
}

function unasked(id: string, keys: readonly string[], key: string): string {
  if (keys.length === 0) return `${id} asks nothing, so ${quote(key)} cannot be set`;
  const meant = suggest(key, keys);
  return `${id} does not ask ${quote(key)}; ${meant ? `did you mean ${meant}?` : `it asks ${keys.join(', ')}`}`;
}

/** A DNS label of any text, such as the name of a file: what people would make of it. */
export function nameFrom(text: string): string {
  const label = text
    .toLowerCase()
    .slice(0, 200)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 63)
    .replace(/-$/, '');
  return label === '' ? 'profile' : label;
}

/** Whether a name can be given to a profile. */
export function isName(name: string): boolean {
  return DNS_LABEL.pattern.test(name);
}
