import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import { DNS_LABEL, RELATIVE_PATH } from './answers.ts';
import type { Carrier } from './carrier.ts';
import { resolvedNotes } from './oci.ts';
import { resourceForm } from './resource-form.ts';
import { writeYaml } from './write-yaml.ts';

export const kubescape: Carrier = {
  id: 'kubescape',
  about: "Kubescape's SeccompProfile: a profile and a path for a container, put on the nodes by its agent",
  enforcer: 'container runtime',
  asks: {
    namespace: { about: 'the namespace of the resource', usual: 'default', form: DNS_LABEL },
    container: { about: 'the container that it is for (without it: the name)', form: DNS_LABEL },
    path: {
      about: "the file in the kubelet's seccomp folder (without it: NAMESPACE/NAME-CONTAINER.json)",
      form: RELATIVE_PATH,
    },
  },
  write(cargo) {
    const { name, profile, target, answers } = cargo;
    const { namespace, container = name } = answers;
    const path = answers.path ?? `${namespace}/${name}-${container}.json`;
    const { spec, limits } = resourceForm(ociForm(profile, target), "Kubescape's SeccompProfile");
    const document = {
      apiVersion: 'spdx.softwarecomposition.kubescape.io/v1beta1',
      kind: 'SeccompProfile',
      metadata: { name, namespace },
      spec: { containers: [{ name: container, path, spec }] },
    };
    return {
      files: [{ path: `${name}.yaml`, content: writeYaml(document) }],
      notes: [`pods name it as localhostProfile: ${path}`, ...resolvedNotes(cargo)],
      limits,
    };
  },
};
