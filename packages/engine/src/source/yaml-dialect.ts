import type { Span } from '../diagnostics/span.ts';
import { MAX_DEPTH } from './tree.ts';

/** How a reader of YAML takes what the standard forbids or leaves open. */
export interface YamlDialect {
  /** Longer texts are refused; UTF-16 units. */
  readonly maxLength: number;
  /** More brackets may not be open at once, be it in comments or strings; how deep values nest is bounded anyway. */
  readonly maxBrackets: number;
  /** Which of two equal keys of a map counts. */
  readonly repeatedKeys: 'refuse' | 'last';
  /**
   * What the key `<<` does. none: it is a key like others; in-order: what comes later in the map wins, be it a key or what is
   * merged; keys-win: what is merged never takes the place of a key.
   */
  readonly merges: 'none' | 'in-order' | 'keys-win';
  /** Which plain words are booleans: those of YAML 1.2 (true, false), or those of 1.1, too (yes, no, on, off, y, n). */
  readonly booleans: '1.2' | '1.1';
  /** Is told whatever others would read in another way. */
  readonly notice: (note: YamlNote) => void;
}

/** What readers of YAML do not agree about, and where it stands. */
export type YamlNote =
  | { readonly kind: 'repeated-key'; readonly key: string; readonly first: Span; readonly second: Span }
  | { readonly kind: 'merged-over-key'; readonly key: string; readonly own: Span; readonly merge: Span }
  | { readonly kind: 'word-boolean'; readonly word: string; readonly value: boolean; readonly span: Span };

/** YAML as profiles have it: nothing in it may be read in two ways. 256 Ki: a profile has some kilobytes. */
export const STRICT_YAML: YamlDialect = {
  maxLength: 256 * 1024,
  maxBrackets: MAX_DEPTH,
  repeatedKeys: 'refuse',
  merges: 'none',
  booleans: '1.2',
  notice: () => {},
};

/** The boolean that a plain word is in YAML 1.1. Source: yaml.org/type/bool.html. */
export function wordBoolean(word: string): boolean | undefined {
  if (/^(?:y|Y|yes|Yes|YES|on|On|ON)$/.test(word)) return true;
  return /^(?:n|N|no|No|NO|off|Off|OFF)$/.test(word) ? false : undefined;
}
