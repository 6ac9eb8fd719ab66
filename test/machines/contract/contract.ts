/**
 * What must hold on every machine, run there by its Node:
 *   node contract.mjs CALLGATE.JS ROWS.JSON BUSYBOX [engines]
 * Prints a finding a line. Bundled into one file (payload.ts), because a machine has no npm.
 */
import { readFileSync } from 'node:fs';
import { Callgate } from './callgate.ts';
import { enforcementFindings } from './enforcement.ts';
import { engineFindings } from './engines/engines.ts';
import { type Finding, writeFinding } from './finding.ts';
import { flagsFinding } from './flags.ts';
import { autoFinding, recorderFindings } from './recorders.ts';
import { askRows, type Rows } from './rows.ts';

const [bin, rowsFile, busybox, engines] = process.argv.slice(2);
const callgate = new Callgate(bin!);
const samples = {
  alone: [busybox!, 'cat', '/proc/sys/kernel/ostype'],
  stranger: [busybox!, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1'],
  family: [busybox!, 'sh', '-c', `${busybox} true; ${busybox} ls /proc/self >/dev/null; exit 0`],
};

const say = (findings: readonly Finding[]) => {
  for (const finding of findings) process.stdout.write(writeFinding(finding));
};

say(recorderFindings(callgate, samples));
say([autoFinding(callgate, samples)]);
say([await rows(JSON.parse(readFileSync(rowsFile!, 'utf8')))]);
say([flagsFinding(callgate)]);
say(enforcementFindings(callgate, samples, [busybox!, 'mkdir']));
if (engines) for await (const finding of engineFindings(callgate)) say([finding]);

async function rows(all: readonly Rows[]): Promise<Finding> {
  const { asked, wrong } = await askRows(all);
  return wrong.length === 0
    ? { area: 'rows', is: 'right', detail: `the kernel answers ${asked} calls as the rows say` }
    : { area: 'rows', is: 'wrong', detail: wrong.slice(0, 5).join('; ') };
}
