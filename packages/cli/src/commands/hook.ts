import { closeSync, existsSync, mkdirSync, realpathSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { allowedCalls } from '@callgate/engine/internal/analysis/allowed-calls';
import { synthesize } from '@callgate/engine/internal/build/synthesize';
import { allowsByDefault } from '@callgate/engine/internal/profile/allowed-calls';
import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import type { Recording } from '@callgate/engine/internal/recording/recording';
import { leftOutTexts } from '@callgate/engine/internal/report/bound';
import { printable } from '@callgate/engine/internal/report/words';
import { profileSubject } from '@callgate/engine/internal/subject/subject';
import {
  FOLLOWER_READY,
  HOOK_ANNOTATION,
  HookFailure,
  type HookFolders,
  hookFile,
  ownCommand,
  readHookState,
  startFollower,
} from '@callgate/linux/internal/container/oci-hook';
import { tellSystemLog } from '@callgate/linux/internal/container/system-log';
import { GuardedFolder } from '@callgate/linux/internal/files/beneath';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context } from '../context.ts';
import { targetOf } from '../flags/target-flags.ts';
import { boundOf } from '../load/bound.ts';
import { readText } from '../load/read-text.ts';
import { recordRunning } from '../run/attach-run.ts';
import { reason, writeFile } from '../terminal/write-file.ts';

interface HookFlags {
  readonly dir: string;
  readonly out: string;
  readonly in?: string;
  readonly pid?: string;
  readonly caps?: string;
  readonly of?: string;
  readonly if?: string;
}

const DEFAULT_FOLDER = '/etc/containers/oci/hooks.d';
const DEFAULT_OUTPUT = '/var/lib/callgate/profiles';
const FILE = 'oci-callgate.json';
/** Of a profile that a container names. */
const MAX_BYTES = 1024 * 1024;
/** Where the follower tells the hook that it records. */
const READY_DESCRIPTOR = 3;

export const hook: Verb = {
  name: 'hook',

  configure(command) {
    command
      .argument('<action>', 'install, uninstall, or run (what OCI runtimes start)')
      .option('--dir <folder>', 'where podman and CRI-O look for hooks', DEFAULT_FOLDER)
      .option('--out <folder>', 'where profiles go; containers can name files there alone', DEFAULT_OUTPUT)
      .option(
        '--in <folder>',
        'where the profiles are that containers may start from (default: that of --out)',
      )
      // Of `hook follow`, which only `hook run` starts.
      .addOption(new Option('--pid <n>').hideHelp())
      .addOption(new Option('--caps <cap,…>').hideHelp())
      .addOption(new Option('--of <file>').hideHelp())
      .addOption(new Option('--if <file>').hideHelp())
      .addHelpText(
        'after',
        `
Once the hook is installed, a container with the annotation ${HOOK_ANNOTATION}="of:web.json"
is recorded from its first call to its end, and web.json in the folder of --out is then the smallest profile for it.
It allows nothing that the default profile denies to containers with these capabilities, whatever was called.
With "if:base.json;of:web.json" the profile allows what base.json in the folder of --in allows, too. A name with folders
in front is taken only if it leads there without links: a container can neither read nor replace any other file.

Podman and CRI-O find the hook by themselves. For runc and crun put this into config.json:
  "hooks": { "createRuntime": [{ "path": "…/node", "args": ["node", "…/callgate.js", "hook", "run", "--out", "…"] }] }
${examples('hook install', 'hook install --dir ./hooks.d --out ./profiles', 'hook uninstall --dir ./hooks.d')}
then: podman --hooks-dir ./hooks.d run --annotation ${HOOK_ANNOTATION}=of:web.json IMAGE
`,
      );
  },

  async run(context, command) {
    const [action] = command.processedArgs as [string];
    const flags = command.opts<HookFlags>();
    switch (action) {
      case 'install':
        return install(context, flags.dir, foldersOf(context, flags));
      case 'uninstall':
        return uninstall(context, flags.dir);
      case 'run':
        return runHook(context, foldersOf(context, flags));
      case 'follow':
        return follow(context, flags);
      default:
        throw new CliFailure(`a hook can be installed, uninstalled or run, not "${printable(action)}"`);
    }
  },
};

function foldersOf(context: Context, { out, in: input = out }: HookFlags): HookFolders {
  return { output: resolve(context.cwd, out), input: resolve(context.cwd, input) };
}

function install(context: Context, folder: string, wanted: HookFolders): number {
  const file = join(folder, FILE);
  makeFolder(context, folder);
  const folders = {
    output: guardedFolder(context, wanted.output),
    input: guardedFolder(context, wanted.input),
  };
  writeFile(
    context,
    file,
    hookFile(ownCommand(context.script), context.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', folders),
  );
  context.stdout.write(
    `wrote ${printable(file)}; containers with the annotation ${HOOK_ANNOTATION}=of:NAME.json are recorded, their profiles go to ${printable(folders.output)}\n`,
  );
  return CLEAN;
}

function makeFolder(context: Context, folder: string): void {
  try {
    mkdirSync(resolve(context.cwd, folder), { recursive: true, mode: 0o755 });
  } catch (fault) {
    throw new CliFailure(`cannot make ${printable(folder)}: ${reason(fault)}`);
  }
}

/** The folder without links on the way to it. Whoever can write there could put links where root writes. */
function guardedFolder(context: Context, folder: string): string {
  makeFolder(context, folder);
  try {
    const path = realpathSync(folder);
    new GuardedFolder(path).check();
    return path;
  } catch (fault) {
    throw new CliFailure(`cannot take ${printable(folder)} for profiles: ${reason(fault)}`);
  }
}

function uninstall(context: Context, folder: string): number {
  const file = resolve(context.cwd, folder, FILE);
  if (!existsSync(file)) throw new CliFailure(`there is no ${printable(file)}`);
  rmSync(file);
  context.stdout.write(`removed ${printable(file)}\n`);
  return CLEAN;
}

/** Between the creation of the container and its start; the runtime waits until this has ended. */
async function runHook(context: Context, folders: HookFolders): Promise<number> {
  try {
    const state = readHookState(await readText(context, '-'));
    if (!state) return CLEAN;
    const { input, output } = state.request;
    const files = ['--of', output, ...(input === undefined ? [] : ['--if', input])];
    await startFollower([
      ...ownCommand(context.script),
      ...['hook', 'follow', '--out', folders.output, '--in', folders.input],
      ...['--pid', String(state.pid), '--caps', state.capabilities.join(','), ...files],
    ]);
    return CLEAN;
  } catch (fault) {
    throw fault instanceof HookFailure ? new CliFailure(printable(fault.message)) : fault;
  }
}

/** Records the container to its end, whatever becomes of the hook, and writes the profile. */
async function follow(context: Context, flags: HookFlags): Promise<number> {
  const { pid, of: output, if: input } = flags;
  if (!/^\d+$/.test(pid ?? '') || output === undefined)
    throw new CliFailure('callgate hook run starts this; it needs --pid and --of');
  const folders = foldersOf(context, flags);
  const tell = teller();
  try {
    const allow = input === undefined ? [] : namesIn(folders.input, input);
    const profiles = new GuardedFolder(folders.output);
    // When the container has ended nobody hears of it any more.
    named(output, () => profiles.expectFileOrNone(output));
    const attached = await recordRunning(context, {
      target: { kind: 'created', pid: Number(pid) },
      args: false,
      say: () => tell(FOLLOWER_READY),
    });
    const recording = attached.snapshot();
    attached.close();
    const bound = await boundFor(context, flags, recording);
    const { profile, bounded } = synthesize([recording], { allow, bound });
    profiles.write(output, stringifyProfile(profile));
    if (bounded)
      for (const text of leftOutTexts(bounded.leftOut, bounded.bound))
        await tellSystemLog(printable(`${output}: left out: ${text}`));
    return CLEAN;
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault);
    if (!tell(why)) await tellSystemLog(printable(`no profile ${output}: ${why}`));
    throw fault;
  }
}

/** Any engine's default, as a container with these capabilities gets it; a name that this callgate does not know adds nothing. */
function boundFor(context: Context, { caps = '' }: HookFlags, recording: Recording) {
  const known = caps.split(',').filter((name) => (CAPABILITIES as readonly string[]).includes(name));
  const flags = { runtime: 'any', newPrivs: true, looserThan: true, caps: known.join(',') };
  return boundOf(context, flags, [recording]);
}

/**
 * The calls that a profile lets pass on this machine, whatever the arguments. What is wrong with it is not said: who starts a
 * container need not be allowed to read the file.
 */
function namesIn(folder: string, name: string): string[] {
  const bytes = named(name, () => new GuardedFolder(folder).read(name, MAX_BYTES));
  if (!bytes) throw new CliFailure(`there is no file ${printable(name)} in ${printable(folder)}`);
  const { value: subject } = profileSubject(name, bytes.toString(), targetOf({}), { unknownNames: 'skip' });
  if (!subject?.source) throw new CliFailure(`${printable(name)} is no profile; callgate show tells why`);
  if (allowsByDefault(subject.source.profile))
    throw new CliFailure(
      `${printable(name)} lets everything pass that it does not name; give a list of what is allowed`,
    );
  return [...new Set(allowedCalls(subject.policy).map((call) => call.name))];
}

/** A fault of a file that the annotation names, in words. */
function named<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (fault) {
    throw new CliFailure(`cannot use ${printable(name)}: ${reason(fault)}`);
  }
}

/** Says one line to the hook that waits; later nobody listens any more, and the descriptor may be another file's. */
function teller(): (line: string) => boolean {
  let isTold = false;
  return (line) => {
    if (isTold) return false;
    isTold = true;
    try {
      writeSync(READY_DESCRIPTOR, `${line.split('\n')[0]}\n`);
      closeSync(READY_DESCRIPTOR);
    } catch {
      // Nobody waits.
    }
    return true;
  };
}
