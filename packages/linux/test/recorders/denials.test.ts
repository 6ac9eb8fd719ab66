import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ActionKind, actionWord } from '@callgate/engine/internal/bpf/action';
import { instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { launch } from '@callgate/linux/internal/launch/launch';
import { executable } from '@callgate/linux/internal/machine-code/elf';
import type { MachineProgram, Value } from '@callgate/linux/internal/machine-code/steps';
import { x86_64 } from '@callgate/linux/internal/machine-code/x86-64';
import { denials } from '@callgate/linux/internal/recorders/notify/denials';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-denials-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const word = (kind: ActionKind, data = 0) => actionWord({ kind, data });
const nr = (name: string) => numberOf('x86_64', name)!;

/** A call that a program makes, and what a filter says of it; all other calls pass. */
interface Row {
  readonly nr: number;
  readonly args?: readonly Value[];
  readonly gate?: 'x86';
  readonly word: number;
}

const ROWS: readonly (readonly [string, Row])[] = [
  ['is denied', { nr: nr('getppid'), word: word('ERRNO', 42) }],
  ['has no listener', { nr: nr('getppid'), word: word('NOTIFY') }],
  ['has no tracer', { nr: nr('getppid'), word: word('TRACE', 7) }],
  ['kills the process', { nr: nr('getppid'), word: word('KILL_PROCESS') }],
  ['kills the thread', { nr: nr('getppid'), word: word('KILL_THREAD') }],
  ['is trapped', { nr: nr('getppid'), word: word('TRAP') }],
  [
    'of i386 has the number of execve, and is denied',
    { nr: nr('execve'), gate: 'x86', word: word('ERRNO', 42) },
  ],
  [
    'of i386 has the number of execve, and kills',
    { nr: nr('execve'), gate: 'x86', word: word('KILL_PROCESS') },
  ],
  ['is a second execve, which is denied', { nr: nr('execve'), args: [1, 0, 0], word: word('ERRNO', 42) }],
  ['is a second execve, which kills', { nr: nr('execve'), args: [1, 0, 0], word: word('KILL_PROCESS') }],
  ['is logged, and executed', { nr: nr('close'), args: [-1], word: word('LOG') }],
];

/** Makes the call and ends with its errno, 0 where it succeeded. */
function program({ nr: number, args = [], gate }: Row): string {
  const result = { block: 'result' };
  const exits = (status: number): MachineProgram['steps'] => [
    { kind: 'label', name: `errno ${status}` },
    { kind: 'syscall', nr: nr('exit_group'), args: [status] },
  ];
  const code: MachineProgram = {
    steps: [
      { kind: 'syscall', nr: number, args, gate, result },
      ...[9, 14, 38, 42].map(
        (errno) =>
          ({ kind: 'jump', to: `errno ${errno}`, when: { word: result, is: 'equal', to: -errno } }) as const,
      ),
      { kind: 'syscall', nr: nr('exit_group'), args: [0] },
      ...[9, 14, 38, 42].flatMap(exits),
    ],
    data: [{ name: 'result', content: 8 }],
  };
  const path = join(folder, 'program');
  writeFileSync(path, executable(code, x86_64), { mode: 0o755 });
  return path;
}

/** Says `word` of that one call, told by its ABI and, for execve, by its first argument. */
function filter({ nr: number, args = [], gate, word: says }: Row): Program {
  const { auditArch } = abiOf(gate ?? 'x86_64');
  const [first] = args;
  const narrow = number === nr('execve') && gate === undefined;
  return [
    instruction(op.LD_ABS, 4),
    instruction(op.JEQ_K, auditArch, 0, narrow ? 5 : 3),
    instruction(op.LD_ABS, 0),
    instruction(op.JEQ_K, number, 0, narrow ? 3 : 1),
    ...(narrow ? [instruction(op.LD_ABS, 16), instruction(op.JEQ_K, Number(first), 0, 1)] : []),
    instruction(op.RET_K, says),
    instruction(op.RET_K, word('ALLOW')),
  ];
}

describeWith(
  ['i386'],
  'a program whose denied calls callgate answers ends as under the filter itself, when a call',
  () => {
    it.each(ROWS)('%s', async (_what, row) => {
      const plan = {
        command: [program(row)] as [string],
        env: {},
        stdio: 'ignore' as const,
        filter: filter(row),
        noNewPrivs: true,
      };
      const bare = await launch(plan);
      await bare.go();
      const { ending } = await denials.record(plan);
      expect(ending).toEqual(await bare.ended);
    });
  },
);
