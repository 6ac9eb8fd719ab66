import { ENGINES, type EngineName, type KnownContainer, NoSuchContainer } from './container-engine.ts';
import { engineNamed } from './known-containers.ts';

/** ENGINE:NAME */
const REFERENCE = new RegExp(`^(?:(${ENGINES.join('|')}):)?(.+)$`, 's');

/** A container that an engine knows. */
export type Container = Pick<KnownContainer, 'id' | 'pid'>;

/** Those that need nobody's answer come first. */
const QUICKEST_FIRST: readonly EngineName[] = ['containerd', 'crio', 'runc', 'crun', 'docker', 'podman'];

/**
 * The container of that name or id, of the engine named before it ("docker:web"), or of whichever knows it. Undefined when
 * nobody does; throws AmbiguousContainer where several of an engine are meant.
 */
export async function findContainer(reference: string): Promise<KnownContainer | undefined> {
  const [, engine, name] = REFERENCE.exec(reference) ?? [];
  if (!name || name.startsWith('-')) throw new NoSuchContainer(`"${reference}" is no container's name`);
  for (const one of QUICKEST_FIRST) {
    if (engine !== undefined && engine !== one) continue;
    const found = await engineNamed(one)
      .find(name)
      .catch((fault: unknown) => {
        if (fault instanceof NoSuchContainer && fault.constructor === NoSuchContainer) return undefined;
        throw fault;
      });
    if (found) return found;
  }
  return undefined;
}

/** The container of an engine, by name or id; throws NoSuchContainer when it has none, or its answer is an error. */
export async function containerOf(engine: EngineName, name: string): Promise<KnownContainer> {
  if (name.startsWith('-') || name === '') throw new NoSuchContainer(`"${name}" is no container's name`);
  const found = await engineNamed(engine).find(name);
  if (found) return found;
  throw new NoSuchContainer(`${engine} knows no container ${name}`);
}

/** The same, of one that runs, with its first process on this machine. */
export async function runningContainer(
  engine: EngineName,
  name: string,
): Promise<KnownContainer & { readonly pid: number }> {
  const container = await containerOf(engine, name);
  const { pid } = container;
  if (pid !== undefined) return { ...container, pid };
  throw new NoSuchContainer(`the container ${name} of ${engine} does not run`);
}
