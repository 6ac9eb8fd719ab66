import { closeSync, existsSync, mkdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { allowedCalls } from '@callgate/engine/internal/analysis/allowed-calls';
import { synthesize } from '@callgate/engine/internal/build/synthesize';
import { allowsByDefault } from '@callgate/engine/internal/profile/allowed-calls';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { printable } from '@callgate/engine/internal/report/words';
import {
  FOLLOWER_READY,
  HOOK_ANNOTATION,
  HookFailure,
  type HookRequest,
  hookFile,
  ownCommand,
  readHookState,
  startFollower,
} from '@callgate/linux/internal/container/oci-hook';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context } from '../context.ts';
import { targetOf } from '../flags/target-flags.ts';
import { readText } from '../load/read-text.ts';
import { loadProfileSubject } from '../load/subject.ts';
import { recordRunning } from '../run/attach-run.ts';
import { reason, writeFile } from '../terminal/write-file.ts';

interface HookFlags {
  readonly dir: string;
  readonly pid?: string;
  readonly of?: string;
  readonly if?: string;
}

const DEFAULT_FOLDER = '/etc/containers/oci/hooks.d';
const FILE = 'oci-callgate.json';
/** Where the follower tells the hook that it records. */
const READY_DESCRIPTOR = 3;

export const hook: Verb = {
  name: 'hook',

  configure(command) {
    command
      .argument('<action>', 'install, uninstall, or run (what OCI runtimes start)')
      .option('--dir <folder>', 'where podman and CRI-O look for hooks', DEFAULT_FOLDER)
      // Of `hook follow`, which only `hook run` starts.
      .addOption(new Option('--pid <n>').hideHelp())
      .addOption(new Option('--of <file>').hideHelp())
      .addOption(new Option('--if <file>').hideHelp())
      .addHelpText(
        'after',
        `
Once the hook is installed, a container with the annotation ${HOOK_ANNOTATION}="of:/out.json"
is recorded from its first call to its end, and /out.json is then the smallest profile for it.
With "if:/in.json;of:/out.json" the profile allows what /in.json allows, too.

Podman and CRI-O find the hook by themselves. For runc and crun put this into config.json:
  "hooks": { "createRuntime": [{ "path": "…/node", "args": ["node", "…/callgate.js", "hook", "run"] }] }
${examples('hook install', 'hook install --dir ./hooks.d', 'hook uninstall --dir ./hooks.d')}
then: podman --hooks-dir ./hooks.d run --annotation ${HOOK_ANNOTATION}=of:/tmp/web.json IMAGE
`,
      );
  },

  async run(context, command) {
    const [action] = command.processedArgs as [string];
    const flags = command.opts<HookFlags>();
    switch (action) {
      case 'install':
        return install(context, flags.dir);
      case 'uninstall':
        return uninstall(context, flags.dir);
      case 'run':
        return runHook(context);
      case 'follow':
        return follow(context, flags);
      default:
        throw new CliFailure(`a hook can be installed, uninstalled or run, not "${printable(action)}"`);
    }
  },
};

function install(context: Context, folder: string): number {
  const file = join(folder, FILE);
  try {
    mkdirSync(resolve(context.cwd, folder), { recursive: true });
  } catch (fault) {
    throw new CliFailure(`cannot make ${printable(folder)}: ${reason(fault)}`);
  }
  writeFile(
    context,
    file,
    hookFile(ownCommand(context.script), context.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin'),
  );
  context.stdout.write(
    `wrote ${printable(file)}; containers with the annotation ${HOOK_ANNOTATION}=of:FILE are recorded\n`,
  );
  return CLEAN;
}

function uninstall(context: Context, folder: string): number {
  const file = resolve(context.cwd, folder, FILE);
  if (!existsSync(file)) throw new CliFailure(`there is no ${printable(file)}`);
  rmSync(file);
  context.stdout.write(`removed ${printable(file)}\n`);
  return CLEAN;
}

/** Between the creation of the container and its start; the runtime waits until this has ended. */
async function runHook(context: Context): Promise<number> {
  try {
    const state = readHookState(await readText(context, '-'));
    if (!state) return CLEAN;
    const { input, output } = state.request;
    checkOutput(output);
    const files = ['--of', output, ...(input === undefined ? [] : ['--if', input])];
    await startFollower([
      ...ownCommand(context.script),
      'hook',
      'follow',
      '--pid',
      String(state.pid),
      ...files,
    ]);
    return CLEAN;
  } catch (fault) {
    throw fault instanceof HookFailure ? new CliFailure(printable(fault.message)) : fault;
  }
}

/** Records the container to its end, whatever becomes of the hook, and writes the profile. */
async function follow(context: Context, flags: HookFlags): Promise<number> {
  const { pid, of: output } = flags;
  if (!/^\d+$/.test(pid ?? '') || output === undefined)
    throw new CliFailure('callgate hook run starts this; it needs --pid and --of');
  const request: HookRequest = { output, ...(flags.if !== undefined && { input: flags.if }) };
  try {
    const allow = request.input === undefined ? [] : await namesOf(context, request.input);
    const attached = await recordRunning(context, {
      target: { kind: 'created', pid: Number(pid) },
      args: false,
      say: () => tell(FOLLOWER_READY),
    });
    const { profile } = synthesize([attached.snapshot()], { allow });
    attached.close();
    writeFile(context, output, stringifyProfile(profile));
    return CLEAN;
  } catch (fault) {
    tell(fault instanceof Error ? fault.message : String(fault));
    throw fault;
  }
}

/** The calls that a profile lets pass on this machine, whatever the arguments. */
async function namesOf(context: Context, file: string): Promise<string[]> {
  const { policy, source } = await loadProfileSubject(context, file, targetOf({}), {
    allowUnknown: true,
    quiet: true,
  });
  if (allowsByDefault(source.profile))
    throw new CliFailure(
      `${printable(file)} lets everything pass that it does not name; give a list of what is allowed`,
    );
  return [...new Set(allowedCalls(policy).map(({ name }) => name))];
}

/** When the container has ended nobody hears of it any more. */
function checkOutput(output: string): void {
  if (!existsSync(dirname(output))) throw new CliFailure(`the folder of ${printable(output)} does not exist`);
  if (existsSync(output) && statSync(output).isDirectory())
    throw new CliFailure(`${printable(output)} is a folder, not a file`);
}

/** One line to the hook that waits; later nobody listens any more. */
function tell(line: string): void {
  try {
    writeSync(READY_DESCRIPTOR, `${line.split('\n')[0]}\n`);
    closeSync(READY_DESCRIPTOR);
  } catch {
    // Nobody waits.
  }
}
