import { constants } from 'node:os';
import { type ShrunkByUse, shrinkable, shrinkByUse } from '@callgate/engine/internal/build/shrink';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { allowsByDefault, withoutNames } from '@callgate/engine/internal/profile/allowed-calls';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import type { Style } from '@callgate/engine/internal/report/style';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { filterFlags } from '@callgate/engine/internal/runtime/filter-flags';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import type { LaunchPlan } from '@callgate/linux/internal/launch/launch';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { natural } from '../flags/number.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { loadSubject } from '../load/subject.ts';
import {
  commandOf,
  endProgram,
  expectProgram,
  runProgramPlan,
  type SignalRoute,
  stoppedBy,
} from '../run/program-run.ts';
import { findRecorder, recordWithSignals } from '../run/record-program.ts';
import { stoppedBySignal } from '../run/signals.ts';
import { Progress } from '../terminal/progress.ts';
import { styleFor } from '../terminal/style.ts';
import { writeResult } from '../terminal/write-file.ts';

interface ShrinkFlags extends TargetFlags {
  readonly output?: string;
  readonly trials: string;
  readonly check?: string;
  readonly status: string;
  readonly timeout: string;
  readonly action: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Nobody would hear of a trial any more. */
const DIES_WITH_US = { deathSignal: constants.signals.SIGKILL };

export const shrink: Verb = {
  name: 'shrink',

  configure(command) {
    command
      .argument('<profile>', 'the profile to make smaller')
      .argument('<command...>', 'the program and its arguments, after --')
      .option('-o, --output <file>', 'write the smaller profile')
      .option('--trials <n>', 'a call is not needed when this many runs work without it', '3')
      .option('--check <command>', 'a shell command that says, by its exit status, whether a run worked')
      .option('--status <n>', 'the exit status of a run that works', '0')
      .option('--timeout <seconds>', 'a run that takes longer counts as failed', '30')
      .option(
        '--action <errno|log>',
        'errno: try what works when calls are denied; log: drop only what is never called',
        'errno',
      )
      .option('--json', 'print the result as one JSON document');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
The program runs many times, its output hidden, each time with some of the calls taken from the profile.
A run works when the program ends with --status and the command of --check succeeds.
Exit status: 0 every call is needed, 1 some are not, 2 could not do it.
${examples(
  'shrink web.json -o small.json -- ./smoke-test.sh',
  `shrink ls.json --trials 5 --check 'test -s out' -- sh -c 'ls > out'`,
)}`,
    );
  },

  async run(context, command) {
    const [file, program] = command.processedArgs as [string, string[]];
    const flags = command.opts<ShrinkFlags>();
    const subject = await loadSubject(context, file, targetOf(flags), flags);
    const profile = subject.source?.profile;
    if (!profile) throw new CliFailure(`${printable(file)} is no profile; only those can be made smaller`);
    if (allowsByDefault(profile))
      throw new CliFailure(
        `${printable(file)} lets everything pass that it does not name, so no name can be taken away; record a profile first: callgate record --profile FILE -- CMD`,
      );
    if (flags.action !== 'errno' && flags.action !== 'log')
      throw new CliFailure(`--action is errno or log, not "${printable(flags.action)}"`);
    const words = commandOf(program, 'shrink');
    expectProgram(context, words[0]);
    const trials = new Trials(context, subject, profile, words, flags);
    const result = await searched(trials, subject, profile, flags).finally(() => trials.progress.clear());
    const { dispensable } = result;
    if (flags.output)
      writeResult(context, flags.output, stringifyProfile(withoutNames(profile, new Set(dispensable))));
    context.stdout.write(
      flags.json ? json(result, trials) : text(styleFor(context.stdout, context.env), result, trials),
    );
    return dispensable.length > 0 ? FINDINGS : CLEAN;
  },
};

function exitStatus(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) < 256) return Number(text);
  throw new CliFailure(`--status is an exit status from 0 to 255, not "${printable(text)}"`);
}

/** How one run went. */
interface Attempt {
  /** The program's exit status; undefined when the run does not work, whatever others do. */
  readonly status?: number;
  readonly how: string;
}

async function searched(
  trials: Trials,
  subject: Subject,
  profile: Profile,
  flags: ShrinkFlags,
): Promise<ShrunkByUse> {
  await trials.baseline();
  const candidates = shrinkable(profile, subject.policy);
  return shrinkByUse(candidates, await trials.used(), trials.works, flags.action === 'log');
}

/** Runs the program under the profile less some calls, and says whether it works. */
class Trials {
  runs = 0;
  readonly each: number;
  readonly progress: Progress;
  private readonly context: Context;
  private readonly subject: Subject;
  private readonly profile: Profile;
  private readonly program: LaunchPlan['command'];
  private readonly flags: ShrinkFlags;
  private readonly seconds: number;
  private readonly wanted: number;

  constructor(
    context: Context,
    subject: Subject,
    profile: Profile,
    program: LaunchPlan['command'],
    flags: ShrinkFlags,
  ) {
    this.context = context;
    this.subject = subject;
    this.profile = profile;
    this.program = program;
    this.flags = flags;
    this.progress = new Progress(context.stderr, flags.quiet);
    this.each = natural(flags.trials, '--trials');
    this.seconds = natural(flags.timeout, '--timeout');
    this.wanted = exitStatus(flags.status);
  }

  /** The program must work under the whole profile, every time. */
  async baseline(): Promise<void> {
    const attempts: Attempt[] = [];
    for (let i = 0; i < this.each; i++) attempts.push(await this.run(new Set()));
    const hows = attempts.map(({ how }) => how);
    if (new Set(hows).size > 1)
      throw new CliFailure(
        `the program does not work the same way every time under the whole profile (${hows.join('; ')}); nothing can be tried`,
      );
    const [{ status, how }] = attempts;
    if (status !== this.wanted) throw await this.failure(how);
  }

  /** Why the program fails under the whole profile: whether it does without a filter, too. */
  private async failure(how: string): Promise<CliFailure> {
    const free = await this.attempt({}, (fault) => {
      throw fault;
    });
    if (free.status === this.wanted)
      return new CliFailure(
        `the program fails under the whole profile (${how}), and works without a filter; nothing can be tried`,
      );
    const meant =
      free.status === undefined
        ? 'nothing can be tried'
        : `if that is how it works, say so: --status ${free.status}`;
    return new CliFailure(`the program fails with everything allowed, too (${free.how}); ${meant}`);
  }

  /** The calls that any of several runs makes. */
  async used(): Promise<Set<string>> {
    const chosen = findRecorder('auto');
    const used = new Set<string>();
    for (let i = 0; i < this.each; i++) {
      const { recording } = await recordWithSignals(this.context, chosen, this.program, () => {}, {
        stdio: 'ignore',
      });
      this.runs++;
      for (const { name } of recording.observations) used.add(name);
    }
    return used;
  }

  /** Whether it works every time without these calls. */
  readonly works = async (without: ReadonlySet<string>): Promise<boolean> => {
    this.progress.show(() => `run ${this.runs + 1}: without ${plural(without.size, 'call')}`);
    for (let i = 0; i < this.each; i++) if ((await this.run(without)).status !== this.wanted) return false;
    return true;
  };

  private async run(without: ReadonlySet<string>): Promise<Attempt> {
    const { subject } = this;
    const policy = lowerProfile(withoutNames(this.profile, without), subject.target).value;
    if (!policy) return { how: 'it is no profile any more' };
    const filter = compileSubject({ ...subject, policy });
    // There are filters under which not even execve works.
    return this.attempt({ filter, flags: filterFlags(this.profile, false) }, (fault) => ({
      how: fault instanceof Error ? fault.message : String(fault),
    }));
  }

  /** Runs the program and the check; `unstarted` tells what it means when the program could not be started. */
  private async attempt(plan: Partial<LaunchPlan>, unstarted: (fault: unknown) => Attempt): Promise<Attempt> {
    const { context, program: command } = this;
    this.runs++;
    const route: SignalRoute = { stop: new AbortController() };
    const tooLate = { how: `it took longer than ${plural(this.seconds, 'second')}` };
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endProgram(route, 'SIGKILL');
    }, this.seconds * 1000);
    try {
      const whole: LaunchPlan = {
        command,
        env: context.env,
        noNewPrivs: true,
        stdio: 'ignore',
        ...DIES_WITH_US,
        ...plan,
      };
      const { ending } = await runProgramPlan(context, whole, route);
      if (route.last !== undefined && !late) throw stoppedBySignal(route.last);
      if (late) return tooLate;
      if (ending.signal === 'SIGSYS') return { how: 'it died of SIGSYS: a filter kills a call that it made' };
      const how = ending.signal ? `it died of ${ending.signal}` : `it ended with ${ending.status}`;
      return (await this.checks()) ? { status: ending.status, how } : { how: `${how}, and the check failed` };
    } catch (fault) {
      if (late) return tooLate;
      if (route.last !== undefined) throw stoppedBy(route, fault) ?? fault;
      return unstarted(fault);
    } finally {
      clearTimeout(timer);
    }
  }

  private async checks(): Promise<boolean> {
    const { check } = this.flags;
    if (check === undefined) return true;
    const plan: LaunchPlan = {
      command: ['sh', '-c', check],
      env: this.context.env,
      stdio: 'ignore',
      ...DIES_WITH_US,
    };
    return (await runProgramPlan(this.context, plan)).ending.status === 0;
  }
}

function text(style: Style, { dispensable, unused, needed }: ShrunkByUse, { runs, each }: Trials): string {
  const called = dispensable.filter((name) => !unused.includes(name));
  const lines = [
    `${style.bold(plural(dispensable.length, 'call'))} dispensable, ${plural(needed.length, 'call')} needed; each by ${plural(each, 'run')}, ${plural(runs, 'run')} in all`,
  ];
  if (unused.length > 0) lines.push(`  never called: ${unused.join(', ')}`);
  if (called.length > 0) lines.push(`  called, but it works when they fail: ${called.join(', ')}`);
  if (dispensable.length > 0)
    lines.push(
      style.dim('  what these runs did not do may still need them: use a command that exercises everything'),
    );
  return `${lines.join('\n')}\n`;
}

function json(result: ShrunkByUse, { runs, each }: Trials): string {
  return `${writeJson({ ...result, runs, trials: each })}\n`;
}
