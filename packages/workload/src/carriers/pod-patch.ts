import { DNS_LABEL, RELATIVE_PATH } from './answers.ts';
import type { Cargo, Carrier } from './carrier.ts';
import { nodeFile } from './node-file.ts';
import { resolvedNotes } from './oci.ts';
import { writeYaml } from './write-yaml.ts';

/** Kinds that hold pods: of which API, and the keys that lead from the object to the pod's template. */
const KINDS: Readonly<Record<string, readonly [apiVersion: string, ...path: string[]]>> = {
  Deployment: ['apps/v1', 'spec', 'template'],
  StatefulSet: ['apps/v1', 'spec', 'template'],
  DaemonSet: ['apps/v1', 'spec', 'template'],
  ReplicaSet: ['apps/v1', 'spec', 'template'],
  Job: ['batch/v1', 'spec', 'template'],
  CronJob: ['batch/v1', 'spec', 'jobTemplate', 'spec', 'template'],
  Pod: ['v1'],
};

/** What a carrier that changes a workload asks of it. */
export const WORKLOAD_QUESTIONS: NonNullable<Carrier['asks']> = {
  kind: {
    about: `what is changed: ${Object.keys(KINDS).join(', ')}`,
    usual: 'Deployment',
    form: {
      pattern: new RegExp(`^(?:${Object.keys(KINDS).join('|')})$`),
      words: Object.keys(KINDS).join(' or '),
    },
  },
  workload: { about: 'its name (without it: the name of the profile)', form: DNS_LABEL },
  namespace: { about: 'its namespace (without it: none is named)', form: DNS_LABEL },
};

/** A strategic merge patch that puts keys into the pods of the workload that the answers name, or of one with this name. */
export function workloadPatch(
  { kind, workload, namespace }: Cargo['answers'],
  name: string,
  pod: object,
): object {
  const [apiVersion, ...path] = KINDS[kind];
  const inner = path.reduceRight<object>((value, key) => ({ [key]: value }), pod);
  return { apiVersion, kind, metadata: { name: workload ?? name, namespace }, ...inner };
}

/** How people give such a patch to a cluster. */
export function appliedBy({ kind, workload, namespace }: Cargo['answers'], name: string): string {
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  return `applied by: kubectl patch ${kind.toLowerCase()} ${workload ?? name}${where} --patch-file ${name}.patch.yaml, or kustomize`;
}

export const podPatch: Carrier = {
  id: 'pod-patch',
  about: 'a strategic merge patch that sets the profile for all containers of a workload, and the file',
  enforcer: 'container runtime',
  asks: {
    ...WORKLOAD_QUESTIONS,
    path: {
      about: "the file in the kubelet's seccomp folder (without it: where --to daemonset puts it)",
      form: RELATIVE_PATH,
    },
  },
  write(cargo) {
    const { name, answers } = cargo;
    const file = nodeFile(cargo);
    const path = answers.path ?? file.path;
    const spec = { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: path } } };
    const patch = workloadPatch(answers, name, { spec });
    return {
      files: [
        { path: `${name}.patch.yaml`, content: writeYaml(patch) },
        { path: `seccomp/${path}`, content: file.text },
      ],
      holder: `seccomp/${path}`,
      notes: [
        appliedBy(answers, name),
        "seccomp/ is what belongs into the kubelet's seccomp folder of every node, first; --to daemonset does it",
        'containers that set a profile of their own keep it',
        ...resolvedNotes(cargo),
      ],
    };
  },
};
