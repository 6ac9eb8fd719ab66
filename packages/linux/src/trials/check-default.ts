import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { formatCallBriefly } from '@callgate/engine/internal/report/call';
import type { CheckOutcome } from '@callgate/engine/internal/report/test-report';
import { listed } from '@callgate/engine/internal/report/words';
import { thisMachine } from '../machine.ts';

const MOST_NAMED = 5;

/** Whether the profile lets nothing pass that the default of a runtime denies: by proof, so that nothing has to be tried. */
export function checkDefault(
  runtime: string,
  profile: Policy,
  byDefault: Policy,
): Pick<CheckOutcome, 'state' | 'confined' | 'credit' | 'why' | 'details'> {
  const looser = diffPolicies(byDefault, profile).listed.filter(({ change }) => change === 'loosened');
  if (looser.length === 0)
    return {
      state: 'passed',
      confined: 'proven',
      credit: 'profile',
      why: `proven: every call that the default of ${runtime} denies is denied`,
    };
  const names = [
    ...new Set(
      looser.map(({ arch, name, nr }) =>
        arch === thisMachine().abi.name ? `${name ?? nr}` : `${arch}/${name ?? nr}`,
      ),
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
