import type { Span, Spanned } from '@callgate/engine/internal/diagnostics/span';
import { quote } from '@callgate/engine/internal/source/tree';
import type { CarrierReading } from '../carrier.ts';
import { ALWAYS, type Test } from '../list/alternatives.ts';
import { ListFaults } from '../list/faults.ts';
import { type Answer, firstMatches, wholeOf } from '../list/first-match.ts';
import { joinedLines, type Line, trimmedIn } from '../list/lines.ts';
import { type ListedAction, profileTree } from '../list/listed-profile.ts';
import { constantIn } from './constant.ts';
import { testIn } from './expression.ts';

const NAME = /^[a-z_]\w*$/;
const SAYING =
  /^(?:1|allow|log|trap|trace|kill|kill-process|kill-thread|user-notify)(?:$|[ \t#])|^(?:return\b|arg\d)/;
const STATEMENT = /^[ \t]*@(?:include|frequency|default|denylist)\b/;

/** What minijail's words stand for; those of its compiler of policies among them. */
const WORDS: Readonly<Record<string, ListedAction['name']>> = {
  '1': 'ALLOW',
  allow: 'ALLOW',
  kill: 'KILL_PROCESS',
  'kill-process': 'KILL_PROCESS',
  'kill-thread': 'KILL_THREAD',
  trap: 'TRAP',
  log: 'LOG',
  trace: 'TRACE',
  'user-notify': 'NOTIFY',
};

/** What a policy of minijail says; undefined where a line of the text is none of one. Source: minijail's syscall_filter.c. */
export function readMinijail(text: string): CarrierReading | undefined {
  const lines = joinedLines(text, () => false).filter(({ text: line }) => !/^[ \t\r]*(?:#.*)?$/.test(line));
  const entries = lines.filter(({ text: line }) => !STATEMENT.test(line));
  if (lines.length === 0 || !looksLikeOne(entries)) return undefined;
  const policy = new Policy(text);
  for (const line of lines) policy.read(line);
  return policy.reading();
}

/** Most lines must be entries, so that one with a fault is told rather than taken for something else. */
function looksLikeOne(entries: readonly Line[]): boolean {
  const good = entries.filter(isEntry).length;
  return good > 0 && good * 2 > entries.length && isEntry(entries[0]);
}

function isEntry(line: Line): boolean {
  const colon = line.text.indexOf(':');
  return (
    colon > 0 && NAME.test(trimmedIn(line, 0, colon).value) && SAYING.test(trimmedIn(line, colon + 1).value)
  );
}

class Policy {
  private readonly faults = new ListFaults();
  private readonly answers: Answer[] = [];
  private readonly places = new Map<string, Span>();
  private byDefault: ListedAction;

  constructor(text: string) {
    const { start } = wholeOf(text);
    this.byDefault = { name: 'KILL', span: { start, end: start + 1 } };
  }

  reading(): CarrierReading {
    const { answers, byDefault, faults } = this;
    const calls = firstMatches(answers, byDefault, faults);
    const { span } = byDefault;
    const tree = profileTree({ byDefault, calls, span });
    return { profiles: [{ name: 'minijail', tree, diagnostics: [] }], diagnostics: faults.all };
  }

  read(line: Line): void {
    const colon = line.text.indexOf(':');
    if (STATEMENT.test(line.text)) this.statement(line);
    else if (colon < 0) {
      const word = trimmedIn(line);
      this.faults.syntax(`${quote(word.value)} has no ":"`, word.span, 'write NAME: 1');
    } else this.entry(line, trimmedIn(line, 0, colon), colon + 1);
  }

  private statement(line: Line): void {
    const word = trimmedIn(line);
    if (word.value.startsWith('@include')) {
      this.faults.warn(
        'list-elsewhere',
        `the policy includes a file, which is not read: ${quote(word.value.slice('@include'.length).trim())}`,
        word.span,
        'what is said of this policy is without it',
      );
    } else if (word.value.startsWith('@default')) {
      const said = trimmedIn(line, line.text.indexOf('@default') + '@default'.length);
      this.byDefault = this.action(said) ?? this.byDefault;
    } else if (word.value.startsWith('@denylist')) this.byDefault = { name: 'ALLOW', span: word.span };
  }

  private entry(line: Line, name: Spanned<string>, from: number): void {
    const said = this.places.get(name.value);
    if (said) {
      this.faults.error(
        'list-syntax',
        `${quote(name.value)} has an entry already`,
        name.span,
        'join the two by ||',
      );
      return;
    }
    this.places.set(name.value, name.span);
    const comment = line.text.indexOf('#', from);
    const to = comment < 0 ? line.text.length : comment;
    for (const answer of this.expression(line, from, to)) this.answers.push({ name, ...answer });
  }

  /** An action, or conditions under which the call passes and, behind a semicolon, what it gets without them. */
  private expression(line: Line, from: number, to: number): Omit<Answer, 'name'>[] {
    const whole = trimmedIn(line, from, to);
    const action = this.action(whole, true);
    if (action) return [{ test: ALWAYS, action }];
    const semicolon = line.text.indexOf(';', from);
    const end = semicolon < 0 || semicolon >= to ? to : semicolon;
    const test: Test | undefined = testIn(line, from, end, this.faults);
    const otherwise = end < to ? this.action(trimmedIn(line, end + 1, to)) : { ...this.byDefault };
    if (!test || !otherwise) return [];
    const allowed: ListedAction = { name: 'ALLOW', span: trimmedIn(line, from, end).span };
    return [
      { test, action: allowed },
      { test: ALWAYS, action: otherwise },
    ];
  }

  /** A word such as 1, kill or "return EPERM"; quietly undefined where it may be an expression. */
  private action(said: Spanned<string>, quietly = false): ListedAction | undefined {
    const { value, span } = said;
    if (Object.hasOwn(WORDS, value)) return { name: WORDS[value], span };
    if (!/^return(?![\w-])/.test(value))
      return quietly
        ? undefined
        : this.faults.error('unknown-action', `minijail has no action ${quote(value)}`, span);
    const word = value.slice('return'.length).trim();
    if (word === '') return { name: 'KILL', span };
    const errno = /^-?[\w|~()]+$/.test(word) ? constantIn(word) : undefined;
    if (errno !== undefined && errno <= 0xffffn) return { name: 'ERRNO', errno: Number(errno), span };
    this.faults.error('unknown-errno', `there is no errno ${quote(word)}`, span);
    return { name: 'KILL', span };
  }
}
