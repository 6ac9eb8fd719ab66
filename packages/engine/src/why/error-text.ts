import { SIBLINGS } from '../lint/siblings.ts';
import { errnoNumber, parseArgument, prototypeOf } from '../syscalls/arguments.ts';
import { isKnownName } from '../syscalls/lookup.ts';
import { CALLS_OF_FUNCTIONS, CALLS_OF_PROGRAMS, KNOWN_ERRORS, type KnownError } from './known-errors.ts';

/** What an error text tells of a call that failed. */
export interface ErrorText {
  /** The line that tells it. */
  readonly line: string;
  readonly outcome:
    | { readonly kind: 'errno'; readonly errno: number }
    | { readonly kind: 'sigsys' }
    | undefined;
  /** The calls one of which was refused, the likeliest first; empty where the text does not tell. */
  readonly calls: readonly string[];
  /** Whether the text itself names the call, with its arguments where it has them. */
  readonly named?: { readonly name: string; readonly args: readonly (bigint | undefined)[] };
  /** It tells of a thread or a process that could not be made: a clone is one without flags of namespaces. */
  readonly isPlain?: true;
  /** Whose error it is, where it is a known one. */
  readonly known?: KnownError;
}

/** Of a text that somebody pastes. */
const MOST_LINES = 400;
const LONGEST_LINE = 4096;

/** How errors read, in lower case; of two in one line the first here. */
const WORDS: readonly (readonly [words: string, errno: string])[] = [
  ['are you root', 'EPERM'],
  ['must be superuser', 'EPERM'],
  ['only root can', 'EPERM'],
  ['operation not permitted', 'EPERM'],
  ['function not implemented', 'ENOSYS'],
  ['permission denied', 'EACCES'],
  ['read-only file system', 'EROFS'],
  ['operation not supported', 'EOPNOTSUPP'],
  ['no such process', 'ESRCH'],
  ['invalid argument', 'EINVAL'],
  ['address family not supported', 'EAFNOSUPPORT'],
  ['protocol not supported', 'EPROTONOSUPPORT'],
  ['bad address', 'EFAULT'],
];
const SIGSYS = ['bad system call', 'sigsys', 'signal: bad system', 'signal 31'];
/** An errno by its number or name: "[Errno 1]", "Os { code: 1,", "EPERM:". */
const BY_NUMBER =
  /\[errno (\d{1,3})\]|\bos error (\d{1,3})\b|\bcode: (\d{1,3}),|\berrno[ =:]{1,2}(\d{1,3})\b/i;
const BY_NAME = /(?:^|[^A-Za-z0-9_])(E[A-Z0-9]{3,15})(?![A-Za-z0-9_])/;
const WORD = /[a-z_][a-z0-9_]*/g;

/** Reads an error as people paste it; undefined where nothing in it looks like one. */
export function readErrorText(text: string): ErrorText | undefined {
  const lines = text.split('\n', MOST_LINES).map((line) => line.slice(0, LONGEST_LINE));
  const found = lines.flatMap(
    (line, i) => withSource(readLine(line), lines.slice(Math.max(0, i - SOURCE_LINES), i)) ?? [],
  );
  const rank = ({ known, named, calls, outcome }: ErrorText) =>
    (named ? 8 : 0) + (known ? 4 : 0) + (calls.length > 0 ? 2 : 0) + (outcome ? 1 : 0);
  return found.sort((a, b) => rank(b) - rank(a))[0];
}

/** An error of Python tells no call, but the line of the source before it, which is indented, names the function. */
function withSource(error: ErrorText | undefined, before: readonly string[]): ErrorText | undefined {
  if (!error || error.calls.length > 0 || error.known || !error.outcome || !EXCEPTION.test(error.line))
    return error;
  const source = before.findLast((line) => /^ {4}[ \t]*[^\s^~]/.test(line));
  const calls = source === undefined ? [] : suspects(source.toLowerCase().replace(CALLING, ' $1()'));
  if (source === undefined || calls.length === 0) return error;
  return {
    ...error,
    line: `${source.trim()} … ${error.line}`,
    calls,
    ...plainly(calls, source.toLowerCase()),
  };
}

const SOURCE_LINES = 3;
const EXCEPTION = /^[A-Za-z_.]{0,100}(?:Error|Exception)\b/;
/** A function that a line of source calls, whatever with. */
const CALLING = /\b([a-z_][a-z0-9_]{1,40})\(/g;

/** Reads every line of an output that tells of a failure, each text once. */
export function readErrorLines(text: string): ErrorText[] {
  const seen = new Set<string>();
  return text.split('\n').flatMap((whole) => {
    const line = whole.slice(0, LONGEST_LINE);
    if (seen.has(line) || seen.size >= MOST_LINES) return [];
    seen.add(line);
    return readLine(line) ?? [];
  });
}

function readLine(line: string): ErrorText | undefined {
  const lower = line.toLowerCase();
  const known = KNOWN_ERRORS.find(({ has }) => has.every((part) => lower.includes(part)));
  const straced = stracedCall(line);
  if (straced) return straced;
  const outcome = outcomeIn(line, lower);
  if (!outcome && !known && !lower.includes(FAILED_CALL)) return undefined;
  const named = calledWith(line);
  if (named) return { line, outcome, calls: [named.name], named };
  const calls = known ? known.calls : suspects(lower);
  return { line, outcome, calls, ...plainly(calls, lower), ...(known && { known }) };
}

function plainly(calls: readonly string[], lower: string): Pick<ErrorText, 'isPlain'> {
  const isPlain = calls.includes('clone') && !calls.includes('unshare') && !NAMESPACES.test(lower);
  return isPlain ? { isPlain } : {};
}

/** Words of a text about a clone with flags of namespaces. */
const NAMESPACES = /namespace|newuser|newns|sandbox|unshare/;

/** A failed call as strace prints it: name(arguments) = -1 ERRNO (…). */
function stracedCall(line: string): ErrorText | undefined {
  const end = line.lastIndexOf(' = -1 E');
  const call = line.slice(0, Math.max(0, end)).trimEnd();
  const open = call.indexOf('(');
  const name = /[a-z0-9_]{1,40}$/.exec(call.slice(0, Math.max(0, open)))?.[0] ?? '';
  const errno = errnoNumber(/^E[A-Z0-9]{1,20}/.exec(line.slice(end + ' = -1 '.length))?.[0] ?? '');
  if (!call.endsWith(')') || !isKnownName(name) || errno === undefined) return undefined;
  const outcome = { kind: 'errno', errno } as const;
  const told = call.slice(open + 1, -1);
  // strace has the flags of clone in another place than the kernel; without namespaces they do not matter.
  if ((name === 'clone' || name === 'clone3') && !told.includes('CLONE_NEW'))
    return { line, outcome, calls: [name], isPlain: true };
  const args = argumentsIn(told);
  const flags = splitArguments(told).findIndex((argument) => argument.trim().startsWith('flags='));
  const named = { name, args: name === 'clone' ? [args[flags]] : args };
  return { line, outcome, calls: [name], named };
}

/** A call with numbers or names for all of its arguments, as some programs print it: unshare(0x10000000). */
function calledWith(line: string): ErrorText['named'] {
  for (const [, name, text] of line.matchAll(CALLED)) {
    const args = argumentsIn(text);
    if (
      isKnownName(name) &&
      // "ioctl(FIOASYNC) failed" tells one of three.
      args.length >= (prototypeOf(name)?.length ?? 0) &&
      !Object.hasOwn(CALLS_OF_FUNCTIONS, name) &&
      args.every((value) => value !== undefined)
    )
      return { name, args };
  }
  return undefined;
}

const CALLED = /\b([a-z][a-z0-9_]{1,40})\(([-\w|, ]{1,200})\)/g;

function outcomeIn(line: string, lower: string): ErrorText['outcome'] {
  if (SIGSYS.some((words) => lower.includes(words))) return { kind: 'sigsys' };
  const words = WORDS.find(([text]) => lower.includes(text));
  if (words) return { kind: 'errno', errno: errnoNumber(words[1])! };
  const [, ...numbers] = BY_NUMBER.exec(line) ?? [];
  const number = numbers.find((one) => one !== undefined);
  if (number !== undefined) return { kind: 'errno', errno: Number(number) };
  const errno = errnoNumber(BY_NAME.exec(line)?.[1] ?? '');
  return errno === undefined ? undefined : { kind: 'errno', errno };
}

/** Calls, programs and functions that a line names; what stands next to the error counts first. */
function suspects(lower: string): string[] {
  const words = [...lower.matchAll(WORD)].map(([word]) => word);
  const at = (word: string) =>
    Object.hasOwn(CALLS_OF_FUNCTIONS, word) ? CALLS_OF_FUNCTIONS[word] : undefined;
  const of = (word: string) => (Object.hasOwn(CALLS_OF_PROGRAMS, word) ? CALLS_OF_PROGRAMS[word] : undefined);
  const failed = [...lower.matchAll(CALLED_FAILED)].flatMap((found) => found.slice(1).filter(Boolean));
  const named = [...words.filter((word) => !ORDINARY.has(word)), ...failed].reverse();
  const calls = named.flatMap((word) => {
    const meant = of(word) ?? at(word);
    if (meant !== undefined) return meant.split(' ').filter(isKnownName);
    return isKnownName(word) ? withSiblings(word) : ofFunction(word);
  });
  return [...new Set(calls)].slice(0, MOST_SUSPECTS);
}

/** How PostgreSQL names a call in the line after the error. */
const FAILED_CALL = 'failed system call was';
/**
 * What names a call though it may be a word of a sentence: "bind() failed", "connect eperm", "operation not permitted, open 'f'",
 * "could not bind", "bind: operation not permitted", "open /f: operation not permitted". Each word of a line is looked at a bounded
 * number of times.
 */
const CALLED_FAILED =
  /\b([a-z][a-z0-9_]{1,30})\(\)|\b([a-z][a-z0-9_]{1,30}) e(?:perm|acces|nosys)\b|(?:not permitted|permission denied|not implemented), ([a-z][a-z0-9_]{1,30})\b|\bcould not (bind|listen|connect|open|accept|stat|read|write)\b|(?<=^|[\s:])([a-z][a-z0-9_]{1,30})(?: [./][^\s:]{0,1024})?(?=: (?:operation not permitted|permission denied|function not implemented))/g;

/** Functions of libraries are often named after the call behind them: keyctl_search. */
function ofFunction(word: string): readonly string[] {
  const call = word.split('_', 1)[0];
  return call !== word && call.length > 3 && !ORDINARY.has(call) && isKnownName(call) ? [call] : [];
}

const MOST_SUSPECTS = 12;
/** Names of calls that are words of a sentence as well. */
const ORDINARY = new Set(
  'accept access bind break close connect exit get_mempolicy ipc link listen lock open pause poll read select send shutdown signal stat stop sync syscall time times wait write'.split(
    ' ',
  ),
);

/** A library may make the same by another call. */
function withSiblings(name: string): string[] {
  const row = SIBLINGS.find(({ calls }) => calls.includes(name));
  return [name, ...(row?.calls.filter((call) => call.startsWith(name) && call !== name) ?? [])];
}

/** The arguments as far as they are numbers or names; strings and structures are pointers that nobody knows. */
function argumentsIn(text: string): (bigint | undefined)[] {
  return splitArguments(text).map((argument) => {
    const trimmed = argument.trim().replace(/^\w+=(?=[\w-])/, '');
    return /^[-\w|]{1,200}$/.test(trimmed) ? parseArgument(trimmed) : undefined;
  });
}

/** At the commas that stand in no brackets and no string. */
function splitArguments(text: string): string[] {
  const parts = [''];
  let depth = 0;
  let isString = false;
  for (const character of text) {
    if (character === '"') isString = !isString;
    else if (!isString && '([{'.includes(character)) depth += 1;
    else if (!isString && ')]}'.includes(character)) depth -= 1;
    if (character === ',' && depth === 0 && !isString) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.slice(0, 6);
}
