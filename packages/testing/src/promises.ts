import type { Result } from './callgate.ts';

/** One run of the command line, and what is known of it. */
export interface Run {
  readonly args: readonly string[];
  /** Everything that it read. */
  readonly input: Buffer;
  /** The filter goes to stdout as bytes. */
  readonly writesBytes?: boolean;
  /** What it was to read is broken, so it cannot have done its work. */
  readonly mustFail?: boolean;
  readonly result: Result;
  readonly cpuMs: number;
}

/** What a terminal acts on, and what turns the order of letters round; a newline and a tab may be. */
const ACTING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** What only a fault of the program itself prints, unless it stood in the input. */
const SLIPS = [
  ...[/^ +at .+:\d+:\d+/m, /\b(?:Type|Range|Reference|Syntax)Error\b/, /CALLGATE_DEBUG/, /native code/],
  ...[/\bundefined\b/, /\[object \w+\]/, /\bNaN\b/, /\bInfinity\b/],
];

/** A remark and a list of what there is to choose from fit. */
const LONGEST_LINE = 700;
const MOST_CPU_MS = 5000;
/** Clean, findings, could not do it; 125 to 127 are those of verbs that run a program. */
const STATUSES = [0, 1, 2];
const STATUSES_OF_PROGRAMS = [125, 126, 127];

type Rule = readonly [name: string, isBroken: (run: Run) => boolean];

/** With what a terminal's line of progress begins, which goes away by itself. */
const PROGRESS = '\r\u001b[K';

/** What every run of the command line owes to whoever reads its output, be it a person or a script. */
const PROMISES: readonly Rule[] = [
  ['what a terminal acts on, on stderr', ({ result }) => acts(result.stderr)],
  ['what a terminal acts on, on stdout', (run) => !run.writesBytes && acts(run.result.stdout)],
  ['a slip of the program shows', showsSlip],
  ['with --json not one JSON document', (run) => isJson(run) && !isDocument(run)],
  ['a line on stderr is too long', ({ result }) => hasLongLine(result.stderr)],
  ['a line of a report is too long', (run) => isReport(run) && hasLongLine(run.result.stdout)],
  ['it takes too long', ({ cpuMs }) => cpuMs > MOST_CPU_MS],
  ['the exit status is none of those documented', (run) => !statuses(run).includes(run.result.status)],
  ['a broken file is accepted', ({ mustFail, result }) => mustFail === true && result.status < 2],
  ['a failure says nothing', ({ result }) => result.status > 1 && result.stderr === ''],
];

/** The promises that a run broke. */
export function brokenPromises(run: Run): string[] {
  return PROMISES.filter(([, isBroken]) => isBroken(run)).map(([name]) => name);
}

const acts = (text: string) => ACTING.test(text.replaceAll(PROGRESS, ''));

function showsSlip({ result, input, args }: Run): boolean {
  const given = `${input.toString('latin1')}\n${args.join('\n')}`;
  const said = `${result.stderr}\n${result.stdout}`;
  return SLIPS.some((slip) => slip.test(said) && !slip.test(given));
}

const isJson = ({ args }: Run) => args.includes('--json');

/** What goes on and on is a document a line. Nothing may be there when there is no result: why is on stderr, too. */
function isDocument({ args, result }: Run): boolean {
  const { status, stdout } = result;
  if (stdout === '') return status > 1;
  const documents = args[0] === 'watch' ? stdout.trimEnd().split('\n') : [stdout];
  try {
    for (const document of documents) JSON.parse(document);
    return true;
  } catch {
    return false;
  }
}

/** Text for people on stdout; documents and filters have lines of any length. */
function isReport(run: Run): boolean {
  return (
    ['show', 'explain', 'diff', 'lint', 'gate', 'forecast', 'verify', 'read', 'syscall', 'shrink'].includes(
      run.args[0]!,
    ) &&
    !isJson(run) &&
    !(run.args[0] === 'lint' && run.args.includes('--format'))
  );
}

const hasLongLine = (text: string) => text.split('\n').some((line) => line.length > LONGEST_LINE);

function statuses({ args }: Run): readonly number[] {
  return ['record', 'run', 'shrink'].includes(args[0]!) ? [...STATUSES, ...STATUSES_OF_PROGRAMS] : STATUSES;
}
