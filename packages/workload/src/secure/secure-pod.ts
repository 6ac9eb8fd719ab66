import { printable } from '@callgate/engine/internal/report/words';
import type { Value } from '@callgate/engine/internal/source/edit';
import { quote } from '@callgate/engine/internal/source/tree';
import { memberAt, withMember } from './merged.ts';
import { isObject, isSame, listOf, type Path, stringOf, valueAt, withoutKey } from './plain.ts';
import type { ContainerPlace, ObjectName, PodPlace } from './pod-templates.ts';
import {
  agree,
  annotationField,
  containerAnnotation,
  POD_ANNOTATION,
  type ProfileField,
  profileField,
  written,
} from './profile-field.ts';
import { faultOfLocalhostProfile, type Notice, type SecureRequest } from './request.ts';

const CONTEXT = 'securityContext';
const PROFILE = [CONTEXT, 'seccompProfile'];
/** What a profile takes the place of when it is asked for by name. */
const IN_PLACE_OF: ReadonlySet<ProfileField['kind']> = new Set(['default', 'localhost', 'invalid']);

/** An object with one of its pods changed as asked. */
export interface SecuredPod {
  readonly object: Value;
  readonly notices: readonly Notice[];
  /** Which of the names that were asked for it has. */
  readonly named: readonly string[];
}

/** Changes one pod of an object as asked. Paths of notices begin at the object. */
export function securePod(object: Value, pod: PodPlace, request: SecureRequest): SecuredPod {
  return new PodSecurer(object, pod, request).secured();
}

/** "Deployment web". */
export function called({ kind, name }: ObjectName): string {
  return printable(name === undefined ? kind : `${kind} ${name}`);
}

class PodSecurer {
  private object: Value;
  private readonly before: Value;
  private readonly pod: PodPlace;
  private readonly request: SecureRequest;
  private readonly notices: Notice[] = [];
  private readonly wanted: ProfileField;

  constructor(object: Value, pod: PodPlace, request: SecureRequest) {
    this.object = object;
    this.before = object;
    this.pod = pod;
    this.request = request;
    this.wanted =
      request.profile === undefined ? { kind: 'default' } : { kind: 'localhost', path: request.profile };
  }

  secured(): SecuredPod {
    const { containers: names } = this.request;
    const chosen = names
      ? this.pod.containers.filter(({ name }) => name !== undefined && names.includes(name))
      : this.pod.containers;
    const named = names ? chosen.map(({ name }) => name!) : [];
    if (memberAt(this.valueOf(this.pod.spec), ['os', 'name']) === 'windows') {
      if (chosen.length > 0) this.say(this.pod.spec, 'left alone: Windows has no seccomp');
      return { object: this.object, notices: this.notices, named };
    }
    if (!names) this.secureHolder();
    for (const container of chosen) {
      if (names) this.setOwn(container, this.wanted);
      else this.secureContainer(container);
      if (this.request.noPrivilegeEscalation) this.keepPrivileges(container);
      if (this.isPrivileged(container))
        this.say(container.path, `container ${nameOf(container)} stays without a filter: it is privileged`);
    }
    this.removeContradictions(chosen);
    const { kind } = this.pod.object;
    if (this.pod.isBuiltIn && (kind === 'Pod' || kind === 'Job') && !isSame(this.object, this.before))
      this.say(
        this.pod.spec,
        `has to be made anew where it exists (delete and apply): ${kind === 'Pod' ? 'a pod' : "a job's template"} cannot be changed`,
      );
    return { object: this.object, notices: this.notices, named };
  }

  /** The pod, or stepTemplate, whose profile containers inherit. */
  private secureHolder(): void {
    const { holder, holderName } = this.pod;
    if (!holder) return;
    const path = [...holder, ...PROFILE];
    const old = this.profileOf(holder);
    const annotated = this.annotation(POD_ANNOTATION);
    const takesOver = old.kind === 'unset' && this.request.profile === undefined;
    if (takesOver && annotated.kind === 'unconfined' && !this.request.replacesUnconfined) {
      const message = `left without a filter: the annotation ${POD_ANNOTATION} says unconfined`;
      this.say(path, message, 'replace-unconfined');
      return;
    }
    const wanted = takesOver && this.isUsable(annotated, path) ? annotated : this.wanted;
    const isAsked = this.request.profile !== undefined && IN_PLACE_OF.has(old.kind);
    if (isAsked || this.mayTakePlaceOf(old, path, `the ${holderName}`)) this.set(holder, wanted);
  }

  private secureContainer(container: ContainerPlace): void {
    const path = [...container.path, ...PROFILE];
    const old = this.profileOf(container.path);
    const who = `container ${nameOf(container)}`;
    if (old.kind === 'unset') {
      if (this.isPrivileged(container)) return;
      if (!container.inherits) this.set(container.path, this.wanted);
      else this.takeOver(container);
    } else if (old.kind === 'default' || old.kind === 'localhost') {
      if (this.request.profile === undefined || agree(old, this.wanted)) return;
      if (!container.inherits) this.set(container.path, this.wanted);
      else this.say(path, `${who} keeps the profile of its own`, 'name-container');
    } else if (this.mayTakePlaceOf(old, path, who)) this.set(container.path, this.wanted);
  }

  /** What the dead annotation of a container says, which the pod's profile would otherwise decide. */
  private takeOver(container: ContainerPlace): void {
    if (this.request.profile !== undefined || container.name === undefined) return;
    const key = containerAnnotation(container.name);
    const annotated = this.annotation(key);
    const { holder } = this.pod;
    const inherited = holder ? this.profileOf(holder) : annotated;
    if (annotated.kind === 'unset' || agree(annotated, inherited)) return;
    if (annotated.kind === 'invalid') {
      this.say(container.path, `the annotation ${printable(key)} is misspelt: ${quote(annotated.said)}`);
      return;
    }
    if (annotated.kind === 'unconfined') {
      if (this.request.replacesUnconfined || inherited.kind === 'unset') return;
      const message = `container ${nameOf(container)} is made Unconfined, as its annotation says`;
      this.say(container.path, message, 'replace-unconfined');
    }
    if (annotated.kind === 'unconfined' || this.isUsable(annotated, container.path))
      this.set(container.path, annotated);
  }

  /** A container that was named: its own field counts. */
  private setOwn(container: ContainerPlace, wanted: ProfileField): void {
    const path = [...container.path, ...PROFILE];
    const old = this.profileOf(container.path);
    const isAsked =
      IN_PLACE_OF.has(old.kind) && (this.request.profile !== undefined || old.kind !== 'default');
    if (old.kind === 'unset' || isAsked || this.mayTakePlaceOf(old, path, `container ${nameOf(container)}`))
      this.set(container.path, wanted);
  }

  private mayTakePlaceOf(old: ProfileField, path: Path, who: string): boolean {
    switch (old.kind) {
      case 'unset':
        return true;
      case 'unconfined':
        if (this.request.replacesUnconfined) return true;
        this.say(path, `${who} is Unconfined, and says so: left alone`, 'replace-unconfined');
        return false;
      case 'meant-default':
        this.say(path, `${who} has a seccompProfile that Kubernetes refuses (${quote(old.said)}): replaced`);
        return true;
      case 'invalid':
        this.say(
          path,
          `${who} has a seccompProfile that Kubernetes refuses (${quote(old.said)}): left alone`,
        );
        return false;
      default:
        return false;
    }
  }

  private isUsable(annotated: ProfileField, path: Path): boolean {
    if (annotated.kind === 'default') return true;
    if (annotated.kind !== 'localhost') return false;
    const fault = faultOfLocalhostProfile(annotated.path);
    if (fault !== undefined)
      this.say(path, `the annotation's path ${quote(annotated.path)} is none: ${fault}`);
    return fault === undefined;
  }

  private keepPrivileges(container: ContainerPlace): void {
    if (container.path.includes('ephemeralContainers')) return;
    const path = [...container.path, CONTEXT, 'allowPrivilegeEscalation'];
    const context = memberAt(this.valueOf(container.path), [CONTEXT]);
    const capabilities = listOf(memberAt(context, ['capabilities', 'add']));
    const isAdmin = capabilities.some((c) => c === 'SYS_ADMIN' || c === 'CAP_SYS_ADMIN' || c === 'ALL');
    if (this.isPrivileged(container) || isAdmin) {
      const why = isAdmin ? 'it has CAP_SYS_ADMIN' : 'it is privileged';
      this.say(path, `container ${nameOf(container)} may gain privileges: ${why}`);
      return;
    }
    if (isFalse(memberAt(context, ['allowPrivilegeEscalation']))) return;
    this.object = withMember(this.object, container.path, [CONTEXT, 'allowPrivilegeEscalation'], false);
  }

  /** Annotations are dead, but the API server refuses an object where they say otherwise than the field. */
  private removeContradictions(chosen: readonly ContainerPlace[]): void {
    const { holder } = this.pod;
    if (holder && !this.request.containers) this.removeIfContradicts(POD_ANNOTATION, this.profileOf(holder));
    for (const { name, path } of chosen)
      if (name !== undefined) this.removeIfContradicts(containerAnnotation(name), this.profileOf(path));
  }

  private removeIfContradicts(key: string, field: ProfileField): void {
    const { metadata } = this.pod;
    const annotated = this.annotation(key);
    if (!metadata || field.kind === 'unset' || annotated.kind === 'unset' || agree(annotated, field)) return;
    const path = [...metadata, 'annotations', key];
    if (valueAt(this.object, path) === undefined) {
      this.say(metadata, `the annotation ${printable(key)} contradicts the field; remove it`);
      return;
    }
    this.object = withoutKey(this.object, path);
    const left = valueAt(this.object, path.slice(0, -1));
    if (isObject(left) && Object.keys(left).length === 0)
      this.object = withoutKey(this.object, path.slice(0, -1));
    this.say(path, `the annotation ${printable(key)} is removed: it contradicts the field`);
  }

  private set(place: Path, wanted: ProfileField): void {
    const put = written(wanted);
    if (isSame(memberAt(this.valueOf(place), PROFILE), put)) return;
    this.object = withMember(this.object, place, PROFILE, put);
  }

  private profileOf(place: Path): ProfileField {
    return profileField(memberAt(this.valueOf(place), PROFILE));
  }

  private annotation(key: string): ProfileField {
    const { metadata } = this.pod;
    return metadata
      ? annotationField(memberAt(this.valueOf(metadata), ['annotations', key]))
      : { kind: 'unset' };
  }

  private isPrivileged({ path }: ContainerPlace): boolean {
    return isTrue(memberAt(this.valueOf(path), [CONTEXT, 'privileged']));
  }

  private valueOf(path: Path): Value | undefined {
    return valueAt(this.object, path);
  }

  private say(path: Path, message: string, remedy?: Notice['remedy']): void {
    this.notices.push({ object: called(this.pod.object), path, message, ...(remedy && { remedy }) });
  }
}

function nameOf({ name, path }: ContainerPlace): string {
  return name === undefined ? String(path.at(-1)) : quote(stringOf(name) ?? '');
}

/** Kubernetes reads the booleans of YAML 1.1. */
function isTrue(value: Value | undefined): boolean {
  return value === true || (typeof value === 'string' && /^(y|yes|on)$/i.test(value));
}

function isFalse(value: Value | undefined): boolean {
  return value === false || (typeof value === 'string' && /^(n|no|off)$/i.test(value));
}
