import { NOWHERE } from '../diagnostics/span.ts';
import type { Profile, Rule } from '../profile/profile.ts';
import { resolveProfile } from './resolve.ts';
import type { Target } from './target.ts';

/** What an engine such as Docker hands to its OCI runtime: the profile on a target, without keys that OCI lacks. */
export function ociForm(written: Profile, target: Target): Profile {
  const { profile, listed, rules, defaultErrnoRet } = resolveProfile(written, target);
  const { defaultAction, flags, hasFlags, listenerPath, listenerMetadata } = profile;
  return {
    form: 'oci',
    defaultAction,
    ...(defaultErrnoRet && { defaultErrnoRet }),
    architectures: listed.map((abi) => ({ value: abi.token, span: NOWHERE })),
    archMap: [],
    flags,
    hasFlags,
    ...(listenerPath && { listenerPath }),
    ...(listenerMetadata && { listenerMetadata }),
    // What names nothing does nothing, and some readers refuse it.
    rules: rules.filter(({ names }) => names.length > 0).map(plainRule),
  };
}

function plainRule({ index, names, action, errnoRet, conditions, span }: Rule): Rule {
  return { index, names, action, ...(errnoRet && { errnoRet }), conditions, span };
}
