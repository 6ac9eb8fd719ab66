import { decompilePolicy } from '@callgate/engine/internal/lift/decompile';
import type { LocatedDiagnostic } from '@callgate/engine/internal/report/diagnostics';
import { printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { isName, nameFrom } from '@callgate/workload/internal/carriers/answers';
import type { Cargo } from '@callgate/workload/internal/carriers/carrier';
import { settledTarget } from '@callgate/workload/internal/carriers/proof';
import type { Shipped } from '@callgate/workload/internal/carriers/ship';
import { CliFailure, type Context } from '../context.ts';
import { located, placed } from './faults.ts';
import { type LoadedSubject, type LoadOptions, loadSubject } from './subject.ts';

/** A subject as something that can be carried; a filter becomes a profile on the way. */
export interface LoadedCargo {
  readonly cargo: Omit<Cargo, 'answers'>;
  readonly subject: LoadedSubject;
}

/** Reads a subject that is to be carried under a name, its own where none is given. */
export async function loadCargo(
  context: Context,
  name: string,
  target: Target,
  { called, ...options }: LoadOptions & { readonly called?: string },
): Promise<LoadedCargo> {
  if (called !== undefined && !isName(called))
    throw new CliFailure(
      `--name ${printable(called)}: a name is small letters, digits and "-", at most 63, such as ${nameFrom(called)}`,
    );
  const subject = await loadSubject(context, name, target, options);
  return {
    subject,
    cargo: { ...profileOf(subject), name: called ?? nameOf(name), policy: subject.policy },
  };
}

/** The profile of a subject, and the target on which it means what the subject does. */
function profileOf({ name, source, policy, target }: LoadedSubject): Pick<Cargo, 'profile' | 'target'> {
  if (source) return { profile: source.profile, target: settledTarget(source.profile, target) };
  const made = decompilePolicy(policy);
  if (!made) throw new CliFailure(`${printable(name)} decides by too many conditions for any profile`);
  return { profile: made.profile, target: { ...target, runtime: target.runtime ?? { name: made.runtime } } };
}

/** What a subject is called: the last part of its name, without an ending. */
function nameOf(subject: string): string {
  const last = subject.split(/[/#:]/).findLast((part) => part !== '') ?? '';
  return nameFrom(last.replace(/\.(?:json|ya?ml|bpf|h|tar)$/i, ''));
}

/** What a carrier cannot hold, at the places of the profile, and why what was written could not be read again, at its own. */
export function shippingFaults(
  { shipment, proof }: Shipped,
  { name, source }: LoadedSubject,
): LocatedDiagnostic[] {
  const limits = placed(shipment.limits ?? [], name, source?.positionOf);
  if (proof?.kind !== 'unreadable') return limits;
  const { content, path } = proof.file;
  return [...limits, ...located(proof.diagnostics, path, typeof content === 'string' ? content : '')];
}
