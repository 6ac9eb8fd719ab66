import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ElfFile } from './elf-symbols.ts';

/** Where in a program a call stands. */
export interface CallPlace {
  /** The file's name. */
  readonly file: string;
  /** The function, and how far behind its beginning; undefined where the file does not name it. */
  readonly function?: string;
  /** How far behind its beginning; without a function, behind the beginning of the file as it is loaded. */
  readonly offset: number;
}

const LONGEST_MAPS = 4 * 1024 * 1024;
const LONGEST_CODE = 96 * 1024 * 1024;
const SYSCALL = Buffer.from([0x0f, 0x05]);
const PAGE = 0xfffn;
/** How far before the instruction the number is put into its register. */
const NEAR = 24;
const MOV_EAX = 0xb8;

/** Where a living process made a call that returns to an address. */
export function callPlaceIn(pid: number, ip: bigint): CallPlace | undefined {
  const mapping = mappingAt(pid, ip);
  if (!mapping) return undefined;
  const elf = ElfFile.open(join(`/proc/${pid}/root`, mapping.path));
  if (!elf) return { file: basename(mapping.path), offset: mapping.offset };
  try {
    const address = elf.addressOf(mapping.offset);
    return placeOf(mapping.path, elf, address ?? BigInt(mapping.offset));
  } finally {
    elf.close();
  }
}

/**
 * Where a program that has ended made a call, by its file. Of one that was loaded anywhere the last twelve bits of the address are
 * known, and the number of the call: where one place alone has both, it is told. On x86_64.
 */
export function callPlaceInFile(path: string, ip: bigint, nr: number): CallPlace | undefined {
  const elf = ElfFile.open(path);
  if (!elf) return undefined;
  try {
    if (elf.hasFixedPlace)
      return elf.segments.some((s) => s.address <= ip && ip <= s.address + BigInt(s.size))
        ? placeOf(path, elf, ip)
        : undefined;
    const found = elf.segments
      .filter(({ isExecutable, size }) => isExecutable && size <= LONGEST_CODE)
      .flatMap((segment) => {
        const code = elf.bytes(segment.offset, segment.size);
        return callsIn(code, segment.address, ip, nr);
      });
    return found.length === 1 ? placeOf(path, elf, found[0]) : undefined;
  } finally {
    elf.close();
  }
}

/** The addresses behind each instruction that makes this call and ends where `ip` does in its page. */
function callsIn(code: Buffer, start: bigint, ip: bigint, nr: number): bigint[] {
  const found: bigint[] = [];
  for (let at = code.indexOf(SYSCALL); at >= 0 && found.length < 2; at = code.indexOf(SYSCALL, at + 1)) {
    const behind = start + BigInt(at + 2);
    if ((behind & PAGE) === (ip & PAGE) && putsNumber(code, at, nr)) found.push(behind);
  }
  return found;
}

/** Whether the number is put into eax shortly before. */
function putsNumber(code: Buffer, at: number, nr: number): boolean {
  for (let from = Math.max(0, at - NEAR); from + 5 <= at; from++)
    if (code[from] === MOV_EAX && code.readUInt32LE(from + 1) === nr >>> 0) return true;
  return false;
}

function placeOf(path: string, elf: ElfFile, address: bigint): CallPlace {
  const symbol = elf.functionAt(address - 1n);
  const file = basename(path);
  return symbol
    ? { file, function: symbol.name, offset: symbol.offset + 1 }
    : { file, offset: Number(address & 0xffff_ffffn) };
}

function mappingAt(pid: number, ip: bigint): { readonly path: string; readonly offset: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'utf8').slice(0, LONGEST_MAPS);
  } catch {
    return undefined;
  }
  for (const line of text.split('\n')) {
    const [, from, to, offset, path] =
      /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \d+ +(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
    if (start < ip && ip <= end)
      return {
        path: path.replace(/ \(deleted\)$/, ''),
        offset: Number(ip - start) + Number.parseInt(offset, 16),
      };
  }
  return undefined;
}

/** "mkdir+0x1b of libc.so.6". */
export function callPlaceText({ file, function: name, offset }: CallPlace): string {
  const at = `0x${offset.toString(16)}`;
  return name === undefined ? `${file}+${at}` : `${name}+${at} of ${file}`;
}
