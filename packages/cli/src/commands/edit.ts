import { allowedCalls } from '@callgate/engine/internal/analysis/allowed-calls';
import { type Differences, diffPolicies } from '@callgate/engine/internal/analysis/diff';
import { floorOf } from '@callgate/engine/internal/build/floors';
import { type Asked, amend } from '@callgate/engine/internal/edit/amend';
import { NotAsAsked } from '@callgate/engine/internal/edit/amended';
import { differencesDocument, differencesText } from '@callgate/engine/internal/report/differences';
import { printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { errnoNumber } from '@callgate/engine/internal/syscalls/arguments';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, InputFaults } from '../context.ts';
import { callsAsked } from '../flags/asked-calls.ts';
import { floorRuntime } from '../flags/container-flags.ts';
import { abisNamed, addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { carriedIn } from '../load/carried.ts';
import { located } from '../load/faults.ts';
import { readText } from '../load/read-text.ts';
import { stockNamed } from '../load/stock.ts';
import { loadProfileSubject, partOf } from '../load/subject.ts';
import { shown } from '../terminal/shown.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface EditFlags extends TargetFlags {
  readonly allow?: readonly string[];
  readonly also?: readonly string[];
  readonly deny?: readonly string[];
  readonly errno?: number;
  readonly cover?: string;
  readonly default?: string;
  readonly shadow?: boolean;
  readonly addFloor?: string;
  readonly renameUnknown?: boolean;
  readonly output: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const ACTIONS = ['ALLOW', 'LOG', 'ERRNO', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'TRACE'];

export const edit: Verb = {
  name: 'edit',

  configure(command) {
    command
      .argument('<profile>', 'a profile, or a default profile such as stock:docker, stock:none (allows all)')
      .addOption(
        new Option(
          '--allow <call,…>',
          'let calls pass, or one with certain arguments: socket=family==AF_UNIX',
        ).argParser(collected),
      )
      .addOption(
        new Option(
          '--also <call=…>',
          'let one call pass with certain arguments, beside those with which it does: socket=family==AF_VSOCK',
        ).argParser(collected),
      )
      .addOption(
        new Option('--deny <call,…>', 'answer calls with EPERM, or one with certain arguments').argParser(
          collected,
        ),
      )
      .addOption(
        new Option(
          '--errno <error>',
          'what --deny answers; ENOSYS makes libraries take an older call (default: EPERM)',
        ).argParser(errnoOf),
      )
      .addOption(
        new Option('--default <action>', `for every call that no rule names: ${ACTIONS.join(', ')}`).choices(
          ACTIONS,
        ),
      )
      .option('--cover <abi,…>', 'let the rules decide calls of these ABIs, too: x86, x32')
      .option('--shadow', 'log everything that is denied, and let it pass')
      .option(
        '--add-floor <runtime[@v]>',
        'let what this runtime itself calls pass: runc, crun, docker, podman, any',
      )
      .option(
        '--rename-unknown',
        'put the names of calls that were meant in the place of those that are none',
      )
      .option('-o, --output <file>', 'where it goes; "-" for stdout', '-')
      .option('--json', 'what has changed as one JSON document, with the text where -o names no file')
      .option('-q, --quiet', 'do not tell what has changed');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
The text is changed where it has to be; comments, order and layout stay. Then callgate proves that what the
profile means has changed as asked and in nothing else. Where it would not, nothing is written. A call that another
ABI reaches through socketcall or ipc, too, changes there as well. Of what stays denied another ABI may get ENOSYS
instead of another error, or the reverse; that is told.
${examples(
  'edit profile.json --allow statx,openat2 -o profile.json',
  "edit profile.yaml --allow 'socket=family==AF_UNIX' --deny ptrace -o profile.yaml",
  'edit stock:docker --deny ptrace -o no-ptrace.json',
  "edit stock:none --deny 'socket=family==AF_VSOCK' -o no-vsock.json",
  'edit stock:none --deny ptrace,process_vm_writev -o denylist.json',
  'edit profile.json --deny clone3 --errno ENOSYS -o profile.json',
  'edit profile.json --shadow -o watching.json',
)}`,
    );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<EditFlags>();
    const target = targetOf(flags);
    const { file, text, part } = await textOf(context, name);
    const calls = [...asked(flags), ...(await floor(context, name, target, flags))];
    const covers = flags.cover === undefined ? [] : abisNamed(flags.cover);
    const isNothing = calls.length === 0 && covers.length === 0 && flags.default === undefined;
    if (flags.errno !== undefined && !flags.deny)
      throw new CliFailure('--errno says what --deny answers, and nothing is denied');
    if (isNothing && !flags.shadow && !flags.renameUnknown)
      throw new CliFailure(
        'nothing is asked for: --allow, --also, --deny, --default, --cover, --shadow, --add-floor or --rename-unknown',
      );
    const defaultAction = flags.default === undefined ? undefined : `SCMP_ACT_${flags.default}`;
    const amendment = {
      calls,
      covers,
      defaultAction,
      shadow: flags.shadow,
      renamesUnknown: flags.renameUnknown,
    };
    const amended = amendedOf(() => amend({ name: file, text, part, target }, amendment));
    if (amended.kind === 'faulty') throw new InputFaults(located(amended.diagnostics, name, text), text);
    const changed = amended.text.endsWith('\n') ? amended.text : `${amended.text}\n`;
    const toStdout = flags.output === '-';
    if (!(flags.json && toStdout))
      writeFile(context, flags.output, toStdout && context.stdout.isTTY ? shown(changed) : changed);
    const differences = diffPolicies(amended.before, amended.after);
    if (flags.json)
      context.stdout.write(
        `${writeJson({ ...differencesDocument(differences), ...(toStdout && { text: changed }) })}\n`,
      );
    else if (!flags.quiet) tell(context, differences);
    return CLEAN;
  },
};

function collected(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function asked({ allow = [], also = [], deny = [], errno }: EditFlags): Asked[] {
  const asking = (texts: readonly string[], kind: Asked['kind']) =>
    texts.map((text) => callsAsked(text, kind));
  const denied = asking(deny, 'deny').map((one) => ({ ...one, ...(errno !== undefined && { errno }) }));
  return [...asking(allow, 'allow'), ...asking(also, 'also'), ...denied];
}

const MOST_ERRNO = 4095;

function errnoOf(text: string, before: number | undefined): number {
  if (before !== undefined) throw new CliFailure('--errno is given twice, and takes one');
  const errno = /^\d{1,4}$/.test(text) ? Number(text) : errnoNumber(text);
  if (errno === undefined || errno === 0 || errno > MOST_ERRNO)
    throw new CliFailure(
      `--errno ${printable(text)} is no error of the kernel: such as EACCES, ENOSYS, or a number to ${MOST_ERRNO}`,
    );
  return errno;
}

/** What a runtime calls itself, and does not pass yet. */
async function floor(context: Context, name: string, target: Target, flags: EditFlags): Promise<Asked[]> {
  if (flags.addFloor === undefined) return [];
  const { policy } = await loadProfileSubject(context, name, target, { allowUnknown: true, quiet: true });
  const [native] = policy.abis;
  const passing = new Set(
    allowedCalls(policy).flatMap((call) =>
      call.arch === native.name && !call.isConditional ? [call.name] : [],
    ),
  );
  const names = [...floorOf(floorRuntime(flags.addFloor)).keys()].filter((call) => !passing.has(call)).sort();
  return names.length > 0 ? [{ names, kind: 'allow', conditions: [] }] : [];
}

/** A default profile stands on one line; people read it on many. */
async function textOf(
  context: Context,
  name: string,
): Promise<{ readonly file: string; readonly text: string; readonly part?: string }> {
  const stock = stockNamed(name);
  if (stock) return { file: name, text: `${JSON.stringify(JSON.parse(await stock.text()), null, 2)}\n` };
  const { file, part } = partOf(context, name);
  const text = await readText(context, file);
  const carried = await carriedIn(text, file);
  if (carried)
    throw new CliFailure(
      `edit changes profiles in JSON and YAML, and ${printable(name)} is ${carried.carrier.about}`,
    );
  return { file, text, part };
}

function amendedOf<T>(work: () => T): T {
  try {
    return work();
  } catch (fault) {
    if (fault instanceof NotAsAsked) throw new CliFailure(`nothing was written: ${printable(fault.message)}`);
    throw fault;
  }
}

function tell({ stderr, env }: Context, differences: Differences): void {
  const style = styleFor(stderr, env);
  stderr.write(
    differences.listed.length === 0
      ? 'callgate: what the profile means has not changed\n'
      : `callgate: ${differencesText(style, differences)}`,
  );
}
