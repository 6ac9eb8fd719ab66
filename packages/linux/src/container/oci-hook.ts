import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The annotation that the hook acts on, in the field's own format: "of:out.json" or "if:in.json;of:out.json". */
export const HOOK_ANNOTATION = 'io.containers.trace-syscall';

/** What the annotation asks for: names of files, which only count in the folders that the hook was installed for. */
export interface HookRequest {
  /** Where the profile goes when the container has ended. */
  readonly output: string;
  /** A profile whose calls are allowed too. */
  readonly input?: string;
}

/** The folders whose files containers may name, fixed when the hook is installed; absolute. */
export interface HookFolders {
  readonly output: string;
  readonly input: string;
}

/** The container is not traced: the runtime shows the message and creates no container. */
export class HookFailure extends Error {}

/** The hook file that podman and CRI-O read (containers/common: oci-hooks(5), schema 1.0.0). */
export function hookFile(
  command: readonly [path: string, ...args: string[]],
  path: string,
  { output, input }: HookFolders,
): string {
  const args = [...command, 'hook', 'run', '--out', output, '--in', input];
  const document = {
    version: '1.0.0',
    hook: { path: command[0], args, env: [`PATH=${path}`], timeout: 30 },
    when: { annotations: { [`^${HOOK_ANNOTATION.replaceAll('.', '\\.')}$`]: '.*' } },
    // The container's process exists, its filter is not loaded, and it waits until the hook has ended.
    stages: ['createRuntime'],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** What an OCI runtime tells a hook on its stdin. */
export interface HookState {
  readonly pid: number;
  /** Those that no program of the container ever exceeds, such as CAP_CHOWN, as its bundle says; empty where it cannot be read. */
  readonly capabilities: readonly string[];
  readonly request: HookRequest;
}

/** Reads the state; undefined when the annotation is not there. Throws HookFailure. */
export function readHookState(text: string): HookState | undefined {
  const state = parse(text);
  const { annotations = {}, bundle, pid } = state;
  if (!Number.isInteger(pid) || (pid as number) <= 0)
    throw new HookFailure('the state on stdin has no pid: the hook belongs to the stage createRuntime');
  if (typeof annotations !== 'object' || annotations === null)
    throw new HookFailure('the annotations in the state on stdin are no object');
  const annotation = (annotations as Record<string, unknown>)[HOOK_ANNOTATION];
  if (annotation === undefined) return undefined;
  const request = requestOf(String(annotation));
  return { pid: pid as number, capabilities: capabilitiesIn(String(bundle)), request };
}

/** Of the bundle's config.json, which the runtime has written. */
function capabilitiesIn(bundle: string): string[] {
  try {
    const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
    const bounding: unknown = config.process.capabilities.bounding;
    return Array.isArray(bounding) ? bounding.map(String).filter((name) => /^CAP_[A-Z_]+$/.test(name)) : [];
  } catch {
    return [];
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const state = JSON.parse(text);
    if (typeof state === 'object' && state !== null && !Array.isArray(state)) return state;
  } catch {
    // Said below.
  }
  throw new HookFailure("stdin holds no container's state in JSON: an OCI runtime starts this, not a person");
}

function requestOf(annotation: string): HookRequest {
  const parts = annotation.split(';').map((part) => /^(if|of):([^\0]+)$/.exec(part.trim()));
  const [output, input] = ['of', 'if'].map((key) => parts.find((part) => part?.[1] === key)?.[2]);
  const isTwice = parts.length === 2 && parts[0]?.[1] === parts[1]?.[1];
  if (parts.includes(null) || output === undefined || parts.length > 2 || isTwice)
    throw new HookFailure(
      `the annotation ${HOOK_ANNOTATION} is "${annotation.slice(0, 100)}"; write it as of:out.json or if:in.json;of:out.json`,
    );
  return { output, ...(input !== undefined && { input }) };
}

/**
 * Starts a process that outlives the hook and records the container. Resolves when it is attached, so that the runtime goes on
 * only then; rejects with what it could not do.
 */
export async function startFollower(command: readonly [string, ...string[]]): Promise<void> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    cwd: '/',
  });
  const lines = createInterface({ input: child.stdio[3] as Readable });
  const said = await new Promise<string>((resolve) => {
    lines.once('line', resolve);
    child.once('error', (fault) => resolve(fault.message));
    // What it has said comes first.
    child.once('close', () => resolve('it ended at once'));
  });
  lines.close();
  (child.stdio[3] as Readable).destroy();
  child.unref();
  if (said !== FOLLOWER_READY) throw new HookFailure(`the recorder could not be attached: ${said}`);
}

/** What a follower writes to descriptor 3 when it records. */
export const FOLLOWER_READY = 'recording';

/** The program and script of this process, for starting another like it. */
export function ownCommand(script: string): [string, string] {
  return [readlinkSync('/proc/self/exe'), script];
}
