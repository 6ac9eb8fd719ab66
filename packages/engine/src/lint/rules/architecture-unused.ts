import { advice } from '../../diagnostics/diagnostic.ts';
import { ABI_NAMES, abiOf } from '../../syscalls/arch.ts';
import { inWords } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** A filter of one machine never sees a call of another. */
export const architectureUnused: PolicyRule = {
  code: 'architecture-unused',
  severity: 'info',
  about:
    'The profile names architectures whose programs do not run on this machine. They make the filter longer and change nothing; a profile for several machines has them.',
  *find({ native, profile }) {
    const own = [native, ...native.subAbis.map(abiOf)].map(({ token }) => token);
    const known = ABI_NAMES.map((name) => abiOf(name).token);
    const unused = profile.architectures.filter(({ value }) => known.includes(value) && !own.includes(value));
    if (unused.length === 0) return;
    yield {
      message: `no program of ${native.name} machines is of ${inWords([...new Set(unused.map(({ value }) => value))])}`,
      place: unused[0].span,
      fix: advice('leave it out, if the profile is for these machines alone'),
    };
  },
};
