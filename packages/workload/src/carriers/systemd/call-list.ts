import { didYouMean } from '@callgate/engine/internal/diagnostics/diagnostic';
import type { Span, Spanned } from '@callgate/engine/internal/diagnostics/span';
import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { quote } from '@callgate/engine/internal/source/tree';
import { SYSTEMD_GROUPS, SYSTEMD_RELEASE } from '../generated/systemd-groups.ts';
import type { ListFaults } from '../list/faults.ts';
import { CallGroups } from '../list/groups.ts';
import { partOfWord, wordsIn } from '../list/lines.ts';
import { type Assignment, valueSpan } from './unit.ts';

const GROUPS = new CallGroups(SYSTEMD_GROUPS);

/** Instead of the list's own answer. */
export type Answer = { readonly errno: number } | 'kill';

/** A call of a list, where it stands, and what it is answered with if that is said of it alone. */
export interface Listed {
  readonly span: Span;
  readonly answer?: Answer;
}

/** What assignments of SystemCallFilter= or SystemCallLog= come to, one after another. */
export interface CallList {
  /** Whether it names those that pass (are logged), or those that do not. */
  readonly isAllowList: boolean;
  readonly calls: ReadonlyMap<string, Listed>;
  /** Where it begins. */
  readonly span: Span;
}

/**
 * The list that assignments make: the first decides its kind, ~ takes out of a list or puts into it, an empty one begins
 * anew. Source: systemd's config_parse_syscall_filter and seccomp_parse_syscall_filter.
 */
export function callListOf(
  assignments: readonly Assignment[],
  isLog: boolean,
  faults: ListFaults,
): CallList | undefined {
  let list: { isAllowList: boolean; calls: Map<string, Listed>; span: Span } | undefined;
  for (const assignment of assignments) {
    const { line, from, to } = assignment;
    if (from === to) {
      list = undefined;
      continue;
    }
    const isInverted = line.text[from] === '~';
    if (!list) {
      list = { isAllowList: !isInverted, calls: new Map(), span: valueSpan(assignment) };
      // systemd itself adds these to every list of what passes.
      if (!isInverted && !isLog)
        for (const name of GROUPS.callsOf('@default')!) list.calls.set(name, { span: assignment.key.span });
    }
    for (const word of wordsIn(line, isInverted ? from + 1 : from, to)) {
      const entry = isLog ? { name: word } : entryOf(word, isInverted, faults);
      if (entry) enter(list, entry, isInverted, faults);
    }
  }
  return list;
}

interface Entry {
  readonly name: Spanned<string>;
  readonly answer?: Answer;
}

/** A word such as mount, @mount or mount:EPERM. */
function entryOf(word: Spanned<string>, isInverted: boolean, faults: ListFaults): Entry | undefined {
  const colon = word.value.indexOf(':');
  if (colon < 0) return { name: word };
  const said = partOfWord(word, colon + 1);
  const errno = said.value === 'kill' ? 'kill' : faults.errno(said);
  if (errno === undefined) return undefined;
  if (!isInverted)
    return faults.warn(
      'list-ignored',
      `systemd passes over ${quote(word.value)}: only a list behind "~" gives errnos`,
      word.span,
      `write SystemCallFilter=~${printableName(word.value)} behind it`,
    );
  return { name: partOfWord(word, 0, colon), answer: errno === 'kill' ? 'kill' : { errno } };
}

function printableName(word: string): string {
  return /^[@\w:-]{1,60}$/.test(word) ? word : 'NAME:ERRNO';
}

function enter(
  list: { readonly isAllowList: boolean; readonly calls: Map<string, Listed> },
  { name, answer }: Entry,
  isInverted: boolean,
  faults: ListFaults,
): void {
  const isAdded = isInverted !== list.isAllowList || (isInverted && list.isAllowList && answer !== undefined);
  for (const call of namesOf(name, faults))
    if (isAdded) list.calls.set(call, { span: name.span, ...(answer !== undefined && { answer }) });
    else list.calls.delete(call);
}

function namesOf(name: Spanned<string>, faults: ListFaults): readonly string[] {
  if (!name.value.startsWith('@')) return faults.knows(name, 'systemd') ? [name.value] : [];
  const members = GROUPS.callsOf(name.value);
  if (members) return members;
  faults.warn(
    'list-ignored',
    `systemd has no group ${quote(name.value)} and passes over it (${SYSTEMD_RELEASE})`,
    name.span,
    didYouMean(suggest(name.value, GROUPS.names())),
  );
  return [];
}
