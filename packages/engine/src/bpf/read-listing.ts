import { type Assembled, assemble } from './assemble.ts';
import { type Instruction, instruction, type Program } from './instruction.ts';
import { MNEMONICS } from './mnemonics.ts';

/** " 0003: 0x15 0x01 0x00 0x0000003b  if (A == execve) …", with or without "0x": index, code, jt, jf, k. */
const ROW =
  /^ *(?:line )?(\d{1,5}): +(?:0x)?([0-9a-f]{2,4}) +(?:0x)?([0-9a-f]{1,2}) +(?:0x)?([0-9a-f]{1,2}) +(?:0x)?([0-9a-f]{8})(?= |$)/gim;
/** "{ 0x15, 1, 0, 0x0000003b }", as tcpdump -dd and programs in C have it. */
const INITIALIZER =
  /\{\s*(0x[0-9a-f]{1,4}|\d{1,5})\s*,\s*(0x[0-9a-f]{1,2}|\d{1,3})\s*,\s*(0x[0-9a-f]{1,2}|\d{1,3})\s*,\s*(0x[0-9a-f]{1,8}|\d{1,10})U?\s*\}/gi;
/** Where a program in C has its filter. */
const C_ARRAY =
  /\bstruct\s{1,8}sock_filter\s{1,8}\w{1,200}\s{0,8}\[\s{0,8}\w{0,20}\s{0,8}\]\s{0,8}=\s{0,8}\{/;
const C_COMMENT = /\/\*(?:[^*]|\*(?!\/))*\*\//g;
/** Of tcpdump -ddd: four decimal numbers. */
const DECIMAL_ROW = /^\d{1,5} \d{1,3} \d{1,3} \d{1,10}$/;

/** More than any kernel takes. */
const MAX_ROWS = 10_000;

const NAMES = new Set([
  ...MNEMONICS.map(({ name }) => name),
  ...['jmp', 'jne', 'jneq', 'jlt', 'jle', 'ldi', 'ldxi', '.raw'],
]);

/**
 * The program of a listing: bpf_asm's text, the tables of seccomp-tools, firejail and libseccomp's scmp_bpf_disasm, the
 * numbers of tcpdump -dd and -ddd, an array in C. Undefined when the text is none of these.
 * @example
 * ```js
 * import { readListing } from '@callgate/engine/bpf';
 * readListing(' 0000: 0x06 0x00 0x00 0x7fff0000  return ALLOW').program; // → [{ code: 6, jt: 0, jf: 0, k: 0x7fff0000 }]
 * readListing('defaultAction: SCMP_ACT_ALLOW'); // → undefined
 * ```
 */
export function readListing(text: string): Assembled | undefined {
  const program = numberedRows(text) ?? initializers(text) ?? cArray(text) ?? decimalRows(text);
  if (program) return { program };
  return isAssembly(text) ? assemble(text) : undefined;
}

/** Rows whose numbers say that none is missing. */
function numberedRows(text: string): Program | undefined {
  const rows = [...text.matchAll(ROW)];
  if (rows.length === 0 || rows.some(([, index], i) => Number(index) !== i)) return undefined;
  return rows.map(([, , code, jt, jf, k]) => row([code, jt, jf, k].map((hex) => Number.parseInt(hex, 16))));
}

function initializers(text: string): Program | undefined {
  const rows = [...text.matchAll(INITIALIZER)].map(([, ...numbers]) => row(numbers.map(Number)));
  return rows.length > 0 && text.replace(INITIALIZER, '').trim().replace(/[,\s]/g, '') === ''
    ? rows
    : undefined;
}

/** The first filter of a program in C. */
function cArray(text: string): Program | undefined {
  const start = C_ARRAY.exec(text);
  if (!start) return undefined;
  const from = start.index + start[0].length;
  const to = text.indexOf('};', from);
  return to < 0 ? undefined : initializers(text.slice(from, to).replace(C_COMMENT, ' '));
}

/** The number of rows, then the rows. */
function decimalRows(text: string): Program | undefined {
  const [count, ...rows] = text
    .trim()
    .split('\n', MAX_ROWS)
    .map((line) => line.trim());
  if (!/^\d{1,5}$/.test(count) || Number(count) !== rows.length) return undefined;
  return rows.every((line) => DECIMAL_ROW.test(line))
    ? rows.map((line) => row(line.split(' ').map(Number)))
    : undefined;
}

function row([code, jt, jf, k]: readonly number[]): Instruction {
  return instruction(code, k, jt, jf);
}

/** Whether the first word that is no comment and no label is an instruction's. */
function isAssembly(text: string): boolean {
  const start = text.slice(0, 64 * 1024).replace(/\/\*[\s\S]*?\*\//g, ' ');
  const line = start.split('\n').find((l) => l.replace(/(?:;|\/\/|#(?= )).*/, '').trim() !== '') ?? '';
  const word = /^\s*(?:[A-Za-z_.$][\w.$]*\s*:\s*)?([.\w]+)/.exec(line)?.[1];
  return word !== undefined && NAMES.has(word);
}
