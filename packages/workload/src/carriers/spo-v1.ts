import type { Diagnostic } from '@callgate/engine';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import { quote } from '@callgate/engine/internal/source/tree';
import type { Carrier } from './carrier.ts';
import { limit } from './limit.ts';
import { resolvedNotes } from './oci.ts';
import { resourceForm } from './resource-form.ts';
import { writeYaml } from './write-yaml.ts';

const WHO = 'a SeccompProfile of the Security Profiles Operator';
const MOST_ERRNO = 4095;
const MOST_CONDITIONS = 6;
/** api/seccompprofile/v1: the only sockets that the operator lets a profile name. */
const LISTENER = /^\/var\/run\/security-profiles-operator\/[\w.-]{1,107}$/;
const LONGEST_LISTENER = 107;
/** libseccomp's architectures that the resource's list of them lacks. */
const NO_ARCHITECTURES = ['SCMP_ARCH_LOONGARCH64', 'SCMP_ARCH_M68K', 'SCMP_ARCH_SH', 'SCMP_ARCH_SHEB'];

/** What its definition refuses beyond what no custom resource holds. */
function refusals({ architectures, rules, listenerPath }: Profile): Diagnostic[] {
  const listener = listenerPath?.value;
  return [
    ...architectures
      .filter(({ value }) => NO_ARCHITECTURES.includes(value))
      .map(({ value, span }) => limit(`${WHO} has no architecture ${quote(value)}`, span)),
    ...rules
      .filter(({ errnoRet }) => errnoRet && errnoRet.value > MOST_ERRNO)
      .map(({ errnoRet }) => limit(`${WHO} takes an errno up to ${MOST_ERRNO}`, errnoRet!.span)),
    ...rules
      .filter(({ conditions }) => conditions.length > MOST_CONDITIONS)
      .map(({ conditions }) =>
        limit(
          `${WHO} takes ${MOST_CONDITIONS} conditions a rule, this one has more`,
          conditions[MOST_CONDITIONS].span,
        ),
      ),
    ...(listener && !(listener.length <= LONGEST_LISTENER && LISTENER.test(listener))
      ? [
          limit(
            `${WHO} takes no listener but in /var/run/security-profiles-operator, not ${quote(listener)}`,
            listenerPath.span,
          ),
        ]
      : []),
  ];
}

export const spoV1: Carrier = {
  id: 'spo-v1',
  about: 'SeccompProfile of the Security Profiles Operator, v1, for the whole cluster',
  enforcer: 'container runtime',
  write(cargo) {
    const { name, profile, target } = cargo;
    const plain = ociForm(profile, target);
    const { spec, limits } = resourceForm(plain, WHO);
    const document = {
      apiVersion: 'security-profiles-operator.x-k8s.io/v1',
      kind: 'SeccompProfile',
      metadata: { name },
      spec: { state: 'Enabled', ...spec },
    };
    return {
      files: [{ path: `${name}.yaml`, content: writeYaml(document) }],
      notes: [
        `pods name it as localhostProfile: operator/${name}.json`,
        'operators before v1 have it as v1beta1, in a namespace, with operator/NAMESPACE/NAME.json',
        ...resolvedNotes(cargo),
      ],
      limits: [...limits, ...refusals(plain)],
    };
  },
};
