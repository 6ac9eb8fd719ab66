import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { formatCallBriefly } from '@callgate/engine/internal/report/call';
import type { CheckOutcome } from '@callgate/engine/internal/report/test-report';
import { listed } from '@callgate/engine/internal/report/words';
import { thisMachine } from '../machine.ts';
import { abisOfProgram } from './attacks.ts';

const MOST_NAMED = 5;

/**
 * Whether the profile lets nothing pass that the default of a runtime denies: by proof, so that nothing has to be tried. It is
 * about what programs of this machine can call: a default is made for one machine, and denies what another one calls.
 */
export function checkDefault(
  runtime: string,
  profile: Policy,
  byDefault: Policy,
): Pick<CheckOutcome, 'state' | 'confined' | 'credit' | 'why' | 'details'> {
  const native = thisMachine().abi.name;
  const callable: readonly string[] = abisOfProgram(native);
  const looser = diffPolicies(byDefault, profile).listed.filter(
    ({ arch, change }) => change === 'loosened' && callable.includes(arch),
  );
  if (looser.length === 0)
    return {
      state: 'passed',
      confined: 'proven',
      credit: 'profile',
      why: `proven: every call that the default of ${runtime} denies is denied`,
    };
  const names = [
    ...new Set(
      looser.map(({ arch, name, nr }) => (arch === native ? `${name ?? nr}` : `${arch}/${name ?? nr}`)),
    ),
  ];
  return {
    state: 'failed',
    confined: `${names.length} pass`,
    credit: 'none',
    why: `looser than the default of ${runtime}: ${listed(names, MOST_NAMED)}`,
    details: looser
      .slice(0, MOST_NAMED)
      .map(({ name, arch, witness }) => `passes: ${formatCallBriefly(name, witness.args)} on ${arch}`),
  };
}
