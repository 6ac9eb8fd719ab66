import { actionOfWord } from '../bpf/action.ts';
import { disassemble } from '../bpf/disassemble.ts';
import type { Instruction, Program } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';
import type { Endian, Word } from '../bpf/seccomp-data.ts';
import { wordAt } from '../bpf/seccomp-data.ts';
import { ABIS, abiOfCall, X32_BIT } from '../syscalls/arch.ts';
import { formatArgument, formatBits, prototypeOf } from '../syscalls/arguments.ts';
import { nameOf } from '../syscalls/lookup.ts';
import { formatAction } from './action.ts';
import { type Known, knownAt } from './known-at.ts';

/** One line of a listing; label, text and comment together are what assemble() reads. */
export interface ListingLine {
  readonly at: number;
  readonly label?: string;
  readonly text: string;
  /** What the instruction does, in names; empty where there is nothing to add. */
  readonly comment: string;
}

/** A program as text with the names of ABIs, system calls, arguments and actions in comments. */
export function listing(program: Program, endian: Endian): ListingLine[] {
  const known = knownAt(program, endian);
  return disassemble(program).map((line, at) => ({
    ...line,
    at,
    comment: known[at] ? comment(program[at], known[at], endian) : 'never reached',
  }));
}

function comment({ code, k }: Instruction, known: Known, endian: Endian): string {
  if (code === op.LD_ABS) return nameOfWord(wordAt(k, endian), known);
  if (code === op.RET_K) {
    const { kind, data } = actionOfWord(k);
    return formatAction(kind, data);
  }
  const sign = SIGNS[code];
  if (sign === undefined || !known.a) return '';
  const left = nameOfWord(known.a, known);
  const masked = known.masked === undefined ? left : `(${left} & 0x${known.masked.toString(16)})`;
  const isBits = code === op.JSET_K && known.a.part !== 'argument';
  return `${masked} ${sign} ${isBits ? hex(k) : textOf(code, k, known)}`;
}

const SIGNS: Readonly<Record<number, string>> = {
  [op.JEQ_K]: '==',
  [op.JGT_K]: '>',
  [op.JGE_K]: '>=',
  [op.JSET_K]: '&',
};

function nameOfWord(word: Word, known: Known): string {
  if (word.part === 'nr' || word.part === 'arch') return word.part;
  const half = word.half === 'high' ? ', high half' : '';
  if (word.part === 'ip') return `instruction pointer${half}`;
  const name = argumentOf(known, word.index)?.name;
  return `${name ? `${name} (argument ${word.index})` : `argument ${word.index}`}${half}`;
}

/** A constant as what A holds has it: an ABI, a system call, an argument's names. */
function textOf(code: number, k: number, known: Known): string {
  const word = known.a!;
  if (word.part === 'arch') return ABIS.find((abi) => abi.auditArch === k)?.name ?? hex(k);
  if (word.part === 'nr') return numberText(code, known.arch, k);
  if (word.part === 'argument' && word.half === 'low') {
    const declared = argumentOf(known, word.index);
    const format = code === op.JEQ_K ? formatArgument : formatBits;
    if (declared) return format(declared, BigInt(k), []);
  }
  return k < 1024 ? `${k}` : hex(k);
}

/** x32 numbers are named where one is asked for, not where a range of them begins. */
function numberText(code: number, arch: number | undefined, nr: number): string {
  if (nr < X32_BIT) return callName(arch, nr) ?? `${nr}`;
  const name = code === op.JEQ_K ? callName(arch, nr) : undefined;
  return name === undefined ? hex(nr) : `x32 ${name}`;
}

function argumentOf({ arch, nr }: Known, index: number) {
  const name = arch === undefined || nr === undefined ? undefined : callName(arch, nr);
  return name === undefined ? undefined : prototypeOf(name, abiOfCall(arch!, nr!)?.name)?.[index];
}

function callName(arch: number | undefined, nr: number): string | undefined {
  const abi = arch === undefined ? undefined : abiOfCall(arch, nr);
  return abi && nameOf(abi.name, nr);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
