import { freedomOf } from '../bpf/action.ts';
import type { Mend } from '../edit/mend.ts';
import type { Condition } from '../profile/profile.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import type { Judged } from './judged.ts';
import type { Found } from './policy-rule.ts';

/** How these calls are made to pass; not at all where a rule denies one of them, for somebody wanted that. */
export function allowing(judged: Judged, names: readonly string[]): Pick<Found, 'mend'> {
  if (names.some((name) => isDeniedOnPurpose(judged, name))) return {};
  return { mend: { kind: 'decide', calls: [{ names, kind: 'allow', conditions: [] }] } };
}

/** Whether a rule denies a call; one that answers ENOSYS beside a default that denies says that nobody thought of it. */
export function isDeniedOnPurpose(judged: Judged, name: string): boolean {
  const byDefault = freedomOf(judged.byDefault.kind) === 0;
  return judged
    .verdicts(judged.native, name)
    .some(
      ({ verdict: { origin, action, data } }) =>
        origin.because === 'rule' && !(byDefault && action === 'ERRNO' && data === ENOSYS),
    );
}

/** These calls are denied; those that libc tries before an older one are answered as if there were none. */
export function denying(names: readonly string[]): Mend {
  const [tried, others] = [
    names.filter((name) => name === 'clone3'),
    names.filter((name) => name !== 'clone3'),
  ];
  return {
    kind: 'decide',
    calls: [
      ...(others.length > 0 ? [{ names: others, kind: 'deny' as const, conditions: [] }] : []),
      ...answering(tried),
    ],
  };
}

/** These calls are answered as if the kernel had none of them, so that libc takes older ones. */
export function hiding(names: readonly string[]): Mend {
  return { kind: 'decide', calls: answering(names) };
}

function answering(names: readonly string[]) {
  return names.length > 0 ? [{ names, kind: 'deny' as const, errno: ENOSYS, conditions: [] }] : [];
}

/** An argument has these bits, behind a mask. */
export function havingBits(argument: number, mask: bigint, bits: bigint): Condition {
  return { argument, operator: 'MASKED_EQ', value: mask, valueTwo: bits, span: { start: 0, end: 0 } };
}
