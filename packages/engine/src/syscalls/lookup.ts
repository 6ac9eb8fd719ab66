import { type AbiName, abiOf, type TableName } from './arch.ts';
import { aarch64 } from './generated/aarch64.ts';
import { arm } from './generated/arm.ts';
import { loongarch64 } from './generated/loongarch64.ts';
import { m68k } from './generated/m68k.ts';
import { mips } from './generated/mips.ts';
import { mips64 } from './generated/mips64.ts';
import { mips64n32 } from './generated/mips64n32.ts';
import { NAMES } from './generated/names.ts';
import { parisc } from './generated/parisc.ts';
import { parisc64 } from './generated/parisc64.ts';
import { ppc } from './generated/ppc.ts';
import { ppc64 } from './generated/ppc64.ts';
import { riscv64 } from './generated/riscv64.ts';
import { s390 } from './generated/s390.ts';
import { s390x } from './generated/s390x.ts';
import { sh } from './generated/sh.ts';
import { x32 } from './generated/x32.ts';
import { x86 } from './generated/x86.ts';
import { x86_64 } from './generated/x86_64.ts';
import { lazily, linesByName } from './lines.ts';

const TABLES: Readonly<Record<TableName, string>> = {
  x86_64,
  x86,
  x32,
  aarch64,
  arm,
  riscv64,
  s390x,
  s390,
  ppc64,
  ppc,
  loongarch64,
  mips,
  mips64,
  mips64n32,
  parisc,
  parisc64,
  m68k,
  sh,
};

/** One ABI's calls, its base not counted. */
interface Table {
  /** In the order of the numbers. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

const tables = new Map<TableName, Table>();
const callsByAbi = new Map<AbiName, readonly (readonly [name: string, nr: number])[]>();
const known = lazily(() => [...linesByName(NAMES).keys()]);
const knownNames = lazily(() => new Set(known()));

function tableOf(name: TableName): Table {
  let table = tables.get(name);
  if (!table) {
    const numbers = new Map<string, number>();
    const names = new Map<number, string>();
    for (const [call, text] of linesByName(TABLES[name])) {
      const number = Number(text);
      numbers.set(call, number);
      // Of several names for one number the first counts.
      if (!names.has(number)) names.set(number, call);
    }
    table = { numbers, names };
    tables.set(name, table);
  }
  return table;
}

/** The number of a call on an ABI, base included (x32's bit 30, mips' 4000 …), or undefined where it has none. */
export function numberOf(abi: AbiName, name: string): number | undefined {
  const { table, base } = abiOf(abi);
  const number = tableOf(table).numbers.get(name);
  return number === undefined ? undefined : number + base;
}

/** The name of a number on an ABI, base included. */
export function nameOf(abi: AbiName, nr: number): string | undefined {
  const { table, base } = abiOf(abi);
  return tableOf(table).names.get(nr - base);
}

/** Every call of an ABI with its number, base included, in the order of the numbers. */
export function callsOf(abi: AbiName): readonly (readonly [name: string, nr: number])[] {
  let calls = callsByAbi.get(abi);
  if (!calls) {
    const { table, base } = abiOf(abi);
    calls = [...tableOf(table).numbers].map(([name, nr]) => [name, nr + base] as const);
    callsByAbi.set(abi, calls);
  }
  return calls;
}

/** Whether any architecture has a call of that name. */
export function isKnownName(name: string): boolean {
  return knownNames().has(name);
}

/** Every name that some architecture has, sorted. */
export function allNames(): readonly string[] {
  return known();
}
