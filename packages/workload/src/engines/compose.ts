import type { Tree } from '@callgate/engine/internal/source/tree';
import { entriesAt, itemsAt, objectAt, stringAt, valueAt } from '../documents/lookup.ts';
import type { NamedCapability } from '../kubernetes/pod.ts';
import type { EngineContainer } from './engine-container.ts';
import { securityOptions } from './security-options.ts';

/** Whether a document is one of compose: services by name, and no kind. */
export function isCompose(tree: Tree): boolean {
  return objectAt(tree, 'services') !== undefined && valueAt(tree, 'kind') === undefined;
}

/** Reads another compose file by its path; undefined where that cannot be had. */
export type OtherFile = (path: string) => Tree | undefined;

/** The services of a compose file. Source: the Compose Specification. */
export function composeServices(tree: Tree, otherFile: OtherFile = () => undefined): EngineContainer[] {
  return entriesAt(tree, 'services').flatMap(({ key, keySpan, value }) => {
    if (value.kind !== 'object') return [];
    const asked = askedBy(tree, value, otherFile, 0);
    return [
      {
        workload: `service/${key}`,
        container: key,
        ...securityOptions(asked.securityOptions, false),
        privileged: asked.privileged,
        added: names(asked.added),
        dropped: names(asked.dropped),
        span: keySpan,
      },
    ];
  });
}

/** What a service asks for, together with what it extends. */
interface Asked {
  readonly securityOptions: readonly Tree[];
  readonly privileged: boolean;
  readonly added: readonly Tree[];
  readonly dropped: readonly Tree[];
}

const NOTHING: Asked = { securityOptions: [], privileged: false, added: [], dropped: [] };
/** Services extend others, which extend others; in a circle they would for ever. */
const DEEPEST = 16;

function askedBy(file: Tree, service: Tree, otherFile: OtherFile, depth: number): Asked {
  const base = depth < DEEPEST ? extended(file, service, otherFile, depth) : NOTHING;
  const privileged = valueAt(service, 'privileged');
  // Lists are joined, what is extended first.
  return {
    securityOptions: [...base.securityOptions, ...itemsAt(service, 'security_opt')],
    privileged: privileged ? isTrue(privileged) : base.privileged,
    added: [...base.added, ...itemsAt(service, 'cap_add')],
    dropped: [...base.dropped, ...itemsAt(service, 'cap_drop')],
  };
}

function extended(file: Tree, service: Tree, otherFile: OtherFile, depth: number): Asked {
  const extended = valueAt(service, 'extends');
  const name = extended?.kind === 'string' ? extended.value : stringAt(extended, 'service');
  const path = stringAt(extended, 'file');
  const from = path === undefined ? file : otherFile(path);
  const base = name === undefined ? undefined : valueAt(from, 'services', name);
  return from && base ? askedBy(from, base, otherFile, depth + 1) : NOTHING;
}

function isTrue(tree: Tree | undefined): boolean {
  return (tree?.kind === 'boolean' && tree.value) || (tree?.kind === 'string' && tree.value === 'true');
}

/** Texts of a list as capabilities. */
export function names(items: readonly Tree[]): NamedCapability[] {
  return items.flatMap((item) => (item.kind === 'string' ? [{ name: item.value, span: item.span }] : []));
}
