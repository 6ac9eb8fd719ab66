import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { inTime } from '../background.ts';
import { ran } from './engine.ts';

const PATIENCE_MS = 20_000;
const MOST_SAID = 300;

/** Starts an engine's daemon and waits until it answers a command; what ends it again is given back. */
export async function startDaemon(
  program: string,
  args: readonly string[],
  log: string,
  question: readonly [string, ...string[]],
): Promise<() => Promise<void>> {
  const fd = openSync(log, 'w');
  const daemon = spawn(program, args, { stdio: ['ignore', fd, fd] });
  closeSync(fd);
  const closed = once(daemon, 'close');
  closed.catch(() => {});
  const stop = async () => {
    const timer = setTimeout(() => daemon.kill('SIGKILL'), PATIENCE_MS);
    daemon.kill('SIGTERM');
    await closed;
    clearTimeout(timer);
  };
  const [client, ...asked] = question;
  try {
    await inTime(`an answer of ${program}`, () => {
      if (daemon.exitCode !== null) throw new Error(`${program} ended`);
      return ran(client, asked).status === 0;
    });
  } catch (fault) {
    if (daemon.exitCode === null) await stop();
    throw new Error(`${fault}; it said: ${readFileSync(log, 'utf8').trim().slice(-MOST_SAID)}`);
  }
  return stop;
}
