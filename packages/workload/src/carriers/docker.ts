import { stringifyProfile } from '@callgate/engine';
import type { Profile, Rule } from '@callgate/engine/internal/profile/profile';
import { resolveProfile } from '@callgate/engine/internal/runtime/resolve';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { Carrier } from './carrier.ts';

/** The profile with Docker's keys; Podman's names of errors become their numbers. */
function dockerForm(profile: Profile, target: Target): Profile {
  const { defaultErrno: _, ...rest } = profile;
  const { rules, defaultErrnoRet } = resolveProfile(profile, target);
  // Rules that do not apply on this target stay: Docker decides for each container.
  const errnoOf = new Map(rules.map(({ index, errnoRet }) => [index, errnoRet]));
  return {
    ...rest,
    ...(defaultErrnoRet && { defaultErrnoRet }),
    rules: profile.rules.map((rule) => withoutErrnoName(rule, errnoOf.get(rule.index))),
  };
}

function withoutErrnoName({ errno: _, ...rule }: Rule, errnoRet: Rule['errnoRet']): Rule {
  return { ...rule, errnoRet: errnoRet ?? rule.errnoRet };
}

export const docker: Carrier = {
  id: 'docker',
  about: "Docker's form: archMap, includes, excludes and comments stay as they are",
  enforcer: 'container runtime',
  write: ({ profile, name, target }) => ({
    files: [{ path: `${name}.json`, content: stringifyProfile(dockerForm(profile, target)) }],
    notes: [`used by: docker run --security-opt seccomp=${name}.json`],
  }),
};
