import { DNS_LABEL } from './answers.ts';
import type { Carrier, Shipment } from './carrier.ts';
import { limit } from './limit.ts';
import { ociText, resolvedNotes } from './oci.ts';
import { utf8Bytes } from './utf8.ts';
import { writeYaml } from './write-yaml.ts';

/** What the API server takes of a ConfigMap's data. */
const MOST_BYTES = 1024 * 1024;

export const configmap: Carrier = {
  id: 'configmap',
  about: 'a ConfigMap with the file; nothing puts it on the nodes by itself (see daemonset)',
  enforcer: 'container runtime',
  asks: { namespace: { about: 'the namespace', usual: 'default', form: DNS_LABEL } },
  write(cargo) {
    const { name, answers } = cargo;
    const text = ociText(cargo);
    const document = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: answers.namespace },
      data: { [`${name}.json`]: text },
    };
    return {
      files: [{ path: `${name}.yaml`, content: writeYaml(document) }],
      notes: [
        'no kubelet reads profiles from a ConfigMap: something has to write the file on each node',
        ...resolvedNotes(cargo),
      ],
      limits: sizeLimits(cargo.profile.defaultAction.span, text),
    };
  },
};

/** What is told of a profile that no ConfigMap takes. */
export function sizeLimits(place: { start: number; end: number }, text: string): Shipment['limits'] {
  const size = utf8Bytes(text).length;
  return size > MOST_BYTES
    ? [limit(`a ConfigMap holds ${MOST_BYTES} bytes, the profile has ${size}`, place)]
    : [];
}
