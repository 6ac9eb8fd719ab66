import { askProgram } from './ask-program.ts';
import { type Bundle, managerOf, readBundle } from './bundle.ts';
import {
  type ContainerEngine,
  EngineFault,
  type KnownContainer,
  meantContainer,
} from './container-engine.ts';
import { isHidden, runtimeRoots, type StatedContainer, statedContainers } from './runtime-state.ts';

export interface StateEngineOptions {
  /** What a container is called where several are meant. */
  readonly titleOf?: (container: KnownContainer) => string;
  /** Where the runtime writes; without the right to look there, nothing is said rather than that there is none. */
  readonly folders?: () => readonly string[];
}

/** An engine whose containers are found in what a runtime has written down, without asking anybody. */
export function stateEngine(
  name: KnownContainer['engine'],
  containers: () => readonly KnownContainer[],
  { titleOf, folders = () => [] }: StateEngineOptions = {},
): ContainerEngine {
  return {
    name,
    async list() {
      const hidden = folders().find(isHidden);
      if (hidden !== undefined)
        throw new EngineFault(`containers of ${name} are not seen: ${hidden} may be read by root alone`);
      return containers();
    },
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
  return stateEngine(
    runtime,
    () =>
      runtimeContainers(runtime)
        .filter(({ bundle }) => managerOf(bundle) === undefined)
        .map(({ stated, bundle }) => ({
          ...knownFrom(stated, bundle),
          engine: runtime,
          name: stated.id,
          aliases: [],
        })),
    { folders: () => [`/run/${runtime}`] },
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
