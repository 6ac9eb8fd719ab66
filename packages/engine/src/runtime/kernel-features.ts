import { type Diagnostic, warning } from '../diagnostics/diagnostic.ts';
import type { Spanned } from '../diagnostics/span.ts';
import type { ActionName, Flag, Profile } from '../profile/profile.ts';
import { compareKernels, type KernelVersion } from '../profile/profile.ts';

/** The first release of Linux that has an action or a flag (seccomp(2)); what is not here is as old as seccomp's filters. */
export const FIRST_KERNEL: Readonly<Partial<Record<ActionName | Flag, KernelVersion>>> = {
  KILL_PROCESS: { major: 4, minor: 14 },
  LOG: { major: 4, minor: 14 },
  NOTIFY: { major: 5, minor: 0 },
  SECCOMP_FILTER_FLAG_TSYNC: { major: 3, minor: 17 },
  SECCOMP_FILTER_FLAG_LOG: { major: 4, minor: 14 },
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: { major: 4, minor: 17 },
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: { major: 5, minor: 19 },
};

/** Actions and flags that came after a kernel, each at its first place. A warning: distributions carry news into old kernels. */
export function newerThan(kernel: KernelVersion, profile: Profile): Diagnostic[] {
  const used = [profile.defaultAction, ...profile.rules.map((rule) => rule.action), ...profile.flags];
  const first = new Map<string, Spanned<ActionName | Flag>>();
  for (const token of used) if (!first.has(token.value)) first.set(token.value, token);
  return [...first.values()].flatMap(({ value, span }) => {
    const since = FIRST_KERNEL[value];
    if (!since || compareKernels(kernel, since) >= 0) return [];
    const message = `${value} came with Linux ${text(since)}: on ${text(kernel)} the filter cannot be installed`;
    return warning('kernel-too-old', message, span);
  });
}

function text({ major, minor }: KernelVersion): string {
  return `${major}.${minor}`;
}
