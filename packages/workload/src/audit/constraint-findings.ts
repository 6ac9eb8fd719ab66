import type { Found } from '../findings/finding-maker.ts';
import {
  type Constraint,
  type ConstraintVerdict,
  constraintVerdict,
} from '../kubernetes/security-constraints.ts';

/** A pod whose constraint may come later in the stream. */
export interface ConstrainedPod {
  readonly workload: string;
  /** The profile that it asks for, in the words of the annotations. */
  readonly asked?: string;
}

/** So many constraints of a stream are told of each pod. */
const MOST = 20;

/** What the constraints of OpenShift that are in the stream make of a pod; which of them is asked depends on its user. */
export function constraintFindings(
  { workload, asked }: ConstrainedPod,
  constraints: readonly Constraint[],
): Omit<Found, 'span'>[] {
  return constraints.slice(0, MOST).flatMap((constraint) => {
    const about = `${workload}: under the constraint ${constraint.name}`;
    const found = verdictFinding(constraintVerdict(constraint, asked), about, asked !== undefined);
    return found ? [found] : [];
  });
}

function verdictFinding(
  verdict: ConstraintVerdict,
  about: string,
  asks: boolean,
): Omit<Found, 'span'> | undefined {
  switch (verdict.kind) {
    case 'passes':
      return asks ? undefined : told('info', `${about} it passes, and stays without a profile`);
    case 'sets':
      return told('info', `${about} it is given the profile ${verdict.profile}`);
    case 'refuses':
      return told('medium', `${about} it is refused: ${verdict.said}`);
  }
}

function told(severity: Found['severity'], message: string): Omit<Found, 'span'> {
  return { code: 'scc-refuses', severity, message };
}
