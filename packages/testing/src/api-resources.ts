/** An object of a cluster, as an API server keeps it. */
export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
    readonly managedFields?: readonly object[];
  };
  readonly [key: string]: unknown;
}

/** A kind of object that an API server serves. */
export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  /** Defined by a CustomResourceDefinition: it is served where there are some, and its lists' items name their kind. */
  readonly isCustom: boolean;
}

/** One a line: group/version, plural, kind, and what is to be said of it. */
const LINES = `
v1 namespaces Namespace cluster
v1 nodes Node cluster
v1 pods Pod
v1 secrets Secret
apps/v1 deployments Deployment
apps/v1 statefulsets StatefulSet
apps/v1 daemonsets DaemonSet
apps/v1 replicasets ReplicaSet
batch/v1 jobs Job
batch/v1 cronjobs CronJob
node.k8s.io/v1 runtimeclasses RuntimeClass cluster
security.openshift.io/v1 securitycontextconstraints SecurityContextConstraints cluster custom
security-profiles-operator.x-k8s.io/v1beta1 seccompprofiles SeccompProfile custom
security-profiles-operator.x-k8s.io/v1alpha1 securityprofilenodestatuses SecurityProfileNodeStatus custom
`;

export const API_RESOURCES: readonly ApiResource[] = LINES.trim().split('\n').map(resourceIn);

function resourceIn(line: string): ApiResource {
  const [groupVersion, plural, kind, ...more] = line.split(' ') as [string, string, string, ...string[]];
  const [version, group = ''] = groupVersion.split('/').reverse() as [string, string?];
  return {
    group,
    version,
    plural,
    kind,
    isNamespaced: !more.includes('cluster'),
    isCustom: more.includes('custom'),
  };
}

let made = 0;

/** An object with what an API server adds to each. */
export function stored(
  kind: string,
  name: string,
  namespace?: string,
  more: Partial<StoredObject['metadata']> = {},
): StoredObject {
  const resource = API_RESOURCES.find((one) => one.kind === kind)!;
  const { group, version } = resource;
  made++;
  return {
    apiVersion: group ? `${group}/${version}` : version,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      uid: `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`,
      managedFields: [{ manager: 'kubectl', operation: 'Update', fieldsV1: { 'f:spec': {} } }],
      ...more,
    },
    // Not in the order of the alphabet, in which kubectl prints keys.
    spec: { made, containers: [{ name: 'main', image: 'busybox' }] },
  };
}
