import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { explainCall } from '@callgate/engine/internal/analysis/explain';
import { countPassing, summarize } from '@callgate/engine/internal/analysis/summary';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { synthesize } from '@callgate/engine/internal/build/synthesize';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import type { Recording } from '@callgate/engine/internal/recording/recording';
import type { Style } from '@callgate/engine/internal/report/style';
import { plural, printable } from '@callgate/engine/internal/report/words';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { makeOwnFolder } from '@callgate/linux/internal/files/own-folder';
import { thisMachine } from '@callgate/linux/internal/machine';
import { findProgram } from '@callgate/linux/internal/process/find-program';
import { attackTable, isOpen } from '@callgate/linux/internal/trials/attack-table';
import { attacksOf } from '@callgate/linux/internal/trials/attacks';
import { callsOnThisMachine } from '@callgate/linux/internal/trials/make-calls';
import type { AttackWay } from '@callgate/linux/internal/trials/trial';
import { tryAttacks } from '@callgate/linux/internal/trials/try-attacks';
import { examples, type Verb } from '../command.ts';
import { CLEAN, type Context, FINDINGS } from '../context.ts';
import { targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { loadSubject } from '../load/subject.ts';
import { commandOf, runProgramPlan, type SignalRoute } from '../run/program-run.ts';
import { findRecorder, recordWithSignals } from '../run/record-program.ts';
import { stoppedBySignal } from '../run/signals.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

/** Programs that show enough, the best first; the last one is on every machine. */
const PROGRAMS: readonly (readonly [string, ...string[]])[] = [
  [
    'python3',
    '-c',
    'import hashlib, json, os, socket, tempfile\na, b = socket.socketpair()\na.send(b"hello")\nwith tempfile.NamedTemporaryFile() as f:\n    f.write(b.recv(5)); f.flush()\nprint(json.dumps({"files": len(os.listdir("/")), "digest": hashlib.sha256(b"hello").hexdigest()[:12]}))',
  ],
  ['ls', '-l', '/'],
];
const RUNS = 2;

export const tour: Verb = {
  name: 'tour',

  configure(command) {
    command
      .argument('[command...]', 'a program to tell the story of (default: a small one of this machine)')
      .passThroughOptions()
      .addHelpText(
        'after',
        `\nThe profile stays in .callgate/tour.json of this folder.\n${examples('tour', 'tour -- sqlite3 :memory: "select 1"')}`,
      );
  },

  async run(context, command) {
    const given = command.args as string[];
    const program = given[0] === undefined ? defaultProgram(context) : commandOf(given, 'tour');
    return new Tour(context, program, given.length > 0).tell();
  },
};

function defaultProgram(context: Context): readonly [string, ...string[]] {
  return (
    PROGRAMS.find(([name]) => {
      try {
        return findProgram(name, context.env.PATH ?? '');
      } catch {
        return false;
      }
    }) ?? [process.execPath, '-p', '1+1']
  );
}

/** The main job as a story: each chapter does something and says what came of it. */
class Tour {
  private readonly context: Context;
  private readonly program: readonly [string, ...string[]];
  private readonly shown: boolean;
  private readonly style: Style;
  private readonly route: SignalRoute = { stop: new AbortController() };
  private chapter = 0;

  constructor(context: Context, program: readonly [string, ...string[]], shown: boolean) {
    this.context = context;
    this.program = program;
    this.shown = shown;
    this.style = styleFor(context.stdout, context.env);
  }

  async tell(): Promise<number> {
    const recordings = await this.record();
    const { path, subject } = await this.build(recordings);
    const filter = compileSubject(subject);
    const works = await this.confine(filter, recordings.status);
    const holds = await this.attack(subject, filter);
    this.goOn(path);
    return works && holds ? CLEAN : FINDINGS;
  }

  /** A signal ends the program that runs just now, and with it the story. */
  private stopIfTold(): void {
    const { last } = this.route;
    if (last && !last.startsWith('SIGUSR')) throw stoppedBySignal(last);
  }

  private async record() {
    const chosen = findRecorder('auto');
    const { recorder, reason } = chosen;
    this.title(`Record what ${this.name()} calls, ${RUNS} times`);
    this.say(`with ${recorder.id}: ${recorder.about.replace(/^[^:]*: /, '')}`);
    if (reason)
      this.say(
        this.style.dim(`with more rights there would be more: ${reason.replace(/^[^(]*\(|\)$/g, '')}`),
      );
    const recordings: Recording[] = [];
    let status = 0;
    for (let i = 0; i < RUNS; i++) {
      const say = (text: string) => this.say(text);
      const plan = { stdio: this.stdio() };
      const result = await recordWithSignals(this.context, chosen, this.program, say, plan, this.route);
      this.stopIfTold();
      recordings.push(result.recording);
      status = result.ending.status;
    }
    const calls = recordings.reduce((sum, r) => sum + r.observations.reduce((s, o) => s + o.count, 0), 0);
    const names = new Set(recordings.flatMap((r) => r.observations.map((o) => o.name)));
    const lost = recordings.reduce((sum, r) => sum + r.lost, 0);
    this.say(
      `${plural(calls, 'call')} of ${plural(names.size, 'system call')}, ${lost === 0 ? 'none' : lost} lost; it ended with ${status}`,
    );
    return { recordings: recordings as [Recording, ...Recording[]], status };
  }

  private async build({ recordings }: { recordings: [Recording, ...Recording[]] }) {
    this.title('Build the smallest profile that allows just that');
    const synthesis = synthesize(recordings);
    const path = this.writeProfile(stringifyProfile(synthesis.profile));
    const target = targetOf({});
    const subject = await loadSubject(this.context, path, target, { quiet: true });
    const stock = await loadSubject(this.context, 'stock:docker', target, { quiet: true });
    const [mine, theirs] = [subject, stock].map((s) => summarize(s.policy)[0]);
    const abis = (s: Subject) => s.policy.abis.map((a) => a.name).join(', ');
    this.table([
      ['', `of ${mine.calls.length} calls it allows`, 'on'],
      ['this profile', this.style.green(String(countPassing(mine))), abis(subject)],
      ["Docker's default", this.style.yellow(String(countPassing(theirs))), abis(stock)],
    ]);
    return { path, subject };
  }

  private async confine(filter: Program, expected: number): Promise<boolean> {
    this.title('Run it again, confined by the kernel');
    const plan = {
      command: this.program,
      env: this.context.env,
      filter,
      noNewPrivs: true,
      stdio: this.stdio(),
    };
    const { status } = (await runProgramPlan(this.context, plan, this.route)).ending;
    this.stopIfTold();
    const same = status === expected;
    this.say(
      same
        ? `${this.style.green('✓')} it works as before: it ended with ${status}, under a filter of ${plural(filter.length, 'instruction')}`
        : `${this.style.red('✗')} it ended with ${status} instead of ${expected}: two runs have not shown all it calls; record more of them`,
    );
    return same;
  }

  private async attack(subject: Subject, filter: Program): Promise<boolean> {
    this.title('Attack from inside: what a hijacked program would try');
    const attacks = attacksOf(thisMachine().abi.name);
    const trials = await tryAttacks(attacks, callsOnThisMachine(filter), callsOnThisMachine(undefined));
    const isNeeded = (way: AttackWay) => isAllowed(subject, way);
    const { rows, summary } = attackTable(trials, isNeeded, this.style);
    this.table(rows);
    for (const line of summary) this.say(line);
    this.say(
      this.style.dim('The arguments do no harm; "passes" is the answer of a kernel that stops nothing.'),
    );
    return !trials.some((trial) => isOpen(trial, isNeeded));
  }

  private goOn(path: string): void {
    const file = printable(relative(this.context.cwd, path) || path);
    const name = this.program[0];
    this.title('Go on');
    this.say(`the profile is in ${this.style.bold(file)}`);
    for (const line of [
      `npx callgate show ${file}`,
      `npx callgate explain ${file} mount`,
      `npx callgate run --profile ${file} -- ${printable(name)} …`,
      'npx callgate record --profile mine.json -- YOUR PROGRAM',
    ])
      this.say(`  $ ${line}`);
  }

  /** In a folder of this one; where that cannot be, or is somebody else's, in a new one for temporary files. */
  private writeProfile(text: string): string {
    const own = join(this.context.cwd, '.callgate');
    const folder = makeOwnFolder(own) ? own : mkdtempSync(join(tmpdir(), 'callgate-'));
    const path = join(folder, 'tour.json');
    writeFile(this.context, path, text);
    return path;
  }

  /** The user's own program keeps its output; the default one's would only disturb. */
  private stdio() {
    return this.shown
      ? ('inherit' as const)
      : (['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit']);
  }

  private name(): string {
    return this.style.bold(printable(this.program[0]));
  }

  private title(text: string): void {
    this.context.stdout.write(`\n${this.style.cyan(`${++this.chapter}.`)} ${this.style.bold(text)}\n`);
  }

  private say(text: string): void {
    this.context.stdout.write(`   ${text}\n`);
  }

  private table(rows: readonly (readonly string[])[]): void {
    const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => visible(row[i]))));
    for (const row of rows)
      this.say(
        row
          .map((cell, i) => cell + ' '.repeat(widths[i] - visible(cell)))
          .join('  ')
          .trimEnd(),
      );
  }
}

/** Whether the profile lets a call pass, because the program was seen to make it. */
function isAllowed({ policy }: Subject, { abi, nr, args }: AttackWay): boolean {
  return explainCall(policy, { arch: abiOf(abi).auditArch, nr, args }).action === 'ALLOW';
}

function visible(text: string): number {
  return text.replace(/\u001b\[\d+m/g, '').length;
}
