import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { aarch64 } from '@callgate/linux/internal/machine-code/aarch64';
import { arm } from '@callgate/linux/internal/machine-code/arm';
import { executable } from '@callgate/linux/internal/machine-code/elf';
import type { InstructionSet } from '@callgate/linux/internal/machine-code/instruction-set';
import {
  CONSTANTS_AT,
  type MachineProgram,
  type Place,
  type Step,
  type Value,
} from '@callgate/linux/internal/machine-code/steps';
import { x86 } from '@callgate/linux/internal/machine-code/x86';
import { x86_64 } from '@callgate/linux/internal/machine-code/x86-64';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-code-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Row {
  readonly set: InstructionSet;
  readonly needs: readonly Requirement[];
  /** What runs it, where this machine does not. */
  readonly emulator?: string;
}

const ROWS: readonly Row[] = [
  { set: x86_64, needs: ['i386'] },
  { set: x86, needs: ['i386'] },
  { set: aarch64, needs: ['qemu'], emulator: 'qemu-aarch64-static' },
  { set: arm, needs: ['qemu'], emulator: 'qemu-arm-static' },
];

/** A step for every way to give a value, and a jump taken and not taken under every condition. */
function everything(set: InstructionSet): MachineProgram {
  const { abi, wordSize } = set;
  const call = (name: string, args: readonly Value[], result?: Place): Step => {
    return { kind: 'syscall', nr: numberOf(abi, name)!, args, result };
  };
  const say = (text: string): Step => call('write', [1, { address: { block: text } }, text.length]);
  const number: Place = { block: 'number' };
  const jumps = (is: 'equal' | 'different' | 'less', to: number, taken: boolean): Step[] => {
    const name = `${is} ${to}`;
    return [
      { kind: 'jump', to: name, when: { word: number, is, to } },
      say(taken ? 'wrong ' : 'stays '),
      { kind: 'label', name },
    ];
  };
  const end: Step[] = [call('exit_group', [{ word: { block: 'result' } }]), { kind: 'fault' }];
  const text = (value: string) => ({ name: value, content: Buffer.from(value) });
  return {
    steps: [
      { kind: 'store', value: -7, to: number },
      ...jumps('equal', -7, true),
      ...jumps('equal', 7, false),
      ...jumps('different', 7, true),
      ...jumps('different', -7, false),
      ...jumps('less', 0, true),
      ...jumps('less', -8, false),
      { kind: 'label', name: 'again' },
      say('loop '),
      { kind: 'jump', to: 'once more', when: { word: number, is: 'equal', to: -7 } },
      // close(-1) fails with EBADF, 9.
      call('close', [-1], { block: 'result' }),
      { kind: 'jump', to: 'over', when: { word: { block: 'result' }, is: 'equal', to: -9 } },
      ...end,
      { kind: 'label', name: 'once more' },
      { kind: 'store', value: 1, to: number },
      { kind: 'jump', to: 'again' },
      { kind: 'label', name: 'over' },
      // The address comes from a table, the length from a word.
      call('write', [1, { word: { block: 'table', plus: wordSize } }, { word: { block: 'length' } }]),
      { kind: 'store', value: { word: { block: 'table' } }, to: { block: 'result' } },
      ...end,
    ],
    data: [
      ...['wrong ', 'stays ', 'loop ', 'table'].map(text).filter(({ name }) => name !== 'table'),
      { name: 'odd', content: Buffer.from('xdone') },
      { name: 'table', content: [42, { address: { block: 'odd', plus: 1 } }] },
      { name: 'number', content: wordSize },
      { name: 'result', content: wordSize },
      { name: 'length', content: [4] },
    ],
  };
}

function run(set: InstructionSet, program: MachineProgram, emulator?: string) {
  const path = join(folder, set.abi);
  writeFileSync(path, executable(program, set), { mode: 0o755 });
  const [file, ...args] = emulator ? [emulator, path] : [path];
  const { stdout, status, signal } = spawnSync(file, args, { encoding: 'latin1' });
  return { stdout, status, signal };
}

for (const { set, needs, emulator } of ROWS)
  describeWith(needs, `code for ${set.abi}`, () => {
    it('does each step', () => {
      expect(run(set, everything(set), emulator)).toEqual({
        stdout: 'stays stays stays loop loop done',
        status: 42,
        signal: null,
      });
    });

    it('passes six arguments of full width, in their order', () => {
      // pread64 of the program itself at an offset; the pad of arm's register pairs is the fourth argument there.
      const offset = set.abi === 'arm' ? [0, 1, 0] : [1, 0];
      const nr = (name: string) => numberOf(set.abi, name)!;
      const result = { block: 'result' };
      const program: MachineProgram = {
        steps: [
          { kind: 'syscall', nr: nr('openat'), args: [-100, { address: { block: 'path' } }, 0], result },
          {
            kind: 'syscall',
            nr: nr('pread64'),
            args: [{ word: result }, { address: { block: 'bytes' } }, 3, ...offset],
          },
          { kind: 'syscall', nr: nr('write'), args: [1, { address: { block: 'bytes' } }, 3] },
          { kind: 'syscall', nr: nr('exit_group'), args: [0] },
        ],
        data: [
          { name: 'path', content: Buffer.from(`${join(folder, set.abi)}\0`) },
          { name: 'bytes', content: 8 },
          { name: 'result', content: set.wordSize },
        ],
      };
      expect(run(set, program, emulator).stdout).toBe('ELF');
    });

    it('faults without a call, in three ways', () => {
      const signalOf = (step: Step) => run(set, { steps: [step], data: [] }, emulator).signal;
      expect(signalOf({ kind: 'fault' })).toBe('SIGILL');
      expect(signalOf({ kind: 'fault', as: 'trap' })).toBe('SIGTRAP');
      expect(signalOf({ kind: 'fault', as: 'access' })).toBe('SIGSEGV');
    });

    it('spells a word in letters, and reads constants at their fixed address', () => {
      const nr = (name: string) => numberOf(set.abi, name)!;
      const program: MachineProgram = {
        steps: [
          { kind: 'spell', word: { block: 'number' }, to: { block: 'text', plus: 1 } },
          { kind: 'spell', word: { block: 'negative' }, to: { block: 'text', plus: 10 } },
          { kind: 'syscall', nr: nr('write'), args: [1, { address: { block: 'text' } }, 19] },
          { kind: 'syscall', nr: nr('write'), args: [1, CONSTANTS_AT, 5] },
          { kind: 'syscall', nr: nr('exit_group'), args: [0] },
        ],
        data: [
          { name: 'text', content: Buffer.from('<........ ........>') },
          { name: 'number', content: [0x01234567] },
          { name: 'negative', content: [-2] },
        ],
        constants: Buffer.from('const'),
      };
      expect(run(set, program, emulator)).toEqual({
        stdout: '<ABCDEFGH PPPPPPPO>const',
        status: 0,
        signal: null,
      });
    });
  });

it('says which label or block is missing', () => {
  const jump: MachineProgram = { steps: [{ kind: 'jump', to: 'nowhere' }], data: [] };
  expect(() => executable(jump, x86_64)).toThrow('no label nowhere');
  const store: MachineProgram = { steps: [{ kind: 'store', value: 1, to: { block: 'none' } }], data: [] };
  expect(() => executable(store, x86_64)).toThrow('no block none');
});

it('makes small files', () => {
  const { length } = executable(everything(x86_64), x86_64);
  expect(length).toBeLessThan(1500);
});
