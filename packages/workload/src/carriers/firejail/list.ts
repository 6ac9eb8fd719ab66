import { didYouMean } from '@callgate/engine/internal/diagnostics/diagnostic';
import type { Spanned } from '@callgate/engine/internal/diagnostics/span';
import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { quote } from '@callgate/engine/internal/source/tree';
import { FIREJAIL_GROUPS, FIREJAIL_RELEASE } from '../generated/firejail-groups.ts';
import type { ListFaults } from '../list/faults.ts';
import { CallGroups } from '../list/groups.ts';
import { partOfWord } from '../list/lines.ts';
import type { ListedAction, ListedCall } from '../list/listed-profile.ts';
import { callsOfNumber } from '../list/machines.ts';

const GROUPS = new CallGroups(FIREJAIL_GROUPS);

/** An errno, or kill, or log; undefined with a fault for anything else. */
export function answerIn(word: Spanned<string>, faults: ListFaults): ListedAction | undefined {
  if (word.value === 'kill') return { name: 'KILL', span: word.span };
  if (word.value === 'log') return { name: 'LOG', span: word.span };
  const errno = faults.errno(word);
  return errno === undefined ? undefined : { name: 'ERRNO', errno, span: word.span };
}

/**
 * A list of firejail's: exceptions and what has an errno of its own are asked first, in their order, then everything else.
 * Source: what fseccomp of 0.9.72 makes.
 */
export class FirejailList {
  private readonly usual: ListedAction;
  private readonly exception: ListedAction;
  private readonly faults: ListFaults;
  private readonly first = new Map<string, ListedCall>();
  private readonly rest = new Map<string, ListedCall>();

  constructor(usual: ListedAction, exception: ListedAction, faults: ListFaults) {
    this.usual = usual;
    this.exception = exception;
    this.faults = faults;
  }

  /** A word: a call, a group, a number behind $, each with ! an exception, with :ERRNO answered otherwise. */
  enter(word: Spanned<string>): void {
    const isException = word.value.startsWith('!');
    const colon = word.value.indexOf(':');
    const name = partOfWord(word, isException ? 1 : 0, colon < 0 ? undefined : colon);
    const said = colon < 0 ? undefined : answerIn(partOfWord(word, colon + 1), this.faults);
    if (colon >= 0 && !said) return;
    if (said?.name === 'LOG') {
      this.faults.warn('list-ignored', `firejail passes over ${quote(word.value)}`, word.span);
      return;
    }
    const action = said ?? { ...(isException ? this.exception : this.usual), span: word.span };
    const into = said || isException ? this.first : this.rest;
    for (const { call, native } of this.callsNamed(name)) {
      const key = `${native ?? ''} ${call}`;
      if (!into.has(key)) into.set(key, { name: { value: call, span: word.span }, action, native });
    }
  }

  /** Without what says the same as the list's end. */
  calls(): ListedCall[] {
    const all = new Map([...this.rest, ...this.first]);
    return [...all.values()].filter(
      ({ action }) => action.name !== this.exception.name || action.errno !== this.exception.errno,
    );
  }

  private callsNamed(name: Spanned<string>): { call: string; native?: ListedCall['native'] }[] {
    if (/^\$\d{1,6}$/.test(name.value)) {
      const known = callsOfNumber(Number(name.value.slice(1)));
      if (known.length === 0)
        this.faults.warn(
          'list-inexpressible',
          `no system call has the number ${quote(name.value)}`,
          name.span,
        );
      return known.map(({ native, name: call }) => ({ call, native }));
    }
    if (!name.value.startsWith('@')) return this.faults.knows(name, 'firejail') ? [{ call: name.value }] : [];
    const calls = GROUPS.callsOf(name.value);
    if (calls) return calls.map((call) => ({ call }));
    const meant = didYouMean(suggest(name.value, GROUPS.names()));
    const message = `firejail has no group ${quote(name.value)} (${FIREJAIL_RELEASE})`;
    this.faults.error('list-ignored', message, name.span, meant);
    return [];
  }
}
