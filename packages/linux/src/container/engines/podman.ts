import { managerOf } from '../bundle.ts';
import type { ContainerEngine, KnownContainer } from '../container-engine.ts';
import { clientEngine } from '../engine-client.ts';
import { knownFrom, runtimeContainers } from '../state-engine.ts';

const client = clientEngine({
  name: 'podman',
  id: '.ID',
  image: '.ImageName',
  runtime: '.OCIRuntime',
  version: '{{.Client.Version}}',
  absent: /Cannot connect to Podman|unable to connect to Podman socket/i,
});

/** So much of an id stands for a container whose name is not known. */
const SHORT_ID = 12;

/** Podman: this user's containers by its command line, those of other users by what their runtime keeps. */
export const podman: ContainerEngine = {
  ...client,
  async list() {
    const [own, kept] = [await client.list(), keptContainers()];
    const known = new Set(own.map(({ id }) => id));
    return [...own.map((one) => withGiven(one, kept)), ...kept.filter(({ id }) => !known.has(id))];
  },
  async find(name) {
    const found = await client.find(name);
    return found && withGiven(found, keptContainers());
  },
};

/** Podman says the path of a profile, its runtime keeps what was in it. */
function withGiven(container: KnownContainer, kept: readonly KnownContainer[]): KnownContainer {
  const given = kept.find(({ id }) => id === container.id)?.given;
  return given === undefined ? container : { ...container, given };
}

function keptContainers(): KnownContainer[] {
  return (['crun', 'runc'] as const)
    .flatMap(runtimeContainers)
    .filter(({ bundle }) => managerOf(bundle) === 'podman')
    .map(({ stated, bundle }) => ({
      ...knownFrom(stated, bundle),
      engine: 'podman',
      name: stated.id.slice(0, SHORT_ID),
      aliases: [],
    }));
}
