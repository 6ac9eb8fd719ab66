import type { Block, Place, Step, Value } from './steps.ts';

/** Makes the step of a system call by its name. */
export type CallStep = (name: string, args: readonly Value[], result?: Place) => Step;

/** Makes steps of system calls, whose numbers `nr` gives. */
export function callsBy(nr: (name: string) => number): CallStep {
  return (name, args, result) => ({ kind: 'syscall', nr: nr(name), args, result });
}

/** The address of a block. */
export function addressOf(block: string): Value {
  return { address: { block } };
}

/** Ends the process with a status; where a filter forbids that, by a signal. */
export function exitSteps(call: CallStep, status: number): Step[] {
  return [call('exit_group', [status]), { kind: 'fault' }];
}

/** A text with the zero at its end, as the kernel takes names. */
export function textBlock(name: string, content: string | Uint8Array): Block {
  return { name, content: Buffer.concat([Buffer.from(content), Buffer.alloc(1)]) };
}

/** The addresses of several texts with a zero behind them, as execve(2) takes arguments and environments; and the texts. */
export function textsBlocks(name: string, list: readonly (string | Uint8Array)[]): Block[] {
  return [
    ...list.map((content, i) => textBlock(`${name} ${i}`, content)),
    { name, content: [...list.map((_, i) => addressOf(`${name} ${i}`)), 0] },
  ];
}
