/**
 * Runs one contract on the machines that people have, and prints a table:
 *   npm run test:machines [-- NAME…]      all of them, or those whose names begin so
 *   npm run test:machines -- --list       what there is, and what it costs
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AREAS, type Area, ENGINE_AREAS, type Finding } from './contract/finding.ts';
import { type Machine, NotHere } from './machine.ts';
import { Product } from './payload.ts';

const SIGNS = { right: '✓', wrong: '✗', lossy: '○', 'not offered': '–' } as const;

interface Row {
  readonly machine: Machine;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  /** Why it was not run, or came to no end. */
  readonly fault?: string;
  readonly isFailure: boolean;
}

/** Ctrl-C reaches the machine, too, which then comes to no end: what was made for it is removed, and no other is run. */
let isInterrupted = false;
process.once('SIGINT', () => {
  isInterrupted = true;
});
/** Where nothing may be skipped, a machine that cannot be had is a failure, too. */
const mustRun = process.env.CALLGATE_REQUIRE !== undefined;
const wanted = process.argv.slice(2).filter((arg) => arg !== '--list');
const machines = chosen(await allMachines());
if (machines.length === 0) throw new Error(`no machine is called ${wanted.join(' or ')}`);
if (process.argv.includes('--list'))
  for (const { name, cost } of machines) console.log(`${name.padEnd(16)} ${cost}`);
else process.exitCode = (await runAll()) ? 0 : 1;

/** All, or those of a name; of those whose names only begin so when none has it whole. */
function chosen(all: readonly Machine[]): readonly Machine[] {
  if (wanted.length === 0) return all;
  const isMeant = ({ name }: Machine) =>
    wanted.some((w) => (all.some((m) => m.name === w) ? name === w : name.startsWith(w)));
  return all.filter(isMeant);
}

async function allMachines(): Promise<Machine[]> {
  const kinds = readdirSync(join(import.meta.dirname, 'kinds')).sort();
  const modules: { machines: readonly Machine[] }[] = await Promise.all(
    kinds.map((file) => import(`./kinds/${file}`)),
  );
  return modules.flatMap((module) => module.machines);
}

async function runAll(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-product-'));
  try {
    const product = new Product(folder);
    const rows: Row[] = [];
    for (const machine of machines) {
      if (isInterrupted) break;
      const began = performance.now();
      const say = (text: string) => console.error(`${machine.name}: ${text}`);
      const run = await machine.run(product, say).then(
        (findings) => ({ findings, isFailure: !isRight(machine, findings) }),
        (fault: unknown) => ({
          findings: [],
          fault: String(fault),
          isFailure: mustRun || !(fault instanceof NotHere),
        }),
      );
      rows.push({ machine, seconds: (performance.now() - began) / 1000, ...run });
    }
    print(rows);
    return !isInterrupted && rows.every((row) => !row.isFailure);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a machine is asked for. */
function areasOf({ hasEngines }: Machine): readonly Area[] {
  return hasEngines ? [...AREAS, ...ENGINE_AREAS] : AREAS;
}

/** Every area was looked at, and nothing is wrong. */
function isRight(machine: Machine, findings: readonly Finding[]): boolean {
  return areasOf(machine).every((area) => findings.some((f) => f.area === area && f.is !== 'wrong'));
}

function print(rows: readonly Row[]): void {
  const columns = rows.some(({ machine }) => machine.hasEngines) ? [...AREAS, ...ENGINE_AREAS] : AREAS;
  console.log(`${'machine'.padEnd(16)} ${columns.join('  ')}   seconds`);
  for (const { machine, findings, seconds, fault } of rows) {
    const asked = areasOf(machine);
    const signs = columns.map((area) => {
      const finding = findings.find((f) => f.area === area);
      const sign = finding ? SIGNS[finding.is] : '·';
      return (asked.includes(area) ? sign : ' ').padEnd(area.length);
    });
    console.log(`${machine.name.padEnd(16)} ${signs.join('  ')}   ${seconds.toFixed(0)}`);
    if (fault) console.log(`  ${fault}`);
    for (const finding of findings)
      if (finding.is !== 'right' || isOfEngine(finding))
        console.log(`  ${SIGNS[finding.is]} ${finding.area}: ${finding.detail}`);
  }
  console.log(
    '✓ right, ✗ wrong, ○ lost calls and said so, – not to be had there, · not reached, blank: not asked',
  );
}

/** Whose detail tells a release, which is worth to be seen. */
function isOfEngine({ area }: Finding): boolean {
  return ENGINE_AREAS.some((engine) => engine === area);
}
