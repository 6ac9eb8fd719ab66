import type { Span } from '@callgate/engine/internal/diagnostics/span';
import { quote } from '@callgate/engine/internal/source/tree';
import { type ObjectTree, objectAt, stringAt, valueAt } from '../documents/lookup.ts';
import type { ApiFault } from './api-fault.ts';
import { FieldReader } from './field-reader.ts';
import { type ContainerSite, type Field, fieldOf, type PodSite } from './pod-site.ts';
import { type SeccompField, seccompField } from './seccomp-field.ts';

/** A container as the API reads it. */
export interface PodContainer {
  readonly site: ContainerSite;
  /** Its own, or that of the template of its list. */
  readonly profile?: SeccompField;
  readonly privileged: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  /** As they are written. */
  readonly added: readonly NamedCapability[];
  readonly dropped: readonly NamedCapability[];
  /** Where it can be pointed at. */
  readonly span: Span;
}

/** A capability as somebody has written it. */
export interface NamedCapability {
  readonly name: string;
  readonly span: Span;
}

/** A pod as the API reads it. */
export interface Pod {
  readonly site: PodSite;
  readonly profile?: SeccompField;
  readonly containers: readonly PodContainer[];
  readonly isWindows: boolean;
  readonly hostUsers?: boolean;
  readonly runtimeClass?: string;
  /** Faults of fields that the API knows. */
  readonly faults: readonly ApiFault[];
}

/** Reads the pod at a site. */
export function readPod(site: PodSite): Pod {
  const reader = new FieldReader();
  checkLists(reader, site);
  const podContext = reader.object(site.context, 'PodSpec', 'v1.PodSecurityContext');
  checkNumbers(reader, podContext, site.context?.path ?? '', 'PodSecurityContext');
  const profile = seccompField(reader, site.context);
  const isWindows = stringAt(site.spec, 'os', 'name') === 'windows';
  const hostUsers = reader.boolean(site.spec, site.path, 'hostUsers', 'PodSpec');
  const containers = site.containers.map((container) => readContainer(reader, container, hostUsers));
  if (isWindows) refuseOnWindows(reader, [profile, ...containers.map((c) => c.profile)]);
  const runtimeClass = stringAt(site.spec, 'runtimeClassName');
  return {
    site,
    profile,
    containers,
    isWindows,
    ...(hostUsers !== undefined && { hostUsers }),
    ...(runtimeClass !== undefined && { runtimeClass }),
    faults: reader.faults,
  };
}

function readContainer(
  reader: FieldReader,
  site: ContainerSite,
  hostUsers: boolean | undefined,
): PodContainer {
  const own = reader.object(site.context, 'Container', 'v1.SecurityContext');
  const context = own ?? objectAt(site.template?.entry.value);
  const field = site.context ?? site.template;
  const path = field?.path ?? `${site.path}.securityContext`;
  const boolean = (key: string) => reader.boolean(context, path, key, 'SecurityContext');
  const capabilities = fieldOf(context, path, 'capabilities');
  const given = reader.object(capabilities, 'SecurityContext', 'v1.Capabilities');
  const named = (key: string) => capabilitiesOf(reader, given, capabilities, key);
  const container = {
    site,
    profile: seccompField(reader, site.context) ?? seccompField(reader, site.template),
    privileged: boolean('privileged') === true,
    allowPrivilegeEscalation: boolean('allowPrivilegeEscalation'),
    added: named('add'),
    dropped: named('drop'),
    span: nameSpan(site),
  };
  checkNumbers(reader, context, path, 'SecurityContext');
  checkEscalation(reader, container, path, context);
  checkProcMount(reader, path, context, hostUsers);
  return container;
}

function capabilitiesOf(
  reader: FieldReader,
  given: ObjectTree | undefined,
  capabilities: Field | undefined,
  key: string,
): NamedCapability[] {
  const items = reader.strings(given, capabilities?.path ?? '', key, 'Capabilities', '[]v1.Capability');
  return items.flatMap((item) => (item.kind === 'string' ? [{ name: item.value, span: item.span }] : []));
}

function nameSpan({ tree }: ContainerSite): Span {
  const { span } = valueAt(tree, 'name') ?? valueAt(tree, 'image') ?? tree;
  return span.end - span.start > 300 ? { start: span.start, end: span.start + 1 } : span;
}

/** The lists of containers; a container has a name of its own and an image. Source: Kubernetes' ValidatePodSpec. */
function checkLists(reader: FieldReader, { spec, path, containers, isBuiltIn }: PodSite): void {
  if (!isBuiltIn) return;
  for (const key of ['containers', 'initContainers', 'ephemeralContainers'])
    reader.list(
      fieldOf(spec, path, key),
      'PodSpec',
      key === 'ephemeralContainers' ? '[]v1.EphemeralContainer' : '[]v1.Container',
    );
  const names = new Set<string>();
  for (const { tree, path: at } of containers) {
    const name = stringAt(tree, 'name');
    if (name === undefined) missing(reader, tree, `${at}.name`, 'name');
    else if (names.has(name)) repeated(reader, tree, `${at}.name`, name);
    if (!valueAt(tree, 'image')) missing(reader, tree, `${at}.image`, 'image');
    if (name !== undefined) names.add(name);
  }
}

function missing(reader: FieldReader, tree: ObjectTree, at: string, what: string): void {
  reader.faults.push({
    code: 'invalid-containers',
    fate: 'refused',
    said: `${at}: Required value`,
    meaning: `a container has no ${what}`,
    span: { start: tree.span.start, end: tree.span.start + 1 },
    fix: `give it the ${what}, if it is to be a container`,
  });
}

function repeated(reader: FieldReader, tree: ObjectTree, at: string, name: string): void {
  reader.faults.push({
    code: 'invalid-containers',
    fate: 'refused',
    said: `${at}: Duplicate value: ${quote(name)}`,
    meaning: 'two containers have the same name',
    span: (valueAt(tree, 'name') ?? tree).span,
    fix: 'give each a name of its own',
  });
}

const NUMBERS = ['runAsUser', 'runAsGroup', 'fsGroup'];
const BOOLEANS = ['runAsNonRoot', 'readOnlyRootFilesystem'];

/** Texts in their place make the whole object one that cannot be read. */
function checkNumbers(
  reader: FieldReader,
  context: ObjectTree | undefined,
  path: string,
  struct: string,
): void {
  for (const key of NUMBERS) reader.number(fieldOf(context, path, key), struct);
  for (const key of BOOLEANS) reader.boolean(context, path, key, struct);
}

type Escalating = Pick<PodContainer, 'privileged' | 'allowPrivilegeEscalation' | 'added'>;

/** Source: Kubernetes' ValidateSecurityContext, which knows the capability by this one spelling alone. */
function checkEscalation(
  reader: FieldReader,
  { privileged, allowPrivilegeEscalation, added }: Escalating,
  path: string,
  context: ObjectTree | undefined,
): void {
  if (allowPrivilegeEscalation !== false || !context) return;
  const span = (valueAt(context, 'allowPrivilegeEscalation') ?? context).span;
  const refuse = (what: string, fix: string) =>
    reader.faults.push({
      code: 'contradicting-fields',
      fate: 'refused',
      said: `${path}: Invalid value: cannot set \`allowPrivilegeEscalation\` to false and ${what}`,
      meaning: 'both at once cannot be had',
      span,
      fix,
    });
  if (privileged) refuse('`privileged` to true', 'remove one of the two');
  if (added.some(({ name }) => name === 'CAP_SYS_ADMIN'))
    refuse('`capabilities.Add` CAP_SYS_ADMIN', 'remove one of the two');
}

/** Source: Kubernetes' validation of procMount, which needs a user namespace of the pod's own. */
function checkProcMount(
  reader: FieldReader,
  path: string,
  context: ObjectTree | undefined,
  hostUsers: boolean | undefined,
): void {
  const mount = valueAt(context, 'procMount');
  if (mount?.kind !== 'string' || mount.value !== 'Unmasked' || hostUsers === false) return;
  reader.faults.push({
    code: 'contradicting-fields',
    fate: 'refused',
    said: `${path}.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``,
    meaning: 'an unmasked /proc needs a user namespace',
    span: mount.span,
    fix: 'set hostUsers: false for the pod, or remove procMount',
  });
}

function refuseOnWindows(reader: FieldReader, profiles: readonly (SeccompField | undefined)[]): void {
  for (const profile of profiles)
    if (profile)
      reader.faults.push({
        code: 'windows-profile',
        fate: 'refused',
        said: `${profile.path}: Forbidden: cannot be set for a windows pod`,
        meaning: 'Windows has no seccomp',
        span: profile.span,
        fix: 'remove seccompProfile',
      });
}
