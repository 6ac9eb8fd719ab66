import { compilePolicy, FilterTooLarge } from '@callgate/engine';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import type { Cargo, Shipment } from './carrier.ts';
import { limit } from './limit.ts';

/** What is written of the filter that decides as the profile; a limit where no kernel would take it. */
export function shipProgram(cargo: Cargo, write: (program: Program) => Shipment): Shipment {
  const program = compiled(cargo);
  if (program) {
    const shipment = write(program);
    return { ...shipment, notes: [...shipment.notes, ...programNotes(cargo)] };
  }
  const { span } = cargo.profile.defaultAction;
  return {
    files: [],
    notes: [],
    limits: [limit('the filter is longer than the 4096 instructions that a kernel takes', span)],
  };
}

function compiled({ policy }: Cargo): Program | undefined {
  try {
    const made = compilePolicy(policy);
    return made.kind === 'proved' ? made.program : undefined;
  } catch (fault) {
    if (fault instanceof FilterTooLarge) return undefined;
    throw fault;
  }
}

function programNotes({ policy, profile }: Cargo): string[] {
  const [native] = policy.abis;
  const asks = profile.rules.some(({ action }) => action.value === 'NOTIFY');
  return [
    `for machines of ${native.name} alone; whoever installs it needs no_new_privs or CAP_SYS_ADMIN`,
    ...(profile.flags.length > 0
      ? [`its flags are no part of it: ${profile.flags.map(({ value }) => value).join(', ')}`]
      : []),
    ...(asks ? ['calls that it leaves to a supervisor fail with ENOSYS where nobody listens'] : []),
  ];
}
