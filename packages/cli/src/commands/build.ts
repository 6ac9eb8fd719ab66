import { basename } from 'node:path';
import { type Extension, extendBase, onBase } from '@callgate/engine/internal/build/extend';
import { originsFile, stringifyOrigins } from '@callgate/engine/internal/build/origins';
import { usualCalls } from '@callgate/engine/internal/build/runtime-default';
import { type BuildOptions, type Synthesis, synthesize } from '@callgate/engine/internal/build/synthesize';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { completenessOf } from '@callgate/engine/internal/recording/completeness';
import {
  lacksRuntime,
  type Recording,
  stringifyRecording,
} from '@callgate/engine/internal/recording/recording';
import { boundLines } from '@callgate/engine/internal/report/bound';
import { buildHtml } from '@callgate/engine/internal/report/build-html';
import { extensionDocument, extensionLines } from '@callgate/engine/internal/report/extension';
import { isList } from '@callgate/engine/internal/report/recording';
import type { Style } from '@callgate/engine/internal/report/style';
import {
  completenessLines,
  conditionLines,
  reasonLines,
  summaryLines,
  synthesisDocument,
} from '@callgate/engine/internal/report/synthesis';
import { printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { isKnownName } from '@callgate/engine/internal/syscalls/lookup';
import { thisMachine } from '@callgate/linux/internal/machine';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS, InputFaults, type Output } from '../context.ts';
import {
  addContainerFlags,
  type ContainerFlags,
  containerOptionsOf,
  runtimeDefaultOf,
} from '../flags/container-flags.ts';
import { givenOnce } from '../flags/given-once.ts';
import { natural } from '../flags/number.ts';
import { kernelRange, libcRange } from '../flags/range-flags.ts';
import { abisNamed } from '../flags/target-flags.ts';
import { baseText } from '../load/base.ts';
import { boundOf, capabilitiesOf, remedyLines } from '../load/bound.ts';
import { located } from '../load/faults.ts';
import {
  addLogFlags,
  type LogFlags,
  type LogFlagTexts,
  logFlagsOf,
  type ReadRecording,
  readAnyRecording,
  unknownNamesOf,
} from '../load/log.ts';
import { noSuchCall } from '../load/system-call.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface BuildFlags extends LogFlagTexts, ContainerFlags {
  readonly output: string;
  readonly arch?: string;
  readonly libcRange?: string;
  readonly kernelRange?: string;
  readonly allow?: string;
  readonly withDenied?: boolean;
  readonly tighten?: boolean;
  readonly base?: string;
  readonly minRuns: string;
  readonly maxValues: string;
  readonly html?: string;
  readonly sidecar: boolean;
  readonly explain?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const build: Verb = {
  name: 'build',

  configure(command) {
    command
      .argument('<recordings...>', 'recordings, or logs of any tool that callgate read knows; "-" for stdin')
      .option('-o, --output <file>', 'where the profile goes; "-" for stdout', '-')
      .option('--arch <abi,…>', 'a profile for exactly these ABIs (default: those that were recorded)')
      .optionsGroup('What the profile allows beside what was recorded:')
      .addOption(
        new Option(
          '--base <subject>',
          'what this allows: a file, stock:docker, docker:web, …; a profile keeps its text, and what was recorded is added',
        ).argParser(givenOnce('--base')),
      );
    addContainerFlags(command);
    command
      .option(
        '--libc-range <l:a-b>',
        'what the program calls with other releases of the C library: glibc:2.31-2.43, musl:1.2.3-1.2.6',
      )
      .option('--kernel-range <a-b>', 'what the program calls on other kernels: 5.10-6.18')
      .option('--allow <name,…>', 'these calls')
      .option('--with-denied', 'what a filter denied during the recording')
      .optionsGroup('Arguments of calls:')
      .option('--tighten', 'allow only argument values that were seen (needs record --args)')
      .option('--min-runs <n>', 'a condition needs this many runs behind it', '2')
      .option('--max-values <n>', 'a condition has at most this many values', '16');
    addLogFlags(command, '--log-arch <abi>');
    command
      .optionsGroup('What is written:')
      .option('--html <file>', 'a report as one HTML page')
      .option('--no-sidecar', 'no p.callgate.json beside p.json; it says why each call is in the profile')
      .option('--explain', 'for every call, why it is in the profile')
      .option('--json', 'one JSON document on stdout: the profile and everything said about it')
      .addHelpText(
        'after',
        `
For a container (--runtime, or a recording that was made in one) the profile is bounded by the runtime's
default profile: a call that this allows under conditions keeps them, one that it denies stays out and is
said. That nothing is looser is proven, for every call and ABI; what is named by --allow passes all the same.
With --no-looser-than nothing passes that the subject denies, --allow or not.
Exit status: 0 all that was asked for is allowed, 1 something stayed out or is looser, 2 could not do it.
${examples(
  'build monday.json tuesday.json -o profile.json',
  'build web.json strace.log --runtime docker --explain -o profile.json',
  'build a.json b.json c.json --tighten --min-runs 3 -o tight.json',
  'build rec.json --arch x86_64,aarch64 --libc-range glibc:2.36-2.43 -o any.json',
  'build rec.json --no-looser-than stock:docker -o bounded.json',
  'build --base stock:docker rec.json -o wider.json',
)}`,
      );
  },

  async run(context, command) {
    const [files] = command.processedArgs as [[string, ...string[]]];
    const flags = command.opts<BuildFlags>();
    const given = { ...buildOptions(flags), ...(await containerOptionsOf(flags)) };
    const logFlags = logFlagsOf({ ...flags, args: flags.args || flags.tighten });
    const recordings = await readEach(context, files, logFlags);

    const hasBase = flags.base !== undefined;
    const bound = await boundOf(context, flags, recordings, hasBase);
    const options = { ...given, bound };
    const alone = synthesize(recordings, options);
    const extension =
      flags.base === undefined ? undefined : await extended(context, flags.base, flags, alone, recordings);
    const within = bound && { bound, recordedOn: recordings[0].machine.arch };
    const synthesis = extension ? onBase(alone, extension, within) : alone;
    const runs = recordings.reduce((sum, r) => sum + r.runs, 0);
    const observed = recordings.filter(({ recorder }) => !isList(recorder));
    const completeness = observed.length > 1 ? completenessOf(observed) : undefined;
    if (!flags.json || flags.output !== '-')
      writeFile(context, flags.output, profileText(flags.output, synthesis, extension));
    if (flags.output !== '-' && flags.sidecar)
      writeFile(context, originsFile(flags.output), stringifyOrigins(synthesis, runs));
    if (flags.html) {
      const usual = options.runtimeDefault ?? (await runtimeDefaultOf('any'));
      const { arch } = recordings[0].machine;
      const report = {
        recordings,
        synthesis,
        completeness,
        usual: usualCalls(synthesis.profile, usual, arch),
      };
      writeFile(context, flags.html, buildHtml({ title: titleOf(flags.output, recordings), ...report }));
    }

    if (flags.json)
      context.stdout.write(
        `${writeJson({
          ...synthesisDocument(recordings, synthesis, completeness),
          ...(extension && { base: extensionDocument(flags.base!, extension) }),
        })}\n`,
      );
    const reasons = (output: Output) => linesOf(reasonLines(styleFor(output, context.env), synthesis, runs));
    // What was asked for goes to stdout, unless the profile is there.
    const explainsOnStdout = flags.output !== '-' && !flags.json;
    if (flags.explain && explainsOnStdout) context.stdout.write(reasons(context.stdout));
    if (flags.explain && !explainsOnStdout) context.stderr.write(reasons(context.stderr));

    const style = styleFor(context.stderr, context.env);
    const isQuiet = flags.quiet || flags.json;
    const lines = [
      ...(flags.tighten ? conditionLines(style, synthesis.conditions) : []),
      ...(isQuiet ? [] : summaryOf(style, recordings, synthesis, flags.base, extension)),
      ...(isQuiet || !synthesis.bounded ? [] : remedyLines(style, synthesis.bounded, recordings)),
      ...(isQuiet ? [] : startLines(style, recordings, flags)),
      ...(isQuiet || !completeness ? [] : completenessLines(style, completeness, thisMachine().abi.name)),
    ];
    context.stderr.write(linesOf(lines));
    const isWhole = !extension || (extension.exact && extension.uncovered.length === 0);
    // Who names a base says what is to be allowed; it is held against a bound that was named, too.
    const isKept = keepsToBound(hasBase && bound?.yieldsToHand ? alone : synthesis, options.allow);
    return isWhole && isKept ? CLEAN : FINDINGS;
  },
};

/** The base's own text where there is one; what is called JSON is. */
function profileText(output: string, { profile }: Synthesis, extension: Extension | undefined): string {
  const text = extension?.text ?? stringifyProfile(profile);
  return output.endsWith('.json') && !text.trimStart().startsWith('{') ? stringifyProfile(profile) : text;
}

/** What recordings need, written into a base. */
async function extended(
  context: Context,
  base: string,
  { caps }: BuildFlags,
  synthesis: Synthesis,
  recordings: readonly [Recording, ...Recording[]],
): Promise<Extension> {
  const target: Target = {
    native: recordings[0].machine.arch,
    kernel: thisMachine().kernel,
    capabilities: capabilitiesOf(caps, recordings),
  };
  const text = await baseText(context, base, target);
  const made = extendBase(text, synthesis, recordings);
  if (made.kind === 'extended') return made;
  const why = located(made.diagnostics, base, text.text);
  throw new InputFaults(why, text.text);
}

function summaryOf(
  style: Style,
  recordings: readonly Recording[],
  synthesis: Synthesis,
  base: string | undefined,
  extension: Extension | undefined,
): string[] {
  if (base === undefined || !extension) return summaryLines(style, recordings, synthesis);
  const runs = recordings.reduce((sum, r) => sum + r.runs, 0);
  const bound = synthesis.bounded ? boundLines(style, synthesis.bounded, base) : [];
  return [...extensionLines(style, base, extension, runs), ...bound];
}

/** Whether a bound, if there is one, took nothing out and is exceeded by nothing but what is named by hand. */
function keepsToBound({ bounded }: Synthesis, byHand: readonly string[] = []): boolean {
  if (!bounded) return true;
  return bounded.leftOut.length === 0 && bounded.looser.every(({ name = '' }) => byHand.includes(name));
}

/** Without the calls of its runtime a container that was recorded while it ran does not even start. */
function startLines(style: Style, recordings: readonly Recording[], { runtime, base }: BuildFlags): string[] {
  if (runtime !== undefined || base !== undefined || !recordings.some(lacksRuntime)) return [];
  return [
    style.yellow(
      'what the runtime calls itself while it starts the container is not among them: --runtime docker adds it',
    ),
  ];
}

/** The profile's file, or what was recorded. */
function titleOf(output: string, [{ command }]: readonly Recording[]): string {
  return output === '-' ? `Profile of ${command.join(' ') || 'a workload'}` : basename(output);
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** A log without a single call is most often not what was meant. */
function withCalls({ name, recording, contents }: ReadRecording): Recording {
  if (recording.observations.length > 0 || !contents) return recording;
  const [why] = recording.notes;
  throw new CliFailure(
    `${name}: there is no system call in it${why ? `: ${printable(why)}` : ''} [not-a-recording]`,
  );
}

/** The recordings in files; one that is given twice counts once. */
async function readEach(
  context: Context,
  files: readonly [string, ...string[]],
  logFlags: LogFlags,
): Promise<[Recording, ...Recording[]]> {
  const read = async (file: string) => {
    const found = await readAnyRecording(context, file, logFlags);
    const unknown = unknownNamesOf(found, logFlags);
    if (unknown === undefined) return withCalls(found);
    throw new CliFailure(`${found.name}: ${unknown}; --allow-unknown builds without them`, FINDINGS);
  };
  const [first, ...rest] = files;
  const recordings: [Recording, ...Recording[]] = [await read(first)];
  const given = new Set([identityOf(recordings[0])]);
  for (const file of rest) {
    const recording = await read(file);
    const identity = identityOf(recording);
    if (identity === undefined || !given.has(identity)) {
      given.add(identity);
      recordings.push(recording);
    } else if (!logFlags.quiet)
      context.stderr.write(
        `callgate: ${printable(file)} is a recording that was given before: it counts once\n`,
      );
  }
  return recordings;
}

/** What recorders wrote is told apart by when it began, too; the same log may come from two runs. */
function identityOf(recording: Recording): string | undefined {
  return recording.started === '' ? undefined : stringifyRecording(recording);
}

function buildOptions(flags: BuildFlags): BuildOptions {
  return {
    abis: flags.arch === undefined ? undefined : abisNamed(flags.arch),
    libc: flags.libcRange === undefined ? undefined : libcRange(flags.libcRange),
    kernels: flags.kernelRange === undefined ? undefined : kernelRange(flags.kernelRange),
    allow: flags.allow?.split(',').map(callNamed),
    withDenied: flags.withDenied,
    tighten: flags.tighten
      ? {
          minRuns: natural(flags.minRuns, '--min-runs'),
          mostValues: natural(flags.maxValues, '--max-values'),
        }
      : undefined,
  };
}

function callNamed(name: string): string {
  if (!isKnownName(name.trim())) throw noSuchCall(name.trim());
  return name.trim();
}
