import { nativeNumber, thisMachine } from '../machine.ts';
import { callsBy } from '../machine-code/calls.ts';
import { executable } from '../machine-code/elf.ts';
import { instructionSetOf } from '../machine-code/instruction-sets.ts';

/** A program that waits for ever, so that somebody can look at the filter that it runs under. */
export function pauseProgram(): Uint8Array {
  const call = callsBy(nativeNumber);
  const steps = [
    { kind: 'label', name: 'again' } as const,
    call('ppoll', [0, 0, 0, 0, 0]),
    { kind: 'jump', to: 'again' } as const,
  ];
  return executable({ steps, data: [] }, instructionSetOf(thisMachine().abi.name)!);
}
