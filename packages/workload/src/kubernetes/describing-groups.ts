/** Groups whose objects speak of pods, but make none, with those below them: policies, definitions, machines. */
const DESCRIBING = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'gatekeeper.sh',
  'kubescape.io',
  'kubevirt.io',
  'kustomize.config.k8s.io',
  'kyverno.io',
  'policies.kubewarden.io',
  'policy',
  'security-profiles-operator.x-k8s.io',
  'security.openshift.io',
];

/** Whether objects of a group, such as policies.kyverno.io, describe pods and make none. */
export function describesPods(group: string): boolean {
  return DESCRIBING.some((one) => group === one || group.endsWith(`.${one}`));
}

/** What is for a chart to read; that it looks like a pod says nothing of the pods that come of it. */
const CHART_VALUES = ['values', 'valuesObject', 'valuesInline'];
/** Groups whose objects have charts rendered. */
const CHART_GROUPS = [
  'argoproj.io',
  'apps.open-cluster-management.io',
  'fleet.cattle.io',
  'helm.crossplane.io',
  'helm.m.crossplane.io',
  'helm.toolkit.fluxcd.io',
];

/** Whether what stands under a key, in an object of a group, are the values of a chart. */
export function isChartValues(group: string, key: string): boolean {
  return CHART_VALUES.includes(key) && CHART_GROUPS.includes(group);
}
