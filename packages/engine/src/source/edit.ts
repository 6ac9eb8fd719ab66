import type { Span } from '../diagnostics/span.ts';
import type { SourceFormat } from './read.ts';
import type { Entry, Tree } from './tree.ts';

/** A part of a text, and what takes its place. Everything outside of it stays as it is, to the last byte. */
export interface TextEdit {
  readonly span: Span;
  readonly text: string;
}

/** A value to write. Numbers of more than 53 bits are bigints. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Value[]
  | { readonly [key: string]: Value };

type Container = Extract<Tree, { readonly kind: 'array' | 'object' }>;
type ArrayTree = Extract<Tree, { readonly kind: 'array' }>;
type ObjectTree = Extract<Tree, { readonly kind: 'object' }>;

/** The text with edits made, which may stand in any order and must not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits.toSorted((a, b) => a.span.start - b.span.start);
  let result = '';
  let at = 0;
  for (const { span, text: replacement } of ordered) {
    if (span.start < at) throw new Error('edits overlap');
    result += text.slice(at, span.start) + replacement;
    at = span.end;
  }
  return result + text.slice(at);
}

/** Edits of one document that keep comments, order, indentation and line ends of whatever they do not touch. */
export class Editor {
  private readonly text: string;
  private readonly format: SourceFormat;
  private readonly newline: string;

  constructor(text: string, format: SourceFormat) {
    this.text = text;
    this.format = format;
    this.newline = text.includes('\r\n') ? '\r\n' : '\n';
  }

  /** Puts a value in the place of another one. */
  replace({ span }: Tree, value: Value): TextEdit {
    // YAML wants a blank behind a colon or dash.
    const isTight = this.format === 'yaml' && /[:\-,]/.test(this.text[span.start - 1] ?? ' ');
    return { span, text: (isTight ? ' ' : '') + written(value) };
  }

  /** Puts a value into an array, before the element at an index, or at the end. */
  insert(array: ArrayTree, index: number, value: Value): TextEdit {
    return this.add(
      array,
      array.items.map(({ span }) => span),
      index,
      written(value),
    );
  }

  /** Gives a key of an object a value: in the place of the one that it has, or at the end. */
  set(object: ObjectTree, key: string, value: Value): TextEdit {
    const found = object.entries.find((entry) => entry.key === key);
    if (found) return this.replace(found.value, value);
    return this.add(object, object.entries.map(spanOf), object.entries.length, this.entry(key, value));
  }

  /** Takes an element out of an array. */
  remove(array: ArrayTree, index: number): TextEdit {
    return this.take(
      array,
      array.items.map(({ span }) => span),
      index,
      '[]',
    );
  }

  /** Takes a key out of an object that has it. */
  unset(object: ObjectTree, key: string): TextEdit {
    const index = object.entries.findIndex((entry) => entry.key === key);
    return this.take(object, object.entries.map(spanOf), index, '{}');
  }

  private entry(key: string, value: Value): string {
    const plain =
      this.format === 'yaml' &&
      /^[A-Za-z_][\w-]*$/.test(key) &&
      !/^(y|n|yes|no|on|off|true|false|null)$/i.test(key);
    return `${plain ? key : JSON.stringify(key)}: ${written(value)}`;
  }

  private add(container: Container, elements: readonly Span[], index: number, value: string): TextEdit {
    if (this.isBlock(container)) return this.addLine(container, elements, index, value);
    const [open, close] = container.kind === 'array' ? '[]' : '{}';
    if (elements.length === 0) return { span: container.span, text: `${open}${value}${close}` };
    if (index < elements.length) {
      const { start } = elements[index];
      return { span: { start, end: start }, text: `${value},${this.gapBefore(container, elements, index)}` };
    }
    const last = elements.length - 1;
    const { end } = elements[last];
    return { span: { start: end, end }, text: `,${this.gapBefore(container, elements, last)}${value}` };
  }

  /** The white space that stands before an element, such as a line break and indentation. */
  private gapBefore({ span }: Container, elements: readonly Span[], index: number): string {
    const from = index === 0 ? span.start + 1 : elements[index - 1].end;
    const between = this.text.slice(from, elements[index].start);
    const gap = /\s*$/.exec(between)![0];
    return gap === '' || (index === 0 && !gap.includes('\n')) ? ' ' : gap;
  }

  private addLine(container: Container, elements: readonly Span[], index: number, value: string): TextEdit {
    const indent = ' '.repeat(this.columnOf(container, elements[0]));
    const line = `${indent}${container.kind === 'array' ? '- ' : ''}${value}`;
    if (index > 0 || this.sharesLine(container, elements[0])) {
      if (index < elements.length && index > 0) {
        const at = this.lineStart(this.beginOf(container, elements[index]));
        return { span: { start: at, end: at }, text: line + this.newline };
      }
      if (index === 0) {
        // The first element stands behind a dash or a key: the new one takes its place, and it goes to the next line.
        const at = this.beginOf(container, elements[0]);
        return { span: { start: at, end: at }, text: `${line.trimStart()}${this.newline}${indent}` };
      }
      const at = this.lineEnd(elements[elements.length - 1].end);
      return { span: { start: at, end: at }, text: this.newline + line };
    }
    const at = this.lineStart(this.beginOf(container, elements[0]));
    return { span: { start: at, end: at }, text: line + this.newline };
  }

  private take(container: Container, elements: readonly Span[], index: number, empty: string): TextEdit {
    if (elements.length === 1) return { span: container.span, text: empty };
    const element = elements[index];
    if (this.isBlock(container)) return this.takeLines(container, elements, index);
    return index < elements.length - 1
      ? { span: { start: element.start, end: elements[index + 1].start }, text: '' }
      : { span: { start: elements[index - 1].end, end: element.end }, text: '' };
  }

  /** Whole lines, from the dash or key on; comments on lines of their own stay. */
  private takeLines(container: Container, elements: readonly Span[], index: number): TextEdit {
    const element = elements[index];
    const begin = this.beginOf(container, element);
    const end = this.lineEnd(element.end);
    if (index > 0 || !this.sharesLine(container, element)) {
      const hasNext = end < this.text.length;
      const start = this.lineStart(begin);
      return hasNext
        ? { span: { start, end: end + this.text.slice(end).match(/^\r?\n/)![0].length }, text: '' }
        : { span: { start: start - this.text.slice(0, start).match(/\r?\n$/)![0].length, end }, text: '' };
    }
    const next = this.beginOf(container, elements[index + 1]);
    const isBare = this.text.slice(end, next).trim() === '';
    return { span: { start: begin, end: isBare ? next : end }, text: '' };
  }

  /** Where an element begins: at its key, or at the dash before it. */
  private beginOf(container: Container, element: Span): number {
    if (container.kind === 'object') return element.start;
    return this.text.lastIndexOf('-', element.start - 1);
  }

  private columnOf(container: Container, element: Span): number {
    const begin = this.beginOf(container, element);
    return begin - this.lineStart(begin);
  }

  /** Whether something but indentation stands before an element on its line, such as the dash of an outer sequence. */
  private sharesLine(container: Container, element: Span): boolean {
    const begin = this.beginOf(container, element);
    return this.text.slice(this.lineStart(begin), begin).trim() !== '';
  }

  private lineStart(at: number): number {
    return this.text.lastIndexOf('\n', at - 1) + 1;
  }

  /** Before the line break, whichever it is. */
  private lineEnd(at: number): number {
    const found = /\r?\n/g;
    found.lastIndex = at;
    return found.exec(this.text)?.index ?? this.text.length;
  }

  private isBlock({ kind, span }: Container): boolean {
    return this.format === 'yaml' && this.text[span.start] !== (kind === 'array' ? '[' : '{');
  }
}

function spanOf({ keySpan, value }: Entry): Span {
  return { start: keySpan.start, end: Math.max(keySpan.end, value.span.end) };
}

/** JSON on one line, which is YAML, too. */
function written(value: Value): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${written(item)}`)
    .join(', ')}}`;
}
