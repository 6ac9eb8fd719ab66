import { findTestFormat, TEST_FORMATS } from '@callgate/engine/internal/report/test-formats';
import type { TestFormat } from '@callgate/engine/internal/report/test-formats/test-format';
import { isPassed, type TestReport } from '@callgate/engine/internal/report/test-report';
import { printable } from '@callgate/engine/internal/report/words';
import {
  CONTAINER_HOSTS,
  type ContainerHostName,
  ContainerRefused,
} from '@callgate/linux/internal/container/container-host';
import { TestImpossible } from '@callgate/linux/internal/trials/profile-test';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FAILED, FINDINGS } from '../context.ts';
import { once } from '../flags/once.ts';
import { formatName } from '../flags/report-flags.ts';
import { ownPackage } from '../load/own-package.ts';
import { type LoadedSpec, loadSpec } from '../load/test-spec.ts';
import { type TestRun, testCommand, testSpec, testSubject } from '../prove/profile-tests.ts';
import { onSignals, STOPPING, stoppedBySignal } from '../run/signals.ts';
import { Progress } from '../terminal/progress.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface TestFlags {
  readonly profile?: string;
  readonly engine?: ContainerHostName;
  readonly allowUnknown?: boolean;
  readonly format: string;
  readonly output: string;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const FORMAT_HELP = TEST_FORMATS.map(({ id, about }) => `${id} (${about})`).join(', ');

export const test: Verb = {
  name: 'test',

  configure(command) {
    command
      .argument(
        '[what...]',
        'a spec (YAML or JSON); a container or process: docker:NAME, podman:NAME, pid:N; or a command after --',
      )
      .option('-p, --profile <profile>', "the profile to test (default: the spec's)", once)
      .addOption(
        new Option(
          '-e, --engine <engine>',
          `what starts it: ${CONTAINER_HOSTS.join(', ')} (default: the spec's)`,
        ).choices(CONTAINER_HOSTS),
      )
      .option(
        '--allow-unknown',
        'skip names that are no system call, as runtimes do, instead of refusing the profile',
      )
      .option('-a, --all', 'every call of every attack, also of those that are stopped')
      .addOption(
        new Option('-f, --format <format>', FORMAT_HELP)
          .choices(TEST_FORMATS.map(({ id }) => id))
          .default('text'),
      )
      .option('-o, --output <file>', 'where it goes; "-" for stdout', '-')
      .option('--json', 'the same as --format json')
      .option('-q, --quiet', 'say nothing; the exit status tells')
      .addHelpText(
        'after',
        `
A spec says what must work under the profile and what must not: docs/test.md. Without one, every attack that no
ordinary program makes is tried, and a command has to end as it does without the profile.

Every attack is tried with the profile and, as control, without it, by each call that has its effect, with arguments
that do no harm. What the kernel refuses anyway is no merit of the profile: it counts only if the profile denies it
as well. Where the profile lets nothing start, no check has passed.

Exit status: 0 all as it should be, 1 not, 2 nothing could be tested.
${examples('test redis.test.yaml', 'test redis.test.yaml --engine podman --profile new.json', 'test --profile ls.json -- ls -l', 'test docker:web')}`,
      );
  },

  async run(context, command) {
    const flags = command.opts<TestFlags>();
    const format = findTestFormat(formatName(command))!;
    const { what, program } = wordsOf(context, command.processedArgs[0] as string[] | undefined);
    const subject = what !== undefined && /^[a-z]+:/.test(what) ? what : undefined;
    const loaded = what === undefined || subject !== undefined ? undefined : await loadSpec(context, what);
    const report = await interruptible(context, flags, (run) =>
      loaded
        ? testSpec(context, loaded.spec, run)
        : subject === undefined
          ? testCommand(context, program, run)
          : testSubject(context, subject, run),
    );
    write(context, flags, format, report, loaded);
    return isPassed(report) ? CLEAN : FINDINGS;
  },
};

/** What stands before "--", and the command behind it; one of both has to be there. */
function wordsOf(context: Context, args: readonly string[] = []) {
  const at = context.argv.indexOf('--');
  const program = at < 0 ? [] : context.argv.slice(at + 1);
  const [what, second] = args.slice(0, args.length - program.length);
  if (second !== undefined)
    throw new CliFailure(`one thing is tested at a time, not ${printable(second)} as well`);
  if (what !== undefined && program.length > 0)
    throw new CliFailure(`${printable(what)} says what runs; leave out the command after --`);
  if (what === undefined && program.length === 0)
    throw new CliFailure('nothing to test: give a spec, docker:NAME, or --profile PROFILE -- CMD');
  return { what, program };
}

/** Runs a test so that a signal ends it after it has removed what it has made. */
async function interruptible(
  context: Context,
  flags: TestFlags,
  work: (run: TestRun) => Promise<TestReport>,
): Promise<TestReport> {
  const stop = new AbortController();
  const off = onSignals(context, STOPPING, (signal) => stop.abort(stoppedBySignal(signal)));
  const progress = new Progress(context.stderr, flags.quiet);
  const { profile, engine, allowUnknown } = flags;
  const onStep = (step: string) => progress.show(() => printable(step));
  const onPredicted = (why: string) => {
    progress.clear();
    if (!flags.quiet) context.stderr.write(`callgate: nothing will start: ${printable(why)}\n`);
  };
  try {
    return await work({ profile, engine, allowUnknown, stop: stop.signal, onStep, onPredicted });
  } catch (fault) {
    const told = fault instanceof TestImpossible || fault instanceof ContainerRefused;
    throw told ? new CliFailure(printable(fault.message), FAILED) : fault;
  } finally {
    progress.clear();
    off();
  }
}

function write(
  context: Context,
  { output, quiet, all }: TestFlags,
  format: TestFormat,
  report: TestReport,
  loaded: LoadedSpec | undefined,
): void {
  if (quiet && output === '-' && format.id === 'text') return;
  const style = output === '-' ? styleFor(context.stdout, context.env) : undefined;
  const spec = loaded && { name: printable(loaded.name), text: loaded.text };
  writeFile(
    context,
    output,
    format.write(report, { tool: ownPackage(context), style, all, ...(spec && { spec }) }),
  );
}
