import { advice } from '../../diagnostics/diagnostic.ts';
import { inWords } from '../listed.ts';
import { denying } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What mount(2) does in one call, in the calls of Linux 5.2. */
const WAYS = [
  { mounts: 'mount file systems', calls: ['fsopen', 'fsconfig', 'fsmount', 'move_mount'] },
  { mounts: 'bind-mount', calls: ['open_tree', 'move_mount'] },
];

/** What mount may not do at once may be done in steps. */
export const mountByParts: PolicyRule = {
  code: 'mount-by-parts',
  severity: 'high',
  about:
    'A rule denies mount, but the calls pass that do the same in steps: fsopen, fsconfig, fsmount and move_mount, or open_tree and move_mount. Like mount they need CAP_SYS_ADMIN.',
  *find(judged) {
    const { native } = judged;
    if (!judged.isDeniedByRules(native, 'mount')) return;
    const ways = WAYS.filter(({ calls }) =>
      calls.every((name) => judged.isInKernel(name) && judged.passes(native, name) === 'always'),
    );
    if (ways.length === 0) return;
    const witness = judged.passingWitness(native, 'move_mount');
    if (!witness) return;
    yield {
      message: `mount is denied, but ${ways.map(({ mounts, calls }) => `${inWords(calls)}, which ${mounts},`).join(' and ')} pass; like mount they need CAP_SYS_ADMIN`,
      place: judged.placeOf(judged.verdict(native, 'mount', []).origin),
      related: judged.placeOf(judged.verdict(native, 'move_mount', []).origin),
      witness,
      fix: advice('deny fsopen, fsconfig, fsmount, open_tree and move_mount, too'),
      mend: denying(['fsopen', 'fsconfig', 'fsmount', 'open_tree', 'move_mount']),
    };
  },
};
