import type { Tree } from '@callgate/engine/internal/source/tree';
import { entriesAt, itemsAt, objectAt, valueAt } from '../documents/lookup.ts';
import type { NamedCapability } from '../kubernetes/pod.ts';
import type { EngineContainer } from './engine-container.ts';
import { securityOptions } from './security-options.ts';

/** Whether a document is one of compose: services by name, and no kind. */
export function isCompose(tree: Tree): boolean {
  return objectAt(tree, 'services') !== undefined && valueAt(tree, 'kind') === undefined;
}

/** The services of a compose file. Source: the Compose Specification. */
export function composeServices(tree: Tree): EngineContainer[] {
  return entriesAt(tree, 'services').flatMap(({ key, keySpan, value }) => {
    if (value.kind !== 'object') return [];
    return [
      {
        workload: `service/${key}`,
        container: key,
        ...securityOptions(itemsAt(value, 'security_opt'), false),
        privileged: isTrue(valueAt(value, 'privileged')),
        added: names(itemsAt(value, 'cap_add')),
        dropped: names(itemsAt(value, 'cap_drop')),
        span: keySpan,
      },
    ];
  });
}

function isTrue(tree: Tree | undefined): boolean {
  return (tree?.kind === 'boolean' && tree.value) || (tree?.kind === 'string' && tree.value === 'true');
}

/** Texts of a list as capabilities. */
export function names(items: readonly Tree[]): NamedCapability[] {
  return items.flatMap((item) => (item.kind === 'string' ? [{ name: item.value, span: item.span }] : []));
}
