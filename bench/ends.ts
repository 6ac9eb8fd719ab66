/**
 * How many processes do not end: starts of a verb, several at a time, so that the machine is busy; one that sleeps and has
 * used no time of a CPU for 30 seconds hangs. 20,000 take about half an hour on two cores.
 *   npx tsx bench/ends.ts [STARTS] [AT_ONCE]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [starts = '2000', atOnce = '4'] = process.argv.slice(2);
const bin = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const LOOK_EVERY_MS = 10_000;
const LOOKS = 3;

let left = Number(starts);
let hung = 0;
let failed = 0;

async function worker(): Promise<void> {
  while (left-- > 0) {
    const child = spawn(process.execPath, [bin, 'explain', 'stock:docker', 'mkdir'], { stdio: 'ignore' });
    const timer = setInterval(
      watch(child.pid!, () => {
        hung++;
        child.kill('SIGKILL');
      }),
      LOOK_EVERY_MS,
    );
    const [status] = await once(child, 'exit');
    clearInterval(timer);
    if (status !== 0) failed++;
  }
}

/** Calls `hangs` when a process was found the same several times; one that waits for a CPU is none. */
function watch(pid: number, hangs: () => void): () => void {
  let last = '';
  let same = 0;
  return () => {
    const now = stateOf(pid);
    same = now === last && now.startsWith('S') ? same + 1 : 0;
    last = now;
    if (same === LOOKS) hangs();
  };
}

/** A process's state and the time of a CPU that it has used; "" when it is gone. */
function stateOf(pid: number): string {
  try {
    const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return [state, fields[10], fields[11]].join(' ');
  } catch {
    return '';
  }
}

const before = performance.now();
await Promise.all(Array.from({ length: Number(atOnce) }, worker));
const seconds = ((performance.now() - before) / 1000).toFixed(0);
console.log(`${starts} ends, ${atOnce} at a time, ${seconds} s: ${hung} hung, ${failed} without status 0`);
process.exitCode = hung + failed > 0 ? 1 : 0;
