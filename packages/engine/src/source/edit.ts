import type { Span } from '../diagnostics/span.ts';
import { dashStep, indentationStep } from './indentation.ts';
import type { SourceFormat } from './read.ts';
import type { Entry, Tree } from './tree.ts';
import { type Manner, written, writtenKey } from './written.ts';

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

/** What is put into a text stands on one line, in brackets and quotes; or it looks like what stands around it. */
export type EditStyle = 'one-line' | 'as-neighbours';

/** JSON, which is YAML, too. */
const ONE_LINE: Manner = { kind: 'line', isQuoted: true };

/** Edits of one document that keep comments, order, indentation and line ends of whatever they do not touch. */
export class Editor {
  private readonly text: string;
  private readonly format: SourceFormat;
  private readonly style: EditStyle;
  private readonly newline: string;
  private readonly step: string;
  private readonly dashStep: string;

  constructor(text: string, format: SourceFormat, style: EditStyle = 'one-line') {
    this.text = text;
    this.format = format;
    this.style = style;
    this.newline = text.includes('\r\n') ? '\r\n' : '\n';
    this.step = style === 'one-line' ? '  ' : indentationStep(text, format);
    this.dashStep = style === 'one-line' ? '  ' : dashStep(text, this.step);
  }

  /** Puts a value in the place of another one. */
  replace({ span }: Tree, value: Value, manner: Manner = this.lineManner()): TextEdit {
    const put = written(value, this.isQuoted(span) ? ONE_LINE : manner);
    // YAML wants a blank behind a colon or dash.
    const isTight = this.format === 'yaml' && /[:\-,]/.test(this.text[span.start - 1] ?? ' ');
    return { span, text: (isTight ? ' ' : '') + this.broken(put) };
  }

  /** Puts a value into an array, before the element at an index, or at the end. */
  insert(array: ArrayTree, index: number, value: Value): TextEdit {
    return this.add(
      array,
      array.items.map(({ span }) => span),
      index,
      (manner) => {
        const isWord = typeof value === 'string' && array.items.length > 0;
        return written(value, isWord && this.isQuoted(array.items[0].span) ? ONE_LINE : manner).trimStart();
      },
    );
  }

  /** Gives a key of an object a value: in the place of the one that it has, or at the end. */
  set(object: ObjectTree, key: string, value: Value): TextEdit {
    const found = object.entries.find((entry) => entry.key === key);
    if (found) return this.replaceEntry(object, found, value);
    return this.add(object, object.entries.map(spanOf), object.entries.length, (manner) =>
      this.entryText(key, value, manner),
    );
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

  /** In block style, what takes the place of nothing or of an alias goes to lines of its own, behind the key's comment. */
  private replaceEntry(object: ObjectTree, { value: old, keySpan }: Entry, value: Value): TextEdit {
    const isCollection = value !== null && typeof value === 'object' && Object.keys(value).length > 0;
    if (this.style === 'one-line' || !isCollection) return this.replace(old, value);
    const manner = this.mannerIn(object, object.entries.map(spanOf), 0);
    if (manner.kind === 'lines') return this.replace(old, value, manner);
    const end = this.lineEnd(old.span.end);
    const rest = this.text.slice(old.span.end, end).trim();
    const isEmpty = old.span.start === old.span.end;
    const isAlias = this.text[old.span.start] === '*' && rest === '';
    if (manner.kind !== 'block' || !(isAlias || (isEmpty && (rest === '' || rest.startsWith('#')))))
      return this.replace(old, value, this.lineManner(object));
    const start = isAlias ? keySpan.end + this.text.slice(keySpan.end, old.span.start).trimEnd().length : end;
    return { span: { start, end }, text: this.broken(written(value, this.inside(manner, value))) };
  }

  private add(
    container: Container,
    elements: readonly Span[],
    index: number,
    textIn: (manner: Manner) => string,
  ): TextEdit {
    if (elements.length === 0) {
      const [open, close] = container.kind === 'array' ? '[]' : '{}';
      return { span: container.span, text: `${open}${textIn(this.lineManner())}${close}` };
    }
    const value = this.broken(textIn(this.mannerIn(container, elements, index)));
    if (this.isBlock(container)) return this.addLine(container, elements, index, value);
    if (index < elements.length) {
      const { start } = elements[index];
      return { span: { start, end: start }, text: `${value},${this.gapBefore(container, elements, index)}` };
    }
    const last = elements.length - 1;
    const { end } = elements[last];
    return { span: { start: end, end }, text: `,${this.gapBefore(container, elements, last)}${value}` };
  }

  /** How a value is written that stands in this container. */
  private mannerIn(container: Container, elements: readonly Span[], index: number): Manner {
    if (this.style === 'one-line') return this.lineManner();
    const last = Math.min(index, elements.length - 1);
    if (this.isBlock(container)) {
      const indent = ' '.repeat(this.columnOf(container, elements[0]));
      return {
        kind: 'block',
        indent: container.kind === 'array' ? `${indent}  ` : indent,
        step: this.step,
        dashStep: this.dashStep,
      };
    }
    const gap = this.gapBefore(container, elements, last);
    const line = this.lineManner(container);
    if (!gap.includes('\n') || line.kind !== 'line') return line;
    return { ...line, kind: 'lines', indent: gap.slice(gap.lastIndexOf('\n') + 1), step: this.step };
  }

  private isQuoted({ start }: Span): boolean {
    return this.text[start] === '"' || this.text[start] === "'";
  }

  /** On one line: YAML in JSON's manner keeps it. */
  private lineManner(container?: Container): Manner {
    if (this.style === 'one-line') return ONE_LINE;
    const key = container?.kind === 'object' ? container.entries[0]?.keySpan : undefined;
    return { kind: 'line', isQuoted: this.format === 'json' || (key !== undefined && this.isQuoted(key)) };
  }

  private entryText(key: string, value: Value, manner: Manner): string {
    const isBare = this.style === 'one-line' && this.format === 'yaml';
    const text = written(value, this.inside(manner, value));
    const name = writtenKey(key, isBare ? { kind: 'line', isQuoted: false } : manner);
    return `${name}:${text.startsWith('\n') ? '' : ' '}${text}`;
  }

  /** How a value is written below its key. */
  private inside(manner: Manner, value: Value): Manner {
    if (manner.kind !== 'block') return manner;
    return { ...manner, indent: manner.indent + (Array.isArray(value) ? this.dashStep : this.step) };
  }

  private broken(text: string): string {
    return text.replaceAll('\n', this.newline);
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
      return this.behind(elements[elements.length - 1].end, indent, line);
    }
    const at = this.lineStart(this.beginOf(container, elements[0]));
    return { span: { start: at, end: at }, text: line + this.newline };
  }

  /** A line of its own behind an element, and behind the comments that belong to what is in the element. */
  private behind(end: number, indent: string, line: string): TextEdit {
    const isBlockScalar = end > 0 && this.text[end - 1] === '\n';
    let at = isBlockScalar ? end - (this.text[end - 2] === '\r' ? 2 : 1) : this.lineEnd(end);
    if (this.style === 'as-neighbours') at = this.behindComments(at, indent.length);
    return { span: { start: at, end: at }, text: this.newline + line };
  }

  /** The end of the last comment that follows and is indented more; a blank line or two may stand between. */
  private behindComments(at: number, column: number): number {
    let end = at;
    for (let next = at; next < this.text.length; ) {
      const start = this.text.indexOf('\n', next) + 1;
      if (start === 0) break;
      next = this.lineEnd(start);
      const line = this.text.slice(start, next);
      const indent = line.length - line.trimStart().length;
      if (line.trim() === '') continue;
      if (line[indent] !== '#' || indent <= column) break;
      end = next;
    }
    return end;
  }

  private take(container: Container, elements: readonly Span[], index: number, empty: string): TextEdit {
    if (elements.length === 1)
      return this.isBlock(container) ? this.emptied(container, empty) : { span: container.span, text: empty };
    const element = elements[index];
    if (this.isBlock(container)) return this.takeLines(container, elements, index);
    return index < elements.length - 1
      ? { span: { start: element.start, end: elements[index + 1].start }, text: '' }
      : { span: { start: elements[index - 1].end, end: element.end }, text: '' };
  }

  /** A sequence may begin in the column of its key, where brackets may not: they stand behind the key. */
  private emptied({ span: { start, end } }: Container, empty: string): TextEdit {
    const key = this.text.slice(0, start).trimEnd().length;
    const isBehindKey = this.text[key - 1] === ':' && this.lineStart(start) > key;
    return { span: { start: isBehindKey ? key : start, end }, text: ` ${empty}` };
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
