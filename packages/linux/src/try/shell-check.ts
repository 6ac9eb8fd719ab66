import { type ChildProcess, spawn } from 'node:child_process';
import type { CommandEnd } from '../container/container-host.ts';
import { Kept } from '../container/hosts/kept.ts';

const SIGKILL_STATUS = 137;

/**
 * Runs a shell command of this machine to its end. When the time is over, or somebody wants it to stop, it and everything that it
 * has started are killed: they have a process group of their own.
 */
export function shellCheck(
  command: string,
  env: NodeJS.ProcessEnv,
  timeLimitMs: number,
  stop: AbortSignal,
): Promise<CommandEnd> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const [stdout, stderr] = [new Kept(child.stdout), new Kept(child.stderr)];
    let isCut = false;
    const cut = () => {
      isCut = true;
      killGroup(child);
      // What has left the group may hold the pipes for as long as it likes.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(cut, timeLimitMs);
    stop.addEventListener('abort', cut);
    const end = (status: number, said = stderr.bytes()) => {
      clearTimeout(timer);
      stop.removeEventListener('abort', cut);
      resolve({ status, stdout: stdout.bytes(), stderr: said, ...(isCut && { isCut }) });
    };
    child.on('error', (fault) => end(127, Buffer.from(`${fault.message}\n`)));
    child.on('close', (code) => end(code ?? SIGKILL_STATUS));
    if (stop.aborted) cut();
  });
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
