/** A kind of object that an audit looks at. */
export interface AuditKind {
  /** "" for the oldest one, that of pods. */
  readonly group: string;
  /** What is asked for; undefined: what the cluster says. */
  readonly version?: string;
  /** In the plural. */
  readonly resource: string;
  readonly kind: string;
  /** Where it lives; undefined: what the cluster says. */
  readonly scope?: 'namespace' | 'cluster';
  /** Some clusters have it and others do not. */
  readonly isOptional?: true;
  /** Those that a controller has made are left out: it was seen itself. */
  readonly onlyWithoutController?: true;
}

/** In the order in which they come: what explains others before these. */
export const AUDIT_KINDS: readonly AuditKind[] = [
  { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace', scope: 'cluster' },
  { group: '', version: 'v1', resource: 'nodes', kind: 'Node', scope: 'cluster' },
  {
    group: 'node.k8s.io',
    version: 'v1',
    resource: 'runtimeclasses',
    kind: 'RuntimeClass',
    scope: 'cluster',
  },
  {
    group: 'security.openshift.io',
    resource: 'securitycontextconstraints',
    kind: 'SecurityContextConstraints',
    isOptional: true,
  },
  {
    group: 'security-profiles-operator.x-k8s.io',
    resource: 'seccompprofiles',
    kind: 'SeccompProfile',
    isOptional: true,
  },
  {
    group: 'security-profiles-operator.x-k8s.io',
    resource: 'securityprofilenodestatuses',
    kind: 'SecurityProfileNodeStatus',
    isOptional: true,
  },
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment', scope: 'namespace' },
  { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet', scope: 'namespace' },
  { group: 'apps', version: 'v1', resource: 'daemonsets', kind: 'DaemonSet', scope: 'namespace' },
  {
    group: 'apps',
    version: 'v1',
    resource: 'replicasets',
    kind: 'ReplicaSet',
    scope: 'namespace',
    onlyWithoutController: true,
  },
  { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob', scope: 'namespace' },
  { group: 'batch', version: 'v1', resource: 'jobs', kind: 'Job', scope: 'namespace' },
  { group: '', version: 'v1', resource: 'pods', kind: 'Pod', scope: 'namespace' },
];
