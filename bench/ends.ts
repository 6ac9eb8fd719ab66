/**
 * How many processes do not end: starts of a verb, several at a time, so that the machine is busy; one that has not ended
 * after 30 seconds hangs. 20,000 take about half an hour on two cores.
 *   npx tsx bench/ends.ts [STARTS] [AT_ONCE]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const [starts = '2000', atOnce = '4'] = process.argv.slice(2);
const bin = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const PATIENCE_MS = 30_000;

let left = Number(starts);
let hung = 0;
let failed = 0;

async function worker(): Promise<void> {
  while (left-- > 0) {
    const child = spawn(process.execPath, [bin, 'explain', 'stock:docker', 'mkdir'], { stdio: 'ignore' });
    const timer = setTimeout(() => {
      hung++;
      child.kill('SIGKILL');
    }, PATIENCE_MS);
    const [status] = await once(child, 'exit');
    clearTimeout(timer);
    if (status !== 0) failed++;
  }
}

const before = performance.now();
await Promise.all(Array.from({ length: Number(atOnce) }, worker));
const seconds = ((performance.now() - before) / 1000).toFixed(0);
console.log(`${starts} ends, ${atOnce} at a time, ${seconds} s: ${hung} hung, ${failed} without status 0`);
process.exitCode = hung + failed > 0 ? 1 : 0;
