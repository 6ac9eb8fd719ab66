import { NOWHERE } from '@callgate/engine/internal/diagnostics/span';
import type { SecurityCheck } from '@callgate/engine/internal/spec/spec';
import { thisMachine } from '../machine.ts';
import { attacksOf } from './attacks.ts';

/** Files are what ordinary programs make and run, too: only a spec can say that one must not. */
const FOR_SPECS_ALONE = 'files';

/** The checks that everybody wants who has no spec: every attack that no ordinary program makes. */
export function standardChecks(): SecurityCheck[] {
  return attacksOf(thisMachine().abi.name)
    .filter(({ category }) => category !== FOR_SPECS_ALONE)
    .map(({ id }) => ({ kind: 'attack', attack: id, name: id, place: NOWHERE }));
}
