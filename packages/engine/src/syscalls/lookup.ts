import { type AbiName, abiOf, type TableName } from './arch.ts';
import { NUMBERS, TABLES } from './generated/numbers.ts';
import { lazily, linesByName } from './lines.ts';

/** One ABI's calls, its base not counted. */
interface Table {
  /** In the order of the numbers; of several names for one number in that of the alphabet. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Of several names for one number the first. */
  readonly names: ReadonlyMap<number, string>;
}

const tables = new Map<TableName, Table>();
const callsByAbi = new Map<AbiName, readonly (readonly [name: string, nr: number])[]>();
/** Of each name its numbers, a column a table. */
const rows = lazily(() => [...linesByName(NUMBERS)].map(([name, text]) => [name, columnsOf(text)] as const));
const known = lazily(() => rows().map(([name]) => name));
const knownNames = lazily(() => new Set(known()));

function columnsOf(text: string): string[] {
  const columns = text.split(' ');
  for (const [i, number] of columns.entries()) if (number === '=') columns[i] = columns[i - 1];
  return columns;
}

function tableOf(name: TableName): Table {
  let table = tables.get(name);
  if (!table) {
    const column = TABLES.indexOf(name);
    const calls = rows()
      .flatMap(([call, numbers]): [string, number][] =>
        numbers[column] === '-' ? [] : [[call, Number(numbers[column])]],
      )
      .sort(([, a], [, b]) => a - b);
    table = { numbers: new Map(calls), names: new Map(calls.toReversed().map(([call, nr]) => [nr, call])) };
    tables.set(name, table);
  }
  return table;
}

/**
 * The number of a call on an ABI, base included (x32's bit 30, mips' 4000 …), or undefined where it has none.
 * @example
 * ```js
 * import { numberOf } from '@callgate/engine';
 * numberOf('x86_64', 'mkdir'); // → 83
 * numberOf('aarch64', 'mkdir'); // → undefined
 * ```
 */
export function numberOf(abi: AbiName, name: string): number | undefined {
  const { table, base } = abiOf(abi);
  const number = tableOf(table).numbers.get(name);
  return number === undefined ? undefined : number + base;
}

/**
 * The name of a number on an ABI, base included.
 * @example
 * ```js
 * import { nameOf } from '@callgate/engine';
 * nameOf('x86_64', 83); // → 'mkdir'
 * ```
 */
export function nameOf(abi: AbiName, nr: number): string | undefined {
  const { table, base } = abiOf(abi);
  return tableOf(table).names.get(nr - base);
}

/**
 * Every call of an ABI with its number, base included, in the order of the numbers.
 * @example
 * ```js
 * import { callsOf } from '@callgate/engine';
 * callsOf('x86_64')[0]; // → ['read', 0]
 * ```
 */
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
