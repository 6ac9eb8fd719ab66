import type { Mend } from '../edit/mend.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';

/** These calls pass. */
export function allowing(names: readonly string[]): Mend {
  return { kind: 'decide', calls: [{ names, kind: 'allow', conditions: [] }] };
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
