import { type CapabilityCheck, capabilityChecks } from '../lint/capability-checks.ts';
import type { KernelVersion } from '../profile/profile.ts';
import { errnoNumber, sinceOf } from '../syscalls/arguments.ts';
import type { DeniedCall } from './denied-call.ts';

/** How whoever made the call is confined beside filters, as far as it is known. */
export interface Confinement {
  /** CAP_* names that it has; undefined: not known. */
  readonly capabilities?: readonly string[];
  readonly noNewPrivs?: boolean;
  readonly isReadOnly?: boolean;
  /** The profile of AppArmor, or the label of SELinux; undefined: none, or not known. */
  readonly label?: string;
  readonly kernel?: KernelVersion;
}

/** What can have refused a call when no filter did. */
export type OtherCause =
  /** The kernel asks for it, and the process lacks it (or it is not known what the process has). */
  | { readonly kind: 'capability'; readonly check: CapabilityCheck; readonly isLacking: boolean | undefined }
  | { readonly kind: 'new-call'; readonly since: string }
  | { readonly kind: 'read-only' }
  | { readonly kind: 'no-new-privs' }
  | { readonly kind: 'security-module'; readonly label: string }
  | { readonly kind: 'limit' }
  | { readonly kind: 'permissions' }
  | { readonly kind: 'arguments' };

const code = (name: string) => errnoNumber(name)!;

/** What can have refused it, the likeliest first. */
export function otherCauses({ name, outcome, isPlain }: DeniedCall, how: Confinement): OtherCause[] {
  const errno = outcome.kind === 'errno' ? outcome.errno : undefined;
  if (isPlain && /^(?:clone3?|v?fork)$/.test(name)) return [{ kind: 'limit' }];
  const causes: OtherCause[] = [];
  if (errno === code('ENOSYS')) {
    const since = sinceOf(name);
    return since === undefined ? [] : [{ kind: 'new-call', since }];
  }
  if (errno === code('EROFS')) return [{ kind: 'read-only' }];
  const isDenied = errno === undefined || errno === code('EPERM') || errno === code('EACCES');
  if (!isDenied) return [{ kind: 'arguments' }];
  for (const check of capabilityChecks(name)) {
    const isLacking =
      how.capabilities && !check.capability.split(' or ').some((one) => how.capabilities!.includes(one));
    if (isLacking !== false) causes.push({ kind: 'capability', check, isLacking });
  }
  if (how.label !== undefined) causes.push({ kind: 'security-module', label: how.label });
  if (how.noNewPrivs && (name === 'execve' || name.startsWith('set'))) causes.push({ kind: 'no-new-privs' });
  if (errno === code('EACCES') || causes.length === 0) causes.push({ kind: 'permissions' });
  return causes;
}
