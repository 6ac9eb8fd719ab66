import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { printable } from '@callgate/engine/internal/report/words';
import type { Entry, Tree } from '@callgate/engine/internal/source/tree';
import type { ApiFault } from './api-fault.ts';
import type { PodSite } from './pod-site.ts';

/** The fields that this is about; a key that is none of them may be new in a release, and nothing is said of it. */
const FIELDS = [
  'securityContext',
  'seccompProfile',
  'localhostProfile',
  'allowPrivilegeEscalation',
  'privileged',
  'capabilities',
  'procMount',
] as const;
type FieldName = (typeof FIELDS)[number];

/** What charts call a securityContext in their values. */
const VALUES_NAMES = [
  'podSecurityContext',
  'containerSecurityContext',
  'securityContexts',
  'seccompProfiles',
];

/** A type of the API: which of the fields it has, and the types that are below its keys. */
interface Struct {
  readonly has: readonly FieldName[];
  readonly below: Readonly<Record<string, Struct>>;
  /** Every key that it has, where all are known; others are told, whatever they are called. */
  readonly all?: readonly string[];
  /** It may have more keys, of which only its own definition tells. */
  readonly isOpen?: boolean;
}

const LEAF: Struct = { has: [], below: {} };
const CAPABILITIES: Struct = { ...LEAF, all: ['add', 'drop'] };
const SECCOMP: Struct = { ...LEAF, has: ['localhostProfile'], all: ['type', 'localhostProfile'] };
/** What pods and containers have in common. */
const BOTH = [
  'appArmorProfile',
  'runAsGroup',
  'runAsNonRoot',
  'runAsUser',
  'seLinuxOptions',
  'seccompProfile',
  'windowsOptions',
];
const CONTAINER_CONTEXT: Struct = {
  has: ['seccompProfile', 'allowPrivilegeEscalation', 'privileged', 'capabilities', 'procMount'],
  below: { seccompProfile: SECCOMP, capabilities: CAPABILITIES },
  all: [
    ...BOTH,
    'allowPrivilegeEscalation',
    'capabilities',
    'privileged',
    'procMount',
    'readOnlyRootFilesystem',
  ],
};
const POD_CONTEXT: Struct = {
  has: ['seccompProfile'],
  below: { seccompProfile: SECCOMP },
  all: [
    ...BOTH,
    'fsGroup',
    'fsGroupChangePolicy',
    'seLinuxChangePolicy',
    'supplementalGroups',
    'supplementalGroupsPolicy',
    'sysctls',
  ],
};
const CONTAINER: Struct = { has: ['securityContext'], below: { securityContext: CONTAINER_CONTEXT } };
const POD_SPEC: Struct = {
  has: ['securityContext'],
  below: {
    securityContext: POD_CONTEXT,
    containers: CONTAINER,
    initContainers: CONTAINER,
    ephemeralContainers: CONTAINER,
  },
};

/** What a custom kind has in the place of a pod, such as a task of Tekton: the rest is for its own definition to say. */
const MUCH_LIKE_A_POD: Struct = { ...POD_SPEC, isOpen: true };
/** Where a custom kind embeds the pod that Kubernetes knows. */
const TEMPLATE_PATH = /template\.spec$/i;

/** The type of an object whose pod is below keys. */
function structOf(keys: readonly string[]): Struct {
  return keys.reduceRight<Struct>((inner, key) => ({ has: [], below: { [key]: inner } }), POD_SPEC);
}

/** Maps whose keys are the user's own, and what a cluster has written itself. */
const OPEN_MAPS = new Set([
  'annotations',
  'labels',
  'limits',
  'managedFields',
  'matchLabels',
  'nodeSelector',
  'requests',
  'status',
]);
/** How deep a field is looked for below a key that this does not know. */
const DEEPEST = 6;

/** Fields of a pod, or on the way to it, where the API has none of that name. */
export function unknownFields({ object, path, spec, isBuiltIn, containers }: PodSite): ApiFault[] {
  const found: ApiFault[] = [];
  // What stands around the pod in a custom kind is for its own definition to say.
  if (isBuiltIn) walk(object.tree, '', structOf(path.split('.')), []);
  else if (containers.some(({ tree }) => tree !== spec))
    walk(spec, path, TEMPLATE_PATH.test(path) ? POD_SPEC : MUCH_LIKE_A_POD, []);
  return found;

  function walk(tree: Tree, at: string, struct: Struct, container: readonly string[]): void {
    if (tree.kind === 'array')
      for (const [i, item] of tree.items.entries()) {
        const inner = `${at}[${i}]`;
        walk(item, inner, struct, struct === CONTAINER ? [inner] : container);
      }
    if (tree.kind !== 'object') return;
    for (const entry of tree.entries)
      check(entry, at === '' ? entry.key : `${at}.${entry.key}`, struct, container);
  }

  function check(entry: Entry, at: string, struct: Struct, container: readonly string[]): void {
    const { key, value } = entry;
    if (Object.hasOwn(struct.below, key)) walk(value, at, struct.below[key], container);
    else if ((struct.has as readonly string[]).includes(key) || OPEN_MAPS.has(key)) return;
    else if (struct.isOpen) return;
    else {
      const meant = meantField(key);
      if (meant) found.push(faultOf(entry, at, meant, path, struct, container[0]));
      else if (struct.all && !struct.all.includes(key)) found.push(unknown(entry, at, struct));
      else hidden(entry, at, container, 0);
    }
  }

  /** A field below a key that is none of ours, such as resources. */
  function hidden({ value }: Entry, at: string, container: readonly string[], depth: number): void {
    if (depth > DEEPEST) return;
    if (value.kind === 'array')
      for (const [i, item] of value.items.entries())
        if (item.kind === 'object') inside(item.entries, `${at}[${i}]`, container, depth);
    if (value.kind === 'object') inside(value.entries, at, container, depth);
  }

  function inside(entries: readonly Entry[], at: string, container: readonly string[], depth: number): void {
    for (const entry of entries) {
      const inner = `${at}.${entry.key}`;
      if (OPEN_MAPS.has(entry.key)) continue;
      if (entry.key === 'seccompProfile' || entry.key === 'securityContext')
        found.push(faultOf(entry, inner, { field: entry.key, isExact: true }, path, LEAF, container[0]));
      else hidden(entry, inner, container, depth + 1);
    }
  }
}

interface Meant {
  readonly field: FieldName;
  readonly isExact: boolean;
}

/** Documents repeat their keys; of so many it is kept what they mean. */
const MOST_KEPT = 10_000;
const KEPT = new Map<string, Meant | undefined>();

function meantField(key: string): Meant | undefined {
  if (!KEPT.has(key) && KEPT.size < MOST_KEPT) KEPT.set(key, meantBy(key));
  return KEPT.has(key) ? KEPT.get(key) : meantBy(key);
}

function meantBy(key: string): Meant | undefined {
  const exact = FIELDS.find((field) => field === key);
  if (exact) return { field: exact, isExact: true };
  if (/^seccomp(?:profiles)?$/i.test(key)) return { field: 'seccompProfile', isExact: false };
  if (VALUES_NAMES.includes(key)) return { field: 'securityContext', isExact: false };
  const near = FIELDS.find((field) => field === suggest(key.replace(/[-_]/g, ''), FIELDS));
  return near && { field: near, isExact: false };
}

function faultOf(
  { key, keySpan, value }: Entry,
  at: string,
  { field, isExact }: Meant,
  podPath: string,
  struct: Struct,
  container: string | undefined,
): ApiFault {
  const said = `unknown field "${printable(at)}"`;
  const isHere = !isExact && (struct.has as readonly string[]).includes(field);
  const home = isHere ? at.slice(0, at.length - key.length) + field : homeOf(field, podPath, container);
  return {
    code: isHere ? 'misspelt-field' : 'wrong-level',
    fate: 'dropped',
    said,
    meaning: `${isHere ? 'the API spells it otherwise' : levelWords(field, at, home)}${holdsProfile(value) ? ', with the seccompProfile in it' : ''}`,
    span: keySpan,
    fix: isHere ? `write ${field}` : `this key belongs at ${home}`,
  };
}

/** A key that none of these types has, such as one that belongs to pods alone. */
function unknown({ key, keySpan }: Entry, at: string, { all = [] }: Struct): ApiFault {
  const near = suggest(key, all);
  const isOfPods = POD_CONTEXT.all?.includes(key) === true && all === CONTAINER_CONTEXT.all;
  return {
    code: isOfPods ? 'wrong-level' : 'misspelt-field',
    fate: 'dropped',
    said: `unknown field "${printable(at)}"`,
    meaning: isOfPods
      ? `${key} is a field of pods, and not of containers`
      : 'the API has no such field there',
    span: keySpan,
    fix: isOfPods ? "set it in the pod's securityContext" : near && `write ${near}`,
  };
}

function homeOf(field: FieldName, podPath: string, container: string | undefined): string {
  const holder = container ?? podPath;
  const inContainers = `${podPath}.containers[*].securityContext`;
  switch (field) {
    case 'securityContext':
      return `${holder}.securityContext`;
    case 'seccompProfile':
      return `${holder}.securityContext.seccompProfile`;
    case 'localhostProfile':
      return `${holder}.securityContext.seccompProfile.localhostProfile`;
    default:
      return `${container === undefined ? inContainers : `${container}.securityContext`}.${field}`;
  }
}

function levelWords(field: FieldName, at: string, home: string): string {
  const depth = (path: string) => path.split('.').length;
  const parent = home.slice(0, home.lastIndexOf('.'));
  if (home.includes('[*]')) return `${field} is a field of containers, and not of pods`;
  const levels = depth(at) - depth(home);
  if (levels === 1 && at.startsWith(`${parent}.`)) return 'it stands one level too deep';
  return levels < 0 ? 'it stands too high' : 'it stands at another level';
}

function holdsProfile(value: Tree): boolean {
  return value.kind === 'object' && value.entries.some(({ key }) => key === 'seccompProfile');
}
