import type { Instruction, Program } from './instruction.ts';
import { MNEMONICS, type Mnemonic, takesX } from './mnemonics.ts';
import { SOURCE_X } from './opcodes.ts';

/** One instruction as text that assemble() reads; its label only where another one jumps to it. */
export interface Line {
  readonly label?: string;
  readonly text: string;
}

/**
 * A program in the syntax of the kernel's bpf_asm, one line an instruction. What that syntax cannot say, such as
 * unknown codes or fields that the kernel ignores, is written as `.raw code, jt, jf, k`; nothing is lost.
 * @example
 * ```js
 * import { assemble, disassemble } from '@callgate/engine/bpf';
 * disassemble(assemble('ld [4]\nret a').program).map(({ text }) => text); // → ['ld [4]', 'ret a']
 * ```
 */
export function disassemble(program: Program): Line[] {
  const targets = new Set<number>();
  const texts = program.map((instruction, at) => text(instruction, at, program.length, targets));
  return texts.map((line, at) => ({ text: line, ...(targets.has(at) && { label: labelOf(at) }) }));
}

function text(instruction: Instruction, at: number, length: number, targets: Set<number>): string {
  const { code, jt, jf, k } = instruction;
  const found = mnemonicOf(code);
  const raw = `.raw 0x${code.toString(16)}, ${jt}, ${jf}, 0x${k.toString(16)}`;
  if (!found) return raw;
  const { name, operand } = found;
  const x = takesX(operand) && (code & SOURCE_X) !== 0;
  const target = (distance: number) => {
    targets.add(at + 1 + distance);
    return labelOf(at + 1 + distance);
  };
  if (operand === 'branch') {
    if (at + 1 + Math.max(jt, jf) >= length || (x && k !== 0)) return raw;
    return `${name} ${x ? 'x' : constant(k)}, ${target(jt)}, ${target(jf)}`;
  }
  if (jt !== 0 || jf !== 0) return raw;
  switch (operand) {
    case 'jump':
      return at + 1 + k < length ? `${name} ${target(k)}` : raw;
    case 'offset':
      return `${name} [${k}]`;
    case 'memory':
      return `${name} M[${k}]`;
    case 'constant':
      return `${name} ${constant(k)}`;
    case 'source':
      return x ? (k === 0 ? `${name} x` : raw) : `${name} ${constant(k)}`;
    default:
      if (k !== 0) return raw;
      return operand === 'none' ? name : operand === 'a' ? `${name} a` : `${name} #len`;
  }
}

function mnemonicOf(code: number): Mnemonic | undefined {
  return MNEMONICS.find((m) => m.code === code || (takesX(m.operand) && (m.code | SOURCE_X) === code));
}

function constant(k: number): string {
  return k < 1024 ? `#${k}` : `#0x${k.toString(16)}`;
}

function labelOf(at: number): string {
  return `L${at}`;
}
