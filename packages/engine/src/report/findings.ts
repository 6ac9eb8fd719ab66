import type { Finding, FindingSeverity } from '../lint/finding.ts';
import { lineMap } from '../source/line-map.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { nameOf } from '../syscalls/lookup.ts';
import { formatCallBriefly } from './call.ts';
import { type RemedyWords, remedyWords } from './diagnostics.ts';
import type { Style } from './style.ts';

/** A finding where people look for it, as it goes into JSON. */
export interface LocatedFinding {
  readonly code: string;
  readonly severity: FindingSeverity;
  readonly message: string;
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** The first place after it, from 1, too. */
  readonly endLine: number;
  readonly endColumn: number;
  /** The file alone, where it holds several profiles and `file` names one of them. */
  readonly path?: string;
  /** A call that shows it; args are six decimal numbers. */
  readonly witness?: {
    readonly arch: AbiName;
    readonly syscall?: string;
    readonly nr: number;
    readonly args: readonly string[];
  };
  readonly fix?: string;
  /** What other tools call the same. */
  readonly related?: readonly string[];
  /** What takes the place of which part of the text so that it goes; all from 1. */
  readonly edit?: TextReplacement;
}

/** A part of a text, and what takes its place. */
export interface TextReplacement {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly text: string;
}

/** The smallest part of a text that is another in the next one. */
export function replacementIn(before: string, after: string): TextReplacement {
  let start = 0;
  const shorter = Math.min(before.length, after.length);
  while (start < shorter && before[start] === after[start]) start++;
  let common = 0;
  while (common < shorter - start && before.at(-1 - common) === after.at(-1 - common)) common++;
  const positionOf = lineMap(before);
  const [from, to] = [positionOf(start), positionOf(before.length - common)];
  return {
    startLine: from.line,
    startColumn: from.column,
    endLine: to.line,
    endColumn: to.column,
    text: after.slice(start, after.length - common),
  };
}

const ARGUMENTS = 6;

/** Findings of one text with lines and columns, in their order. */
export function locateFindings(
  findings: readonly Finding[],
  file: string,
  text: string,
  words: RemedyWords = remedyWords,
): LocatedFinding[] {
  const positionOf = lineMap(text);
  return findings.map(({ code, severity, message, place, related, witness, fix }) => {
    const { line, column } = positionOf(Math.max(0, place.start));
    const end = positionOf(Math.max(0, place.start, place.end));
    const other = related && positionOf(related.start).line;
    return {
      code,
      severity,
      message: other === undefined || other === line ? message : `${message} (see line ${other})`,
      file: place.file ?? file,
      line,
      column,
      endLine: end.line,
      endColumn: end.column,
      ...(witness && { witness: witnessDocument(witness) }),
      ...(fix && { fix: words(fix) }),
    };
  });
}

function witnessDocument({ arch, nr, args }: NonNullable<Finding['witness']>): LocatedFinding['witness'] {
  const name = nameOf(arch, nr);
  const all = Array.from({ length: ARGUMENTS }, (_, i) => (args[i] ?? 0n).toString());
  return { arch, ...(name !== undefined && { syscall: name }), nr, args: all };
}

const PAINT: Readonly<Record<FindingSeverity, 'red' | 'yellow' | 'dim'>> = {
  critical: 'red',
  high: 'red',
  medium: 'yellow',
  low: 'yellow',
  info: 'dim',
};

/** A finding in a line, and in lines below it the call that shows it and what to do. */
export function findingText(style: Style, finding: LocatedFinding): string {
  const { file, line, column, severity, message, code, witness, fix } = finding;
  const lines = [
    `${file}:${line}:${column}: ${style[PAINT[severity]](severity)}: ${message} ${style.dim(`[${code}]`)}`,
    ...(witness ? [`    call: ${witnessText(witness)}`] : []),
    ...(fix === undefined ? [] : [`    fix: ${fix}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The call of a finding, in words. */
export function witnessText({ arch, syscall, nr, args }: NonNullable<LocatedFinding['witness']>): string {
  const call =
    syscall === undefined ? `system call ${nr}` : formatCallBriefly(syscall, args.map(BigInt), arch);
  return `${call} on ${arch}`;
}
