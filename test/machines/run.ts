/**
 * Runs one contract on the machines that people have, and prints a table:
 *   npm run test:machines [-- NAME…]      all of them, or those whose names begin so
 *   npm run test:machines -- --list       what there is, and what it costs
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AREAS, type Area, type Finding } from './contract/finding.ts';
import { type Machine, NotHere } from './machine.ts';
import { Product } from './payload.ts';
import { type Row, tablesOf } from './table.ts';

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
    const ran: (Row & { readonly isRight: boolean })[] = [];
    for (const machine of machines) if (!isInterrupted) ran.push(await run(machine, product));
    process.stdout.write(tablesOf(ran));
    return !isInterrupted && ran.every(({ isRight }) => isRight);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(machine: Machine, product: Product): Promise<Row & { readonly isRight: boolean }> {
  const { name, areas = AREAS } = machine;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  try {
    const findings = await machine.run(product, (text) => console.error(`${name}: ${text}`));
    return { name, areas, seconds: seconds(), findings, isRight: allRight(areas, findings) };
  } catch (fault) {
    const isRight = fault instanceof NotHere && !mustRun;
    return { name, areas, seconds: seconds(), findings: [], fault: String(fault), isRight };
  }
}

/** Every area was looked at, and nothing is wrong. */
function allRight(areas: readonly Area[], findings: readonly Finding[]): boolean {
  return areas.every((area) => findings.some((f) => f.area === area && f.is !== 'wrong'));
}
