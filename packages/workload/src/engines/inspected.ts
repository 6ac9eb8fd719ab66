import type { Tree } from '@callgate/engine/internal/source/tree';
import { itemsAt, type ObjectTree, objectAt, stringAt, valueAt } from '../documents/lookup.ts';
import { names } from './compose.ts';
import type { EngineContainer } from './engine-container.ts';
import { configContainer } from './oci-config.ts';
import { securityOptions } from './security-options.ts';

/** The containers that docker, podman or crictl inspect has printed; undefined for other documents. */
export function inspectedContainers(tree: Tree): EngineContainer[] | undefined {
  const items = tree.kind === 'array' ? tree.items : [tree];
  const found = items.flatMap((item) => (item.kind === 'object' ? (inspected(item) ?? []) : []));
  return found.length > 0 ? found : undefined;
}

function inspected(item: ObjectTree): EngineContainer | undefined {
  const host = objectAt(item, 'HostConfig');
  if (host) return ofEngine(item, host);
  const spec = objectAt(item, 'info', 'runtimeSpec');
  return spec && ofRuntime(item, spec);
}

/** Source: docker inspect, and podman's, which is much the same. */
function ofEngine(item: ObjectTree, host: ObjectTree): EngineContainer {
  const name = (stringAt(item, 'Name') ?? stringAt(item, 'Id') ?? '(unnamed)').replace(/^\//, '');
  const privileged = valueAt(host, 'Privileged');
  const isPodman = ['OCIRuntime', 'BoundingCaps', 'ConmonPidFile'].some(
    (key) => valueAt(item, key) !== undefined,
  );
  const bounding = itemsAt(item, 'BoundingCaps');
  return {
    workload: `container/${name}`,
    container: name,
    ...securityOptions(itemsAt(host, 'SecurityOpt'), true),
    privileged: privileged?.kind === 'boolean' && privileged.value,
    added: names(itemsAt(host, 'CapAdd')),
    dropped: names(itemsAt(host, 'CapDrop')),
    ...(bounding.length > 0 && { bounding: names(bounding).map((one) => one.name) }),
    engine: isPodman ? 'podman' : 'docker',
    span: (valueAt(item, 'Name') ?? item).span,
  };
}

/** Source: crictl inspect, whose info holds what the runtime was given. */
function ofRuntime(item: ObjectTree, spec: ObjectTree): EngineContainer {
  const label = (key: string) => stringAt(item, 'status', 'labels', `io.kubernetes.${key}`);
  const container = label('container.name') ?? stringAt(item, 'status', 'metadata', 'name') ?? '(unnamed)';
  const pod = label('pod.name');
  const at = valueAt(item, 'status', 'metadata', 'name') ?? item;
  const found = configContainer(spec, pod === undefined ? `container/${container}` : `Pod/${pod}`, container);
  return { ...found, span: at.span };
}
