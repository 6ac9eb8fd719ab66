/** npm run cluster:up */
import { clusterUp } from './cluster.ts';
import { interruption } from './programs.ts';

const began = performance.now();
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    isInterrupted = true;
    interruption.abort();
  });
try {
  await clusterUp(say);
  say('both nodes are Ready; npm run cluster:kubectl -- get nodes -o wide');
} catch (fault) {
  process.exitCode = 1;
  console.error(isInterrupted ? 'interrupted; nothing is left' : messageOf(fault));
}

function say(text: string): void {
  const seconds = (performance.now() - began) / 1000;
  console.error(`${seconds.toFixed(1).padStart(6)} s  ${text}`);
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
