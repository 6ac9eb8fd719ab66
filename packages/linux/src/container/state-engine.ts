import { askProgram } from './ask-program.ts';
import { type Bundle, managerOf, readBundle } from './bundle.ts';
import { type ContainerEngine, type KnownContainer, meantContainer } from './container-engine.ts';
import { runtimeRoots, type StatedContainer, statedContainers } from './runtime-state.ts';

/** An engine whose containers are found in what a runtime has written down, without asking anybody. */
export function stateEngine(
  name: KnownContainer['engine'],
  containers: () => readonly KnownContainer[],
  titleOf?: (container: KnownContainer) => string,
): ContainerEngine {
  return {
    name,
    list: async () => containers(),
    find: async (reference) => meantContainer(containers(), reference, titleOf),
    async release() {
      const said = await askProgram(name, ['--version']);
      return /\bv?(\d+\.\d+(?:\.\d+)?)/.exec(said?.stdout ?? '')?.[1];
    },
  };
}

/** Containers of one runtime, with what their bundles say. */
export function runtimeContainers(
  runtime: 'runc' | 'crun',
): { readonly stated: StatedContainer; readonly bundle: Bundle | undefined }[] {
  return runtimeRoots(runtime)
    .flatMap(statedContainers)
    .map((stated) => ({ stated, bundle: readBundle(stated.bundle) }));
}

/** runc or crun: what nobody else has asked them for. */
export function runtimeEngine(runtime: 'runc' | 'crun'): ContainerEngine {
  return stateEngine(runtime, () =>
    runtimeContainers(runtime)
      .filter(({ bundle }) => managerOf(bundle) === undefined)
      .map(({ stated, bundle }) => ({
        ...knownFrom(stated, bundle),
        engine: runtime,
        name: stated.id,
        aliases: [],
      })),
  );
}

/** What a state and a bundle tell of any container. */
export function knownFrom(
  { id, state, pid, runtime }: StatedContainer,
  bundle: Bundle | undefined,
): Pick<KnownContainer, 'id' | 'state' | 'pid' | 'runtime' | 'seccomp' | 'given'> {
  return {
    id,
    state,
    ...(pid !== undefined && { pid }),
    runtime,
    ...(bundle && !bundle.seccomp && { seccomp: 'unconfined' }),
    ...(bundle?.seccomp && { given: bundle.seccomp }),
  };
}
