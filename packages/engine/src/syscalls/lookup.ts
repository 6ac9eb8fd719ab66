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

const TABLES: Readonly<Record<TableName, Readonly<Record<string, number>>>> = {
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

const KNOWN = new Set(NAMES);
const numbersByName = new Map<TableName, ReadonlyMap<string, number>>();
const namesByNumber = new Map<TableName, ReadonlyMap<number, string>>();

/** The number of a call on an ABI, base included (x32's bit 30, mips' 4000 …), or undefined where it has none. */
export function numberOf(abi: AbiName, name: string): number | undefined {
  const { table, base } = abiOf(abi);
  let numbers = numbersByName.get(table);
  if (!numbers) {
    numbers = new Map(Object.entries(TABLES[table]));
    numbersByName.set(table, numbers);
  }
  const number = numbers.get(name);
  return number === undefined ? undefined : number + base;
}

/** The name of a number on an ABI, base included. */
export function nameOf(abi: AbiName, nr: number): string | undefined {
  const { table, base } = abiOf(abi);
  let names = namesByNumber.get(table);
  if (!names) {
    names = new Map(
      Object.entries(TABLES[table])
        .reverse()
        .map(([name, number]) => [number, name]),
    );
    namesByNumber.set(table, names);
  }
  return names.get(nr - base);
}

/** Every call of an ABI with its number, base included, in the order of the numbers. */
export function callsOf(abi: AbiName): readonly (readonly [name: string, nr: number])[] {
  const { table, base } = abiOf(abi);
  return Object.entries(TABLES[table]).map(([name, nr]) => [name, nr + base]);
}

/** Whether any architecture has a call of that name. */
export function isKnownName(name: string): boolean {
  return KNOWN.has(name);
}

/** Every name that some architecture has, sorted. */
export function allNames(): readonly string[] {
  return NAMES;
}
