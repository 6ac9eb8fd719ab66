import { printable } from '@callgate/engine/internal/report/words';
import { parseReference, type Reference } from '@callgate/linux/internal/registry/reference';
import { RegistryFault } from '@callgate/linux/internal/registry/registry-fault';
import { CliFailure } from '../context.ts';

/** The reference that a user writes, or a failure that says how. */
export function referenceNamed(text: string): Reference {
  const reference = parseReference(text);
  if (reference) return reference;
  throw new CliFailure(
    `"${printable(text)}" names nothing in a registry; write it as registry.example.com/team/web:1 or …/web@sha256:…`,
  );
}

/** Talks to a registry; what it does not do ends the command with one line. */
export async function withRegistry<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof RegistryFault) throw new CliFailure(printable(fault.message));
    throw fault;
  }
}
