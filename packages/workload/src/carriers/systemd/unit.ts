import type { Span, Spanned } from '@callgate/engine/internal/diagnostics/span';
import { joinedLines, type Line, spanIn, trimmedIn } from '../list/lines.ts';

/** A setting of a unit. */
export interface Assignment {
  readonly key: Spanned<string>;
  readonly line: Line;
  /** Where the value is in the line, without blanks around it. */
  readonly from: number;
  readonly to: number;
}

/** A section of a unit, with all that it sets; sections of one name are one. */
export interface Section {
  readonly name: string;
  readonly span: Span;
  readonly assignments: Assignment[];
}

/** The sections of a unit or a drop-in, as systemd's conf-parser has them; a setting before any section is none. */
export function sectionsOf(text: string): Section[] {
  const sections = new Map<string, Section>();
  let current: Section | undefined;
  for (const line of joinedLines(text, isComment)) {
    const { value, span } = trimmedIn(line);
    if (value.startsWith('[') && value.endsWith(']')) {
      const name = value.slice(1, -1);
      current = sections.get(name) ?? { name, span, assignments: [] };
      sections.set(name, current);
    } else if (current) {
      const assignment = assignmentIn(line);
      if (assignment) current.assignments.push(assignment);
    }
  }
  return [...sections.values()];
}

function isComment(line: string): boolean {
  return /^[ \t\r]*[#;]/.test(line);
}

function assignmentIn(line: Line): Assignment | undefined {
  const at = line.text.indexOf('=');
  if (at < 0) return undefined;
  const key = trimmedIn(line, 0, at);
  const rest = line.text.slice(at + 1);
  const from = at + 1 + (rest.length - rest.trimStart().length);
  return { key, line, from, to: Math.max(from, at + 1 + rest.trimEnd().length) };
}

/** The place of a setting's value, or of its name where it has none. */
export function valueSpan({ key, line, from, to }: Assignment): Span {
  return from < to ? spanIn(line, from, to) : key.span;
}
