import type { Span } from '../diagnostics/span.ts';
import { escapedInJson, replaceUnprintable } from './unprintable.ts';

/** A document as it was written: JSON's values with their places. Numbers keep their text, so no bit is lost. */
export type Tree =
  | { readonly kind: 'object'; readonly entries: readonly Entry[]; readonly span: Span }
  | { readonly kind: 'array'; readonly items: readonly Tree[]; readonly span: Span }
  | { readonly kind: 'string'; readonly value: string; readonly span: Span }
  | { readonly kind: 'number'; readonly text: string; readonly span: Span }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly span: Span }
  | { readonly kind: 'null'; readonly span: Span };

export interface Entry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: Tree;
}

/** How deep a document may nest; a profile needs six levels. */
export const MAX_DEPTH = 64;
/** How long a document may be, in UTF-16 units; Docker's own profile has 13,000. */
export const MAX_LENGTH = 4 * 1024 * 1024;

/** "an object", "a string" …: what stands there, for a message. */
export function describe(tree: Tree): string {
  switch (tree.kind) {
    case 'object':
      return 'an object';
    case 'array':
      return 'an array';
    case 'string':
      return `the string ${quote(tree.value)}`;
    case 'number':
      return `the number ${shorten(tree.text)}`;
    case 'boolean':
      return String(tree.value);
    case 'null':
      return 'null';
  }
}

/** A text from outside, in quotes, short, and with everything escaped that a terminal would act on. */
export function quote(text: string): string {
  return replaceUnprintable(JSON.stringify(shorten(text)), escapedInJson);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
