import { errnoName, stringifyProfile } from '@callgate/engine';
import type { Profile, Rule } from '@callgate/engine/internal/profile/profile';
import { compareKernels } from '@callgate/engine/internal/profile/profile';
import { resolveProfile } from '@callgate/engine/internal/runtime/resolve';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { Carrier } from './carrier.ts';

type Errno = { readonly value: number; readonly span: Rule['span'] } | undefined;

/** The profile with Podman's keys: errors by name beside their numbers, and no minKernel, which it does not know. */
function podmanForm(profile: Profile, target: Target): Profile {
  const { defaultErrnoRet, rules } = resolveProfile(profile, target);
  const errnoOf = new Map(rules.map(({ index, errnoRet }) => [index, errnoRet]));
  return {
    ...profile,
    ...(profile.defaultAction.value === 'ERRNO' &&
      named('defaultErrno', 'defaultErrnoRet', defaultErrnoRet ?? profile.defaultErrnoRet)),
    rules: profile.rules.flatMap((rule) => {
      const kept = withoutMinKernel(rule, profile, target);
      const errno = rule.action.value === 'ERRNO' ? (errnoOf.get(rule.index) ?? rule.errnoRet) : undefined;
      return kept ? [{ ...kept, ...named('errno', 'errnoRet', errno) }] : [];
    }),
  };
}

function named(key: string, numberKey: string, errno: Errno): object {
  const name = errno && errnoName(errno.value);
  return name ? { [key]: { value: name, span: errno.span }, [numberKey]: errno } : {};
}

/** The rule as it is for the target's kernel; undefined where that leaves it out. */
function withoutMinKernel(rule: Rule, profile: Profile, { kernel, runtime }: Target): Rule | undefined {
  const decides = (runtime?.name ?? profile.form) === 'docker';
  const [included, excluded] = [rule.includes?.minKernel, rule.excludes?.minKernel].map(
    (minKernel) => minKernel && decides && compareKernels(kernel, minKernel.value) >= 0,
  );
  if (decides && (included === false || excluded === true)) return undefined;
  return { ...rule, includes: without(rule.includes), excludes: without(rule.excludes) };
}

function without(scope: Rule['includes']): Rule['includes'] {
  if (!scope?.minKernel) return scope;
  const { minKernel: _, ...rest } = scope;
  return rest.arches.length + rest.caps.length > 0 ? rest : undefined;
}

export const podman: Carrier = {
  id: 'podman',
  about: "Podman's and CRI-O's form: errors by their names, includes and excludes stay",
  enforcer: 'container runtime',
  write: ({ profile, name, target }) => ({
    files: [{ path: `${name}.json`, content: stringifyProfile(podmanForm(profile, target)) }],
    notes: [
      `used by: podman run --security-opt seccomp=${name}.json`,
      ...(profile.rules.some((r) => r.includes?.minKernel || r.excludes?.minKernel)
        ? [`rules for certain kernels were decided for Linux ${target.kernel.major}.${target.kernel.minor}`]
        : []),
    ],
  }),
};
