import { type Instruction, instruction, type Program } from './instruction.ts';
import { MNEMONICS, type Mnemonic, takesX } from './mnemonics.ts';
import { SOURCE_X } from './opcodes.ts';

/** What is wrong in a text, and where; both counted from 1. */
export interface AssemblyFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type Assembled =
  | { readonly program: Program; readonly faults?: undefined }
  | { readonly program?: undefined; readonly faults: readonly AssemblyFault[] };

/** Longer texts are not read; the kernel takes 4096 instructions. */
const MAX_LINES = 100_000;
const MAX_FAULTS = 20;
/** Characters of a line; a label takes some of them. */
const MAX_LINE = 1000;
/** The other way round of a comparison: `jne` is a `jeq` with its labels swapped. */
const NEGATED = new Map([
  ['jne', 'jeq'],
  ['jneq', 'jeq'],
  ['jlt', 'jge'],
  ['jle', 'jgt'],
]);

/** Loads of constants, whose "#" may be left out. */
const IMMEDIATE = new Map([
  ['ldi', 'ld'],
  ['ldxi', 'ldx'],
]);

/**
 * The program of instructions as bpf_asm writes them, one a line, labels and comments included; or its faults, at most 20.
 * It is not verified: see verifyProgram.
 * @example
 * ```js
 * import { assemble } from '@callgate/engine/bpf';
 * assemble('ret #0').program.length; // → 1
 * assemble('rat #0').faults[0].line; // → 1
 * ```
 */
export function assemble(text: string): Assembled {
  return new Assembly().run(text);
}

/** An instruction whose jumps are still labels. */
interface Pending {
  readonly line: number;
  readonly column: number;
  readonly code: number;
  readonly k: number;
  readonly yes?: string;
  readonly no?: string;
  readonly raw?: readonly [jt: number, jf: number];
}

class Assembly {
  private readonly labels = new Map<string, number>();
  private readonly pending: Pending[] = [];
  private readonly faults: AssemblyFault[] = [];

  run(text: string): Assembled {
    const lines = withoutComments(text).split('\n', MAX_LINES + 1);
    if (lines.length > MAX_LINES) this.fault(MAX_LINES + 1, 1, `more than ${MAX_LINES} lines`);
    else for (const [i, line] of lines.entries()) this.line(line, i + 1);
    const program = this.pending.map((p, at) => this.resolve(p, at));
    if (program.length === 0 && this.faults.length === 0) this.fault(1, 1, 'the program is empty');
    return this.faults.length > 0 ? { faults: this.faults.slice(0, MAX_FAULTS) } : { program };
  }

  private line(source: string, line: number): void {
    if (source.length > MAX_LINE) {
      this.fault(line, MAX_LINE, `the line is longer than ${MAX_LINE} characters`);
      return;
    }
    const code = source.endsWith('\r') ? source.slice(0, -1) : source;
    const strange = code.search(/[^\t -~]/);
    if (strange >= 0) {
      this.fault(line, strange + 1, 'only ASCII characters stand outside of comments');
      return;
    }
    const label = /^\s*([A-Za-z_.$][\w.$]*)\s*:/.exec(code);
    const rest = label ? ' '.repeat(label[0].length) + code.slice(label[0].length) : code;
    if (label) {
      if (this.labels.has(label[1]))
        this.fault(
          line,
          code.indexOf(label[1]) + 1,
          `the label ${label[1].slice(0, 40)} stands here a second time`,
        );
      else this.labels.set(label[1], this.pending.length);
    }
    const statement = rest.trim();
    if (statement === '') return;
    const [name] = /^[^\s#[]+/.exec(statement) ?? [statement];
    const column = rest.indexOf(statement) + 1;
    this.statement(name.toLowerCase(), statement.slice(name.length).trim(), line, column);
  }

  private statement(name: string, operands: string, line: number, column: number): void {
    const parts = operands === '' ? [] : operands.split(',').map(tight);
    if (name === '.raw') this.raw(parts, line, column);
    else if (NEGATED.has(name)) this.branch(NEGATED.get(name)!, parts, line, column, true);
    else if (['jeq', 'jgt', 'jge', 'jset'].includes(name)) this.branch(name, parts, line, column, false);
    else if (name === 'ja' || name === 'jmp') this.jump(parts, line, column);
    else this.plain(name, parts, line, column);
  }

  private raw(parts: readonly string[], line: number, column: number): void {
    const numbers = parts.map(parseNumber);
    const limits = [0xffff, 0xff, 0xff, 0xffff_ffff];
    if (numbers.length !== 4 || numbers.some((n, i) => n === undefined || n > limits[i])) {
      this.fault(line, column, '.raw takes a 16-bit code, two 8-bit distances and a 32-bit constant');
      return;
    }
    const [code, jt, jf, k] = numbers as number[];
    this.pending.push({ line, column, code, k, raw: [jt, jf] });
  }

  private jump(parts: readonly string[], line: number, column: number): void {
    if (parts.length !== 1) this.fault(line, column, 'ja takes one label');
    else this.pending.push({ line, column, code: codeOf('ja', 'jump'), k: 0, yes: parts[0] });
  }

  private branch(name: string, parts: string[], line: number, column: number, negated: boolean): void {
    const source = parseSource(parts[0] ?? '');
    if (!source || parts.length < 2 || parts.length > 3) {
      this.fault(line, column, `a conditional jump is written ${name} #k, LABEL, LABEL`);
      return;
    }
    const [yes, no] = negated ? [parts[2], parts[1]] : [parts[1], parts[2]];
    this.pending.push({ line, column, code: codeOf(name, 'branch') | source.x, k: source.k, yes, no });
  }

  private plain(name: string, parts: readonly string[], line: number, column: number): void {
    const immediate = IMMEDIATE.get(name);
    if (immediate) {
      this.plain(
        immediate,
        [parts[0]?.startsWith('#') ? parts[0] : `#${parts[0]}`, ...parts.slice(1)],
        line,
        column,
      );
      return;
    }
    const candidates = MNEMONICS.filter((m) => m.name === name);
    if (candidates.length === 0) {
      this.fault(line, column, `there is no instruction "${name.slice(0, 20)}"`);
      return;
    }
    for (const candidate of candidates) {
      const read = parts.length <= 1 ? readOperand(candidate, parts[0]) : undefined;
      if (!read) continue;
      this.pending.push({ line, column, code: candidate.code | read.x, k: read.k });
      return;
    }
    const forms = candidates.map((m) => `${name} ${FORMS[m.operand]}`.trim()).join(' or ');
    this.fault(line, column, `write it as ${forms}`);
  }

  private resolve(pending: Pending, at: number): Instruction {
    const { code, k, yes, no, raw } = pending;
    if (raw) return instruction(code, k, raw[0], raw[1]);
    if (code === codeOf('ja', 'jump')) return instruction(code, this.distance(pending, yes, at, 0xffff_ffff));
    return instruction(code, k, this.distance(pending, yes, at, 255), this.distance(pending, no, at, 255));
  }

  /** From the instruction to a label; without one, to the next. */
  private distance(from: Pending, label: string | undefined, at: number, most: number): number {
    if (label === undefined) return 0;
    const target = this.labels.get(label);
    const distance = (target ?? 0) - at - 1;
    if (target === undefined) this.fault(from.line, from.column, `there is no label ${label.slice(0, 40)}`);
    else if (target >= this.pending.length)
      this.fault(from.line, from.column, `no instruction follows the label ${label.slice(0, 40)}`);
    else if (distance < 0)
      this.fault(from.line, from.column, `${label.slice(0, 40)} lies behind: jumps only go forward`);
    else if (distance > most)
      this.fault(
        from.line,
        from.column,
        `${label.slice(0, 40)} is ${distance} instructions away, at most ${most} can be jumped`,
      );
    return Math.max(0, distance) & (most === 255 ? 255 : -1);
  }

  private fault(line: number, column: number, message: string): void {
    this.faults.push({ line, column, message });
  }
}

/** A comment, or a line that begins with "#", as bpf_asm has them (tools/bpf/bpf_exp.l). */
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|;[^\n]*|^#[^\n]*/gm;

/** The text with blanks in place of comments, so that every place stays what it is. */
function withoutComments(text: string): string {
  return text.replace(COMMENT, (comment) => comment.replace(/[^\n]/g, ' '));
}

const FORMS: Readonly<Record<Mnemonic['operand'], string>> = {
  none: '',
  offset: '[OFFSET]',
  memory: 'M[WORD]',
  constant: '#NUMBER',
  source: '#NUMBER or x',
  length: '#len',
  a: 'a',
  jump: 'LABEL',
  branch: '#NUMBER, LABEL, LABEL',
};

function readOperand({ operand }: Mnemonic, text: string | undefined): { k: number; x: number } | undefined {
  if (operand === 'none') return text === undefined ? { k: 0, x: 0 } : undefined;
  if (text === undefined) return undefined;
  if (operand === 'length') return /^#?len$/i.test(text) ? { k: 0, x: 0 } : undefined;
  if (operand === 'a') return /^%?a$/i.test(text) ? { k: 0, x: 0 } : undefined;
  const source = parseSource(text);
  if (takesX(operand)) return source;
  if (operand === 'constant') return source && source.x === 0 ? source : undefined;
  const inner = (operand === 'memory' ? /^M\[(\w+)\]$/i : /^\[(\w+)\]$/).exec(text);
  const k = inner ? parseNumber(inner[1]) : undefined;
  return k === undefined ? undefined : { k, x: 0 };
}

function parseSource(text: string): { k: number; x: number } | undefined {
  if (/^%?x$/i.test(text)) return { k: 0, x: SOURCE_X };
  const k = text.startsWith('#') ? parseNumber(text.slice(1)) : undefined;
  return k === undefined ? undefined : { k, x: 0 };
}

/** An operand without the blanks that bpf_asm does not look at: `[ 4 ]`, `M [3]`, `# 5`. */
function tight(operand: string): string {
  return operand.trim().replace(/\s*([[\]#])\s*/g, '$1');
}

/** Decimal, 0x…, 0b… or, with a leading 0, octal; with a sign it is taken modulo 2^32. */
function parseNumber(text: string): number | undefined {
  const [, sign, digits] =
    /^([-+]?)(0x[0-9a-f]{1,8}|0b[01]{1,32}|0[0-7]{0,11}|[1-9]\d{0,9})$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  if (value > 0xffff_ffff) return undefined;
  return sign === '-' ? -value >>> 0 : value;
}

function codeOf(name: string, operand: Mnemonic['operand']): number {
  return MNEMONICS.find((m) => m.name === name && m.operand === operand)!.code;
}
