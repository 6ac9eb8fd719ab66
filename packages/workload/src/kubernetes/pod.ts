import type { Span } from '@callgate/engine/internal/diagnostics/span';
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
  /** Faults of its own for which it alone does not start. */
  readonly failsOnNode?: ApiFault;
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
  reader.object(site.context, 'PodSpec', 'v1.PodSecurityContext');
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
  const before = reader.faults.length;
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
  checkEscalation(reader, container, path, context);
  checkProcMount(reader, path, context, hostUsers);
  const failsOnNode = reader.faults.slice(before).find(({ fate }) => fate === 'on-node');
  return { ...container, ...(failsOnNode && { failsOnNode }) };
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
