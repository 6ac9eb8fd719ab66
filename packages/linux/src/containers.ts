import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CAPABILITIES } from '@callgate/engine/profile/capabilities';
import { processStatus } from './machine.ts';

/** The engines whose command line tells a container's process. */
export const ENGINES = ['docker', 'podman'] as const;
export type Engine = (typeof ENGINES)[number];

/** A container cannot be found, or does not run. */
export class NoSuchContainer extends Error {}

const TIME_LIMIT_MS = 20_000;

/** The pid, on this machine, of a running container's first process. */
export async function containerPid(engine: Engine, name: string): Promise<number> {
  if (name.startsWith('-') || name === '') throw new NoSuchContainer(`"${name}" is no container's name`);
  const pid = Number(await inspect(engine, name));
  if (Number.isInteger(pid) && pid > 0) return pid;
  throw new NoSuchContainer(`the container ${name} of ${engine} does not run`);
}

/** The capabilities that a container's processes can have, as CAP_* names. */
export function containerCapabilities(pid: number): Set<string> {
  const { boundingCapabilities } = processStatus(pid);
  return new Set(CAPABILITIES.filter((_, bit) => ((boundingCapabilities >> BigInt(bit)) & 1n) === 1n));
}

async function inspect(engine: Engine, name: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(
      engine,
      ['inspect', '--type', 'container', '--format', '{{.State.Pid}}', name],
      { timeout: TIME_LIMIT_MS },
    );
    return stdout.trim();
  } catch (fault) {
    const { code, stderr } = fault as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') throw new NoSuchContainer(`${engine} is not installed`);
    const said = stderr?.trim().split('\n').at(-1);
    throw new NoSuchContainer(`${engine} knows no container ${name}${said ? `: ${said}` : ''}`);
  }
}
