import { character } from '@callgate/testing/characters';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/assemble.ts';
import { disassemble } from '../../src/bpf/disassemble.ts';
import { type Instruction, instruction, type Program } from '../../src/bpf/instruction.ts';
import { verifyProgram } from '../../src/bpf/verify.ts';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 300);

type Row = readonly [code: number, jt: number, jf: number, k: number];
const programOf = (...rows: readonly Row[]): Program =>
  rows.map(([code, jt, jf, k]) => instruction(code, k, jt, jf));
const textOf = (program: Program) =>
  disassemble(program)
    .map(({ label, text }) => (label === undefined ? `  ${text}\n` : `${label}: ${text}\n`))
    .join('');
/** Fails unless the program is read back from its text; one comparison of text, because that is quick. */
const expectReadBack = (program: Program) => {
  expect(JSON.stringify(assemble(textOf(program)))).toBe(JSON.stringify({ program }));
};
const lines = (...list: readonly string[]) => list.join('\n');
/** The one fault of a text, as LINE:COLUMN, and what it says. */
const faultOf = (text: string) => {
  const { faults, program } = assemble(text);
  expect(program).toBeUndefined();
  expect(faults).toHaveLength(1);
  return { at: `${faults![0].line}:${faults![0].column}`, message: faults![0].message };
};

/** linux/bpf_common.h: class | size | mode, class | operation | source. Written after a jump's target may be aa or bb. */
const EVERY: readonly (readonly [text: string, code: number, k: number])[] = [
  ['ld [4]', 0x20, 4],
  ['ld [60]', 0x20, 60],
  ['ld #len', 0x80, 0],
  ['ldx #len', 0x81, 0],
  ['ld #7', 0x00, 7],
  ['ldx #0xffffffff', 0x01, 0xffffffff],
  ['ld M[15]', 0x60, 15],
  ['ldx M[0]', 0x61, 0],
  ['st M[3]', 0x02, 3],
  ['stx M[3]', 0x03, 3],
  ['tax', 0x07, 0],
  ['txa', 0x87, 0],
  ['neg', 0x84, 0],
  ['ret #0x7fff0000', 0x06, 0x7fff0000],
  ['ret #0', 0x06, 0],
  ['ret a', 0x16, 0],
  ...(
    [
      ['add', 0x04],
      ['sub', 0x14],
      ['mul', 0x24],
      ['div', 0x34],
      ['or', 0x44],
      ['and', 0x54],
      ['lsh', 0x64],
      ['rsh', 0x74],
      ['xor', 0xa4],
    ] as const
  ).flatMap(
    ([name, code]) =>
      [
        [`${name} #31`, code, 31],
        [`${name} x`, code | 0x08, 0],
      ] as const,
  ),
];
const JUMPS = [
  ['jeq', 0x15],
  ['jgt', 0x25],
  ['jge', 0x35],
  ['jset', 0x45],
] as const;
const TAIL = lines('aa: ret #1', 'bb: ret #2');
const TAIL_ROWS: readonly Row[] = [
  [0x06, 0, 0, 1],
  [0x06, 0, 0, 2],
];

describe('every instruction that seccomp takes', () => {
  it.each(EVERY)('%s', (text, code, k) => {
    const program = programOf([code, 0, 0, k], [0x06, 0, 0, 0]);
    expect(assemble(`${text}\nret #0`)).toEqual({ program });
    expect(disassemble(program)[0].text).toBe(text);
    expect(assemble(`  ${text.toUpperCase()}\t\nRET #0`)).toEqual({ program });
  });

  it.each(JUMPS)('%s with constants and x, two labels and one', (name, code) => {
    const first = (row: Row) => ({ program: programOf(row, ...TAIL_ROWS) });
    expect(assemble(lines(`${name} #0x10, bb, aa`, TAIL))).toEqual(first([code, 1, 0, 0x10]));
    expect(assemble(lines(`${name} #4294967295,bb`, TAIL))).toEqual(first([code, 1, 0, 0xffffffff]));
    for (const x of ['x', '%x', 'X', '%X']) {
      expect(assemble(lines(`${name} ${x}, aa, bb`, TAIL))).toEqual(first([code | 8, 0, 1, 0]));
      expect(assemble(lines(`${name} ${x} , bb`, TAIL))).toEqual(first([code | 8, 1, 0, 0]));
    }
  });

  // bpf_asm has them as the other way round of a comparison: the label is where that fails.
  it.each([
    ['jne', 0x15],
    ['jneq', 0x15],
    ['jlt', 0x35],
    ['jle', 0x25],
  ] as const)('%s, which is a comparison turned round', (name, code) => {
    expect(assemble(lines(`${name} #5, bb`, TAIL)).program![0]).toEqual(instruction(code, 5, 0, 1));
    expect(assemble(lines(`${name} x, bb`, TAIL)).program![0]).toEqual(instruction(code | 8, 0, 0, 1));
  });

  it.each(['ja', 'jmp'])('%s', (name) => {
    expect(assemble(lines(`${name} bb`, TAIL))).toEqual({
      program: programOf([0x05, 0, 0, 1], ...TAIL_ROWS),
    });
  });

  it.each([
    ['ld len', 0x80],
    ['ldx len', 0x81],
    ['ret %a', 0x16],
    ['and %x', 0x5c],
    ['ld m[0]', 0x60],
    ['ld [0x0]', 0x20],
    ['st M[0x0]', 0x02],
    ['ld #0X0', 0x00],
  ])('%s, as bpf_asm takes it too', (text, code) => {
    expect(assemble(text)).toEqual({ program: programOf([code, 0, 0, 0]) });
  });

  it('takes every constant of 32 bits, and none beyond', () => {
    for (const k of [0, 1, 7, 1023, 1024, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]) {
      const program = programOf([0x06, 0, 0, k]);
      expect(assemble(`ret #${k}`)).toEqual({ program });
      expect(assemble(`ret #0x${k.toString(16)}`)).toEqual({ program });
      expectReadBack(program);
    }
    for (const k of [
      '4294967296',
      '0x100000000',
      '99999999999999999999',
      '0xffffffffffffffff',
      '1e3',
      '0x',
      '',
    ])
      expect(faultOf(`ret #${k}`).at).toBe('1:1');
  });

  it.each(['ldb [0]', 'ldh [0]', 'ld [x + 4]', 'ldxb 4*([14]&0xf)', 'mod #3', 'mod x', 'ret x', 'ld proto'])(
    '%s, which seccomp does not take, is none',
    (text) => {
      expect(faultOf(lines('ld [0]', ` ${text}`, 'ret #0')).at).toBe('2:2');
    },
  );
});

describe('what else bpf_asm takes (tools/bpf/bpf_exp.l, bpf_exp.y)', () => {
  const ret = (k: number) => ({ program: programOf([0x06, 0, 0, k]) });

  it('octal numbers', () => {
    expect(assemble('ret #010')).toEqual(ret(8));
  });
  it.each(['ret #08', 'ret #019'])('%s is no number', (text) => {
    expect(assemble(text).faults).toHaveLength(1);
  });

  it.each([
    ['binary numbers', 'ret #0b101', 5],
    ['negative numbers', 'ret #-1', 0xffffffff],
    ['numbers with a plus', 'ret #+5', 5],
    ['a comment over lines', '/* one\n two */ ret #0', 0],
    ['a semicolon in a comment', '/* one; two */ ret #0', 0],
    ['slashes in a comment', '/* http://one */ ret #0', 0],
    ['a comment right behind another', '/* one *//* two */ ret #0', 0],
    ['a line that begins with #', '# one\nret #0', 0],
    ['blanks behind #', 'ret # 5', 5],
    ['no blank before the operand', 'ret#5', 5],
  ])('%s', (_, text, k) => {
    expect(assemble(text)).toEqual(ret(k));
  });
  it.each([
    ['blanks in brackets', 'ld [ 4 ]', 0x20, 4],
    ['blanks before brackets', 'ld M [3]', 0x60, 3],
    ['brackets without a blank', 'ld[4]', 0x20, 4],
    ['ldi', 'ldi #5', 0x00, 5],
    ['ldi without #', 'ldi 5', 0x00, 5],
    ['ldxi', 'ldxi #5', 0x01, 5],
    ['ldxi without #', 'ldxi 5', 0x01, 5],
  ] as const)('%s', (_, text, code, k) => {
    expect(assemble(text)).toEqual({ program: programOf([code, 0, 0, k]) });
  });
});

describe('comments and blanks', () => {
  const program = programOf([0x20, 0, 0, 4], [0x15, 0, 1, 5], ...TAIL_ROWS);

  it.each([
    ['none', 'ld [4]\njeq #5, aa, bb\naa: ret #1\nbb: ret #2'],
    ['a last newline', 'ld [4]\njeq #5, aa, bb\naa: ret #1\nbb: ret #2\n'],
    ['behind semicolons', 'ld [4];x\njeq #5, aa, bb ; jeq #6\naa: ret #1;;\nbb: ret #2 ; // /*'],
    ['behind slashes', 'ld [4]//x\njeq #5, aa, bb // ; y\naa: ret #1 //\nbb: ret #2'],
    ['between stars', '/* a */ld [4]/**/\njeq #5,/* b */aa, bb\n/***/aa: /*/*/ ret #1\nbb: ret #2 /* ** */'],
    ['of their own', '; one\n\n  // two\nld [4]\n\t\njeq #5, aa, bb\n/* x */\naa: ret #1\nbb: ret #2\n\n\n'],
    ['of any letters', 'ld [4] ; é\u202e\u001b\u0000\njeq #5, aa, bb // 中\naa: ret #1 /* ß */\nbb: ret #2'],
    ['labels of their own lines', 'ld [4]\njeq #5, aa, bb\naa:\n\nret #1\nbb: ; x\nret #2'],
    ['carriage returns', 'ld [4]\r\njeq #5, aa, bb\r\naa: ret #1\r\n\r\nbb: ret #2\r\n'],
    ['tabs', '\tld\t[4]\n\tjeq\t#5,\taa,\tbb\t\naa:\tret\t#1\nbb:\tret\t#2'],
    ['a label before a colon apart', 'ld [4]\njeq #5, aa, bb\naa : ret #1\n  bb\t:ret #2'],
  ])('%s', (_, text) => {
    expect(assemble(text)).toEqual({ program });
  });

  it('without end are a fault', () => {
    expect(assemble('ret #0 /* x').faults).toHaveLength(1);
    expect(assemble('ret #0 /*/').faults).toHaveLength(1);
  });
});

describe('labels', () => {
  it('may be called like instructions, registers and what objects inherit', () => {
    for (const label of [
      'ret',
      'x',
      'a',
      'len',
      'M',
      '_',
      '$',
      '.L1',
      'L3',
      '__proto__',
      'constructor',
      'x'.repeat(900),
    ])
      expect(assemble(lines(`ja ${label}`, 'ret #1', `${label}: ret #2`))).toEqual({
        program: programOf([0x05, 0, 0, 1], ...TAIL_ROWS),
      });
  });

  it('are told apart by case', () => {
    const text = lines('jeq #1, aa, AA', 'aa: ret #1', 'AA: ret #2');
    expect(assemble(text).program![0]).toEqual(instruction(0x15, 1, 0, 1));
  });

  it('may name one place twice, and need not be used', () => {
    const text = lines('unused: jeq #1, aa, bb', 'aa:', 'bb: ret #0');
    expect(assemble(text)).toEqual({ program: programOf([0x15, 0, 0, 1], [0x06, 0, 0, 0]) });
  });

  const far = (between: number, jump: string, label = 'far') =>
    lines(jump, ...Array.from({ length: between }, () => 'tax'), `${label}: ret #0`);

  it('are reached over 255 instructions by a condition, and over any number by ja', () => {
    expect(assemble(far(255, 'jeq #1, far')).program![0]).toEqual(instruction(0x15, 1, 255, 0));
    expect(assemble(far(255, 'jne #1, far')).program![0]).toEqual(instruction(0x15, 1, 0, 255));
    for (const between of [0, 255, 256, 65_536])
      expect(assemble(far(between, 'ja far')).program![0]).toEqual(instruction(0x05, between));
  });

  it.each([
    'jeq #1, far',
    'jset x, far',
    'jne #1, far',
    'jlt #1, far',
    'jge #1, next, far',
    'jgt x, far, next',
  ])('out of the reach of %s are a fault', (jump) => {
    const { at, message } = faultOf(far(255, `  ${jump}\nnext: tax`));
    expect(at).toBe('1:3');
    expect(message).toMatch(/far .*256.*255/);
  });

  it.each([
    ['behind', lines('aa: ld [0]', 'ret #0', '  ja aa', 'ret #0'), '3:3', /aa/],
    ['behind a condition', lines('aa: ld [0]', ' jeq #1, bb, aa', 'bb: ret #0'), '2:2', /aa/],
    ['at the jump itself', lines('ld [0]', 'aa: ja aa', 'ret #0'), '2:5', /aa/],
    ['at the condition itself', lines('aa: jeq x, aa', 'ret #0'), '1:5', /aa/],
    ['missing', lines('ld [0]', '', '\tjeq #1, nowhere', 'ret #0'), '3:2', /nowhere/],
    ['missing in another case', lines('ja AA', 'aa: ret #0'), '1:1', /AA/],
    ['after the end', lines('ja end', 'ret #0', 'end:'), '1:1', /end/],
    ['inherited by objects only', lines('ja toString', 'ret #0'), '1:1', /toString/],
    ['that are numbers', lines('ja 0', 'ret #0'), '1:1', /0/],
    ['that are empty', lines('jeq #1,', 'ret #0'), '1:1', /label/],
    ['that are two', lines('ja aa, aa', 'aa: ret #0'), '1:1', /label/],
    ['of no condition', lines('jeq #1', 'ret #0'), '1:1', /jeq/],
    ['of a condition that are three', lines('jeq #1, aa, aa, aa', 'aa: ret #0'), '1:1', /jeq/],
    ['without a constant', lines('jeq aa, aa', 'aa: ret #0'), '1:1', /jeq/],
    ['a second time', lines('aa: ld [0]', 'tax', 'aa: ret #0'), '3:1', /aa/],
  ])('%s are a fault', (_, text, at, message) => {
    const fault = faultOf(text);
    expect(fault.at).toBe(at);
    expect(fault.message).toMatch(message);
  });

  it('a second time are a fault where they stand', () => {
    expect(faultOf(lines('aa: ld [0]', '    aa: ret #0')).at).toBe('2:5');
  });
});

describe('faults', () => {
  it.each([
    ['an unknown instruction', lines('ld [0]', '  foo #3', 'ret #0'), '2:3'],
    ['an instruction behind a label', lines('ld [0]', 'aa:  foo', 'ret #0'), '2:6'],
    ['an instruction behind a comment', lines('/* x */ foo', 'ret #0'), '1:9'],
    ['an operand too many', lines('ret #0', ' tax 5'), '2:2'],
    ['an operand too few', lines('ret #0', '', 'add'), '3:1'],
    ['another operand', lines('ret [4]'), '1:1'],
    ['a list of operands', lines('ld [0], [4]', 'ret #0'), '1:1'],
    ['brackets that stay open', lines('ld [0', 'ret #0'), '1:1'],
    ['an offset that is negative', lines('ld [-4]', 'ret #0'), '1:1'],
    ['a constant without #', lines('ret 5'), '1:1'],
    ['a letter of another script', lines('ld [0]', 'ret #\u0665'), '2:6'],
    ['a blank that is none', 'ret\u00a0#0', '1:4'],
    ['a control character', lines('ret #0', '\u001b[31m'), '2:1'],
    ['a carriage return in a line', 'ld [0]\rret #0', '1:7'],
    ['two labels in a line', lines('aa: bb: ret #0'), '1:5'],
    ['a label that is a number', lines('1: ret #0'), '1:1'],
    ['.raw without parts', lines('.raw', 'ret #0'), '1:1'],
    ['.raw with a large distance', lines('ret #0', ' .raw 0x15, 256, 0, 0'), '2:2'],
    ['.raw with a large code', '.raw 0x10000, 0, 0, 0', '1:1'],
    ['.raw with a large constant', '.raw 6, 0, 0, 4294967296', '1:1'],
    ['.raw with five parts', '.raw 6, 0, 0, 0, 0', '1:1'],
    ['nothing', '', '1:1'],
    ['blanks', ' \n\t\n', '1:1'],
    ['comments alone', '; ret #0\n// ret #0\n/* ret #0 */', '1:1'],
  ])('%s', (_, text, at) => {
    expect(faultOf(text).at).toBe(at);
  });

  it('are all told, each at its line', () => {
    const { faults } = assemble(lines('foo', 'ld [0]', ' bar', 'ret #0', '  ja nowhere'));
    expect(faults!.map(({ line, column }) => `${line}:${column}`).sort()).toEqual(['1:1', '3:2', '5:3']);
  });

  it('say nothing that a terminal acts on, and not much', () => {
    for (const word of ['\u001b[31m', 'x'.repeat(900), '\u202e', 'a\u0007b', '<b>'])
      for (const text of [word, `ja ${word}`, `ret #${word}`, `${word}: ret #0\n${word}: ret #1`])
        for (const { message } of assemble(text).faults ?? []) {
          expect(message).toMatch(/^[ -~]+$/);
          expect(message.length).toBeLessThan(200);
        }
  });
});

/** A program that keeps every rule of the kernel's, and has 0 in what it ignores. */
const valid: fc.Arbitrary<Program> = fc
  .array(
    fc.record({
      kind: fc.nat({ max: 99 }),
      k: fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 0, max: 0xffffffff }), fc.constant(0xffffffff)),
      jt: fc.nat({ max: 255 }),
      jf: fc.nat({ max: 255 }),
    }),
    { minLength: 1, maxLength: 300, size: 'max' },
  )
  .map((seeds) => {
    const written: number[] = [];
    return seeds.map(({ kind, k, jt, jf }, at) => {
      const behind = seeds.length - at - 1;
      if (behind === 0) return kind % 2 === 0 ? instruction(0x06, k) : instruction(0x16);
      // Written before the first jump, so on every path.
      if (at < 3) {
        written.push(k % 16);
        return instruction(at % 2 === 0 ? 0x02 : 0x03, k % 16);
      }
      if (kind < 40) {
        const code = JUMPS[kind % 4][1] | (kind < 20 ? 8 : 0);
        return instruction(code, kind < 20 ? 0 : k, jt % behind, jf % behind);
      }
      if (kind < 50) return instruction(0x05, k % behind);
      if (kind < 55) return instruction([0x60, 0x61][kind % 2], written[k % written.length]);
      const [, code] = EVERY[kind % EVERY.length];
      if (code === 0x20) return instruction(code, 4 * (k % 16));
      if (code === 0x02 || code === 0x03 || code === 0x60 || code === 0x61) return instruction(0x02, k % 16);
      if (code === 0x64 || code === 0x74) return instruction(code, k % 32);
      if (code === 0x34) return instruction(code, k || 1);
      const constant = [0x00, 0x01, 0x06, 0x04, 0x14, 0x24, 0x44, 0x54, 0xa4].includes(code);
      return instruction(code, constant ? k : 0);
    });
  });
/** Any bytes, read as instructions. */
const anything: fc.Arbitrary<Instruction> = fc
  .tuple(
    fc.oneof(fc.constantFrom(...EVERY.map(([, code]) => code), 0x05, 0x15, 0x2d), fc.nat({ max: 0xffff })),
    fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 0xffffffff })),
    fc.nat({ max: 255 }),
    fc.oneof(fc.constant(0), fc.nat({ max: 255 })),
  )
  .map(([code, k, jt, jf]) => instruction(code, k, jt, jf));

/** What bpf_asm's grammar has, in the forms that disassemble writes. */
const BPF_ASM =
  /^(?:(?:ld|ldx|add|sub|mul|div|or|and|lsh|rsh|xor|ret) #(?:0x[0-9a-f]+|0|[1-9]\d*)|(?:add|sub|mul|div|or|and|lsh|rsh|xor) x|ldx? #len|ld \[(?:0|[1-9]\d*)\]|(?:ldx?|stx?) M\[(?:0|[1-9]\d*)\]|tax|txa|neg|ret a|ja L\d+|(?:jeq|jgt|jge|jset) (?:x|#(?:0x[0-9a-f]+|0|[1-9]\d*)), L\d+, L\d+)$/;

describe('a program and its text', () => {
  it('are the same, for whatever the kernel takes, in the words of bpf_asm', () => {
    fc.assert(
      fc.property(valid, (program) => {
        expect(verifyProgram(program)).toBeUndefined();
        const listing = disassemble(program);
        expect(listing).toHaveLength(program.length);
        expect(listing.filter(({ text }) => !BPF_ASM.test(text))).toEqual([]);
        expect(listing.filter(({ label }) => label !== undefined && !/^L\d+$/.test(label))).toEqual([]);
        expectReadBack(program);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('are the same, for any bytes: nothing is lost', () => {
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 40 }), (program) => {
        for (const { text } of disassemble(program)) expect(text).toMatch(/^[ -~]+$/);
        expectReadBack(program);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('have a label where a jump goes, and only there', () => {
    const listing = disassemble(
      programOf([0x20, 0, 0, 0], [0x15, 0, 1, 59], [0x05, 0, 0, 1], [0x06, 0, 0, 1], [0x06, 0, 0, 2]),
    );
    const [first, second, third, fourth, fifth] = listing.map(({ label }) => label);
    expect([first, second]).toEqual([undefined, undefined]);
    expect(new Set([third, fourth, fifth]).size).toBe(3);
    expect(listing[1].text).toBe(`jeq #59, ${third}, ${fourth}`);
    expect(listing[2].text).toBe(`ja ${fifth}`);
  });

  it('keep every code of 16 bits', () => {
    for (let code = 0; code < 0x10000; code += 4096) {
      const program = Array.from({ length: 4096 }, (_, i) => instruction(code + i, 2, 1, 0));
      expectReadBack(program);
    }
  });

  it('keep what the kernel ignores, and jumps behind the end', () => {
    const program = programOf(
      [0x20, 7, 9, 0],
      [0x87, 0, 0, 5],
      [0x1d, 0, 0, 3],
      [0x0c, 0, 0, 3],
      [0x80, 0, 0, 1],
      [0x05, 1, 0, 0],
      [0x05, 0, 0, 0xffffffff],
      [0x15, 255, 0, 0],
      [0x06, 1, 2, 0],
    );
    for (const { text } of disassemble(program)) expect(text).toMatch(/^\.raw /);
    expectReadBack(program);
  });

  it('are nothing for no program', () => {
    expect(disassemble([])).toEqual([]);
  });
});

/** Either a program that can be written again, or faults that lie in the text. */
function expectAnswer(text: string): void {
  const { program, faults } = assemble(text);
  if (program) {
    expect(program.length).toBeGreaterThan(0);
    expectReadBack(program);
    return;
  }
  const rows = text.split('\n');
  expect(faults!.length).toBeGreaterThan(0);
  expect(faults!.length).toBeLessThanOrEqual(20);
  for (const { line, column } of faults!) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(rows.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual(Math.max(1, rows[line - 1].length));
  }
}

describe('hostile text', () => {
  it('of any characters ends in an answer', () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 100 }), (text) => expectAnswer(text)),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('of pieces of the language ends in an answer', () => {
    const pieces = fc.constantFrom(
      ...[
        'ld',
        'ldx',
        'st',
        'ret',
        'jeq',
        'jne',
        'ja',
        'add',
        'tax',
        '.raw',
        'foo',
        'x',
        '%x',
        'a',
        'len',
        'M',
      ],
      ...[
        '#',
        '#0',
        '#0x7fff0000',
        '[0]',
        'M[1]',
        '[',
        ']',
        ',',
        ':',
        ' ',
        ' ',
        '\t',
        '\n',
        '\n',
        '\r\n',
        '\r',
      ],
      ...['aa', 'aa:', 'bb', 'bb: ', ';', '//', '/*', '*/', '-1', '6, 0, 0, 0', 'é', '\0', '__proto__'],
    );
    const text = fc.array(pieces, { maxLength: 60 }).map((list) => list.join(''));
    fc.assert(
      fc.property(text, (text) => expectAnswer(text)),
      { numRuns: 3 * RUNS, seed: SEED },
    );
  });

  it('that is a program with one character changed ends in an answer', () => {
    const good = lines('ld [4]', 'jeq #0xc000003e, aa, bb ; x', 'aa: ld M[1] /* y */', 'bb: ret #0x7fff0000');
    fc.assert(
      fc.property(fc.nat({ max: good.length }), fc.string({ unit: character, maxLength: 2 }), (at, put) =>
        expectAnswer(good.slice(0, at) + put + good.slice(at + 1)),
      ),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it.each([
    ['one line without end', 'x'.repeat(2_000_000)],
    ['one line of blanks', ' '.repeat(2_000_000)],
    ['a label without end', `${'a'.repeat(990)} `],
    ['blanks before no colon', `a${' '.repeat(998)}`],
    ['many commas', `jeq ${','.repeat(990)}`],
    ['many comments that open', '/*'.repeat(499)],
    ['many colons', ':'.repeat(999)],
    ['a long comment', `ret #0 ;${' '.repeat(100_000)}`],
    ['more lines than are read', '\n'.repeat(300_000)],
    ['more instructions than are read', 'ret #0\n'.repeat(150_000)],
    ['as many faults as lines', 'foo\n'.repeat(50_000)],
    ['as many missing labels as lines', 'jeq #1, aa, bb\n'.repeat(50_000)],
    ['as many double labels as lines', 'aa: ret #0\n'.repeat(50_000)],
    ['as many jumps out of reach as lines', `${'jeq #1, aa\n'.repeat(50_000)}aa: ret #0`],
  ])('%s ends with a fault', (_, text) => {
    const { faults, program } = assemble(text);
    expect(program).toBeUndefined();
    expect(faults!.length).toBeGreaterThan(0);
    expect(faults!.length).toBeLessThanOrEqual(20);
    for (const { line, column } of faults!) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
  });

  it('of many short comments ends', () => {
    expect(assemble(`${'/**/ '.repeat(190)} ret #0\n`.repeat(2000)).program).toHaveLength(2000);
  });
});
