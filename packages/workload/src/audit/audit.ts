import type { Target } from '@callgate/engine';
import type { Judged } from '@callgate/engine/internal/lint/judged';
import type { LocatedFinding } from '@callgate/engine/internal/report/findings';
import type { ClusterNode, NodeRuntime, StartedBy } from '../kubernetes/cluster-node.ts';
import type { EffectiveProfile } from '../kubernetes/effective-profile.ts';
import type { ContainerRole } from '../kubernetes/pod-site.ts';
import type { StandardsVersion } from '../kubernetes/standards.ts';
import type { FolderEntry, ProfilesFolder } from '../localhost/profiles-folder.ts';
import type { RuntimeDefaults } from './default-filters.ts';

/** How workloads are judged. */
export interface AuditOptions {
  readonly node: ClusterNode;
  /** The node's machine: its ABI and kernel. */
  readonly target: Target;
  /** The default profiles of runtimes, as far as they are known. */
  readonly defaults: RuntimeDefaults;
  /** At which version of Pod Security, where the namespace does not say. */
  readonly podSecurity: StandardsVersion;
  /** The kubelet's folder for profiles, if it may be looked into. */
  readonly profiles?: ProfilesFolder;
  /** Whether the story of a container of that name is told. */
  readonly tellsStoryOf?: (container: string) => boolean;
  /** What is at a path that a file names beside itself, such as a compose file; without it nothing is opened. */
  readonly beside?: (file: string, path: string) => FolderEntry;
}

/** A step on the way from a field to the kernel. */
export interface StoryLine {
  /** Whose word it is, such as the pod. */
  readonly who: string;
  readonly says: string;
}

/** One container, and the filter that it gets. */
export interface AuditedContainer {
  /** Such as Deployment/web. */
  readonly workload: string;
  readonly namespace?: string;
  readonly container: string;
  readonly role: ContainerRole;
  readonly effective: EffectiveProfile;
  /** Whether the seccomp control of Pod Security passes as far as this container is concerned; true outside of Kubernetes. */
  readonly baseline: boolean;
  readonly restricted: boolean;
  readonly privileged: boolean;
  /** It runs with no_new_privs. */
  readonly noNewPrivs: boolean;
  /** Its bounding set, as CAP_* names. */
  readonly capabilities: readonly string[];
  /** Who starts it; sandbox: in a kernel of its own, to which this filter may never come. */
  readonly startedBy: StartedBy | 'sandbox';
  /** How it came to this filter, from the field on. */
  readonly story?: readonly StoryLine[];
  readonly runtime: NodeRuntime;
  /** What it runs under, where that is known; undefined without a filter, too. */
  readonly filter?: Judged;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What was found of everything that was given. */
export interface Audit {
  readonly findings: readonly LocatedFinding[];
  readonly containers: readonly AuditedContainer[];
  /** Documents that were read, and those that could not be. */
  readonly documents: number;
  readonly unread: number;
}
