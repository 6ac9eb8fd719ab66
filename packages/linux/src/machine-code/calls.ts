import type { Place, Step, Value } from './steps.ts';

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
