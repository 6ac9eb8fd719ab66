import type { Tree } from '@callgate/engine/internal/source/tree';
import { itemsAt, objectAt, stringAt, valueAt } from '../documents/lookup.ts';
import { names } from './compose.ts';
import type { EngineContainer, NamedProfile } from './engine-container.ts';

/** Whether a document is the config.json of a container. */
export function isConfig(tree: Tree): boolean {
  return stringAt(tree, 'ociVersion') !== undefined && objectAt(tree, 'process') !== undefined;
}

/** The container of a runtime's config.json, which names everything itself. Source: the OCI runtime specification. */
export function configContainer(
  tree: Tree,
  workload = 'config.json',
  container = 'config.json',
): EngineContainer {
  const noNewPrivs = valueAt(tree, 'process', 'noNewPrivileges');
  return {
    workload,
    container,
    named: profileOf(valueAt(tree, 'linux', 'seccomp')),
    overridden: [],
    privileged: false,
    noNewPrivs: noNewPrivs?.kind === 'boolean' && noNewPrivs.value,
    added: [],
    dropped: [],
    bounding: names(itemsAt(tree, 'process', 'capabilities', 'bounding')).map(({ name }) => name),
    span: (valueAt(tree, 'ociVersion') ?? tree).span,
  };
}

function profileOf(seccomp: Tree | undefined): NamedProfile {
  return seccomp ? { kind: 'inline', text: '', span: seccomp.span, tree: seccomp } : { kind: 'none' };
}
