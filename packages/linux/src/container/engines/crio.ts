import { existsSync } from 'node:fs';
import { managerOf } from '../bundle.ts';
import type { KnownContainer } from '../container-engine.ts';
import { knownFrom, runtimeContainers, stateEngine } from '../state-engine.ts';

/** CRI-O: the containers of runc and crun whose annotations are CRI-O's. */
export const crio = stateEngine('crio', containers, {
  folders: () => (existsSync('/run/crio') ? ['/run/crun', '/run/runc'] : []),
});

function containers(): KnownContainer[] {
  return (['crun', 'runc'] as const)
    .flatMap(runtimeContainers)
    .filter(({ bundle }) => managerOf(bundle) === 'crio')
    .map(({ stated, bundle }) => {
      const said = bundle!.annotations;
      const pod = said['io.kubernetes.pod.name'];
      const own = said['io.kubernetes.container.name'] ?? said['io.kubernetes.cri-o.Name'];
      const image = said['io.kubernetes.cri-o.ImageName'];
      const title = pod && own ? `${pod}/${own}` : (own ?? stated.id);
      return {
        ...knownFrom(stated, bundle),
        engine: 'crio' as const,
        name: title,
        aliases: own ? [own] : [],
        ...(image !== undefined && { image }),
      };
    });
}
