import type { Program } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';
import { type Endian, type Word, wordAt } from '../bpf/seccomp-data.ts';

/** What is sure when an instruction runs, on whatever path it was reached. */
export interface Known {
  /** What A holds: a word of seccomp_data, some of its bits masked out or not. */
  readonly a?: Word;
  readonly masked?: number;
  readonly arch?: number;
  readonly nr?: number;
}

/** For each instruction of any program what is known there; undefined for dead code. */
export function knownAt(program: Program, endian: Endian): (Known | undefined)[] {
  const known: (Known | undefined)[] = program.map(() => undefined);
  known[0] = {};
  const reach = (at: number, next: Known) => {
    if (at >= program.length) return;
    const before = known[at];
    known[at] = before === undefined ? next : common(before, next);
  };
  program.forEach(({ code, jt, jf, k }, at) => {
    const here = known[at];
    if (!here || code === op.RET_K || code === op.RET_A) return;
    if (code === op.JA) reach(at + 1 + k, here);
    else if (op.isConditionalJump(code)) {
      reach(at + 1 + jt, code === op.JEQ_K ? equal(here, k) : here);
      reach(at + 1 + jf, here);
    } else reach(at + 1, after(here, code, k, endian));
  });
  return known;
}

function equal(known: Known, k: number): Known {
  if (known.masked !== undefined) return known;
  if (known.a?.part === 'arch') return { ...known, arch: k };
  return known.a?.part === 'nr' ? { ...known, nr: k } : known;
}

function after({ a, masked, arch, nr }: Known, code: number, k: number, endian: Endian): Known {
  const facts = { ...(arch !== undefined && { arch }), ...(nr !== undefined && { nr }) };
  if (code === op.LD_ABS) return { ...facts, a: wordAt(k, endian) };
  if (code === op.AND_K && a) return { ...facts, a, masked: masked === undefined ? k : masked & k };
  const changesA = ![op.LDX_IMM, op.LDX_LEN, op.LDX_MEM, op.ST, op.STX, op.TAX].includes(code);
  return changesA ? facts : { ...facts, ...(a && { a }), ...(masked !== undefined && { masked }) };
}

function common(one: Known, other: Known): Known {
  const sameA = JSON.stringify([one.a, one.masked]) === JSON.stringify([other.a, other.masked]);
  return {
    ...(sameA && one.a && { a: one.a }),
    ...(sameA && one.masked !== undefined && { masked: one.masked }),
    ...(one.arch !== undefined && one.arch === other.arch && { arch: one.arch }),
    ...(one.nr !== undefined && one.nr === other.nr && { nr: one.nr }),
  };
}
