import { allowedCalls, shrink as search, withoutCalls } from '@callgate/engine/build/shrink';
import { lowerProfile } from '@callgate/engine/policy/lower';
import type { Profile } from '@callgate/engine/profile/profile';
import { stringifyProfile } from '@callgate/engine/profile/stringify';
import type { LaunchPlan } from '@callgate/linux/launch/launch';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS, OWN_FAILURE } from '../context.ts';
import { natural } from '../flags/number.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { loadSubject, type Subject } from '../load/subject.ts';
import {
  commandOf,
  endProgram,
  expectProgram,
  filterFlags,
  runProgramPlan,
  type SignalRoute,
  stoppedBy,
} from '../run/program-run.ts';
import { Progress } from '../terminal/progress.ts';
import { plural, printable, type Style, styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';
import { findRecorder, recordWithSignals } from './record.ts';

interface ShrinkFlags extends TargetFlags {
  readonly output?: string;
  readonly trials: string;
  readonly check?: string;
  readonly timeout: string;
  readonly action: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Without these no process can begin or end, or only until a signal comes: trials would not show it. */
const NEVER_TRIED = ['execve', 'exit', 'exit_group', 'rt_sigreturn', 'sigreturn', 'restart_syscall'];

export const shrink: Verb = {
  name: 'shrink',

  configure(command) {
    command
      .argument('<profile>', 'the profile to make smaller')
      .argument('<command...>', 'the program and its arguments, after --')
      .option('-o, --output <file>', 'write the smaller profile')
      .option('--trials <n>', 'a call is dispensable when so many runs work without it', '3')
      .option('--check <command>', 'a shell command that must succeed after each run')
      .option('--timeout <seconds>', 'a run that takes longer does not work', '30')
      .option(
        '--action <errno|log>',
        'errno: try what happens when calls are denied; log: drop only what is never called',
        'errno',
      )
      .option('--json', 'print the result as one JSON document');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
The program is run again and again without output, under the profile less some of its calls. A run works
when it ends as it did under the whole profile and --check succeeds. Exit status: 0 when every call is
needed, 1 when some are dispensable.
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
    if (flags.action !== 'errno' && flags.action !== 'log')
      throw new CliFailure(`--action is errno or log, not "${printable(flags.action)}"`);
    const words = commandOf(program, 'shrink');
    expectProgram(context, words[0]);
    const trials = new Trials(context, subject, profile, words, flags);
    const result = await searched(trials, profile, flags).finally(() => trials.progress.clear());
    const { dispensable } = result;
    if (flags.output)
      writeFile(context, flags.output, stringifyProfile(withoutCalls(profile, new Set(dispensable))));
    context.stdout.write(
      flags.json ? json(result, trials) : text(styleFor(context.stdout, context.env), result, trials),
    );
    return dispensable.length > 0 ? FINDINGS : CLEAN;
  },
};

interface Result {
  readonly dispensable: readonly string[];
  readonly unused: readonly string[];
  readonly needed: readonly string[];
}

/** How one run went. */
interface Attempt {
  /** The program's exit status; undefined when the run does not work, whatever others do. */
  readonly status?: number;
  readonly how: string;
}

/** Tries what the program never calls first and together, because most often it goes in one trial; then the rest. */
async function searched(trials: Trials, profile: Profile, flags: ShrinkFlags): Promise<Result> {
  await trials.baseline();
  const candidates = allowedCalls(profile).filter((name) => !NEVER_TRIED.includes(name));
  const used = await trials.used();
  const unused = candidates.filter((name) => !used.has(name));
  const found = await search(unused, trials.works);
  const rest =
    flags.action === 'errno'
      ? await search(
          candidates.filter((name) => used.has(name)),
          (without) => trials.works(new Set([...found.dispensable, ...without])),
        )
      : undefined;
  return {
    dispensable: [...found.dispensable, ...(rest?.dispensable ?? [])].sort(),
    unused: found.dispensable,
    needed: [...found.needed, ...(rest?.needed ?? [])].sort(),
  };
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
  private wanted = 0;

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
  }

  /** How the program ends under the whole profile; it must do so every time. */
  async baseline(): Promise<void> {
    const outcomes: Attempt[] = [];
    for (let i = 0; i < this.each; i++) outcomes.push(await this.run(new Set()));
    const hows = outcomes.map(({ how }) => how);
    if (new Set(hows).size > 1)
      throw new CliFailure(
        `the program does not work the same way every time under the whole profile (${hows.join('; ')}); nothing can be tried`,
      );
    const { status, how } = outcomes[0]!;
    if (status === undefined) throw await this.failure(how);
    if (status !== 0 && !this.flags.quiet)
      this.context.stderr.write(`callgate: under the whole profile: ${how}; such a run counts as working\n`);
    this.wanted = status;
  }

  /** Why the program fails under the whole profile: whether it does without a filter, too. */
  private async failure(how: string): Promise<CliFailure> {
    const free = await this.attempt({}, (fault) => {
      throw fault;
    });
    return new CliFailure(
      free.status === undefined
        ? `the program fails with everything allowed, too (${free.how}); nothing can be tried`
        : `the program fails under the whole profile (${how}), and works without a filter; nothing can be tried`,
    );
  }

  /** The calls that any of several runs makes. */
  async used(): Promise<Set<string>> {
    const { recorder } = findRecorder('auto');
    const used = new Set<string>();
    for (let i = 0; i < this.each; i++) {
      const { recording } = await recordWithSignals(this.context, recorder, this.program, () => {}, {
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
    const policy = lowerProfile(withoutCalls(this.profile, without), subject.target).value;
    if (!policy) return { how: 'it is no profile any more' };
    const filter = compileSubject({ ...subject, policy });
    // There are filters under which not even execve works.
    return this.attempt({ filter, flags: filterFlags(subject, false) }, (fault) => ({
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
      const whole: LaunchPlan = { command, env: context.env, noNewPrivs: true, stdio: 'ignore', ...plan };
      const { ending } = await runProgramPlan(context, whole, route);
      if (route.last !== undefined && !late) throw new CliFailure(`stopped by ${route.last}`, OWN_FAILURE);
      if (late) return tooLate;
      if (ending.signal === 'SIGSYS') return { how: 'it died of SIGSYS: a filter kills a call that it made' };
      const how = ending.signal ? `it died of ${ending.signal}` : `it ended with ${ending.status}`;
      return (await this.checks()) ? { status: ending.status, how } : { how: `${how}, and the check failed` };
    } catch (fault) {
      if (late) return tooLate;
      if (route.last !== undefined) throw stoppedBy(route) ?? fault;
      return unstarted(fault);
    } finally {
      clearTimeout(timer);
    }
  }

  private async checks(): Promise<boolean> {
    const { check } = this.flags;
    if (check === undefined) return true;
    const plan: LaunchPlan = { command: ['sh', '-c', check], env: this.context.env, stdio: 'ignore' };
    return (await runProgramPlan(this.context, plan)).ending.status === 0;
  }
}

function text(style: Style, { dispensable, unused, needed }: Result, { runs, each }: Trials): string {
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

function json(result: Result, { runs, each }: Trials): string {
  return `${JSON.stringify({ ...result, runs, trials: each })}\n`;
}
