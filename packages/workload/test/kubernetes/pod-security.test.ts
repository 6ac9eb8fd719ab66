import { documentsOf } from '@callgate/workload';
import { readDocument } from '@callgate/workload/internal/documents/read-document';
import { podsOf } from '@callgate/workload/internal/kubernetes/custom-pods';
import { objectsOf } from '@callgate/workload/internal/kubernetes/kube-object';
import { readPod } from '@callgate/workload/internal/kubernetes/pod';
import { seccompControl } from '@callgate/workload/internal/kubernetes/pod-security';
import { expect, it } from 'vitest';

/** A pod with containers a and b, of which each says what its line does. */
function pod(spec: { pod?: string; a?: string; b?: string; os?: string; annotations?: string }) {
  const context = (type?: string) => (type === undefined ? '{}' : `{seccompProfile: {type: ${type}}}`);
  const text = `apiVersion: v1
kind: Pod
metadata: {name: p, annotations: {${spec.annotations ?? ''}}}
spec:
  ${spec.os ? `os: {name: ${spec.os}}` : ''}
  securityContext: ${context(spec.pod)}
  initContainers: [{name: b, image: i, securityContext: ${context(spec.b)}}]
  containers: [{name: a, image: i, securityContext: ${context(spec.a)}}]
`;
  const [piece] = documentsOf(text);
  return readPod(objectsOf(readDocument(piece.text).tree).objects.flatMap(podsOf)[0]);
}

const MUST = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
const MUST_NOT = 'must not set securityContext.seccompProfile.type to "Unconfined"';

// Rows as upstream's own tests and the API server have them.
it.each([
  [{}, 'baseline', 'latest', undefined],
  [{}, 'restricted', 'latest', `pod or containers "b", "a" ${MUST}`],
  [{}, 'privileged', 'latest', undefined],
  [{ a: 'RuntimeDefault' }, 'restricted', 'latest', `pod or container "b" ${MUST}`],
  [{ pod: 'RuntimeDefault' }, 'restricted', 'latest', undefined],
  [{ a: 'Localhost', b: 'RuntimeDefault' }, 'restricted', 'latest', undefined],
  [{ pod: 'Unconfined', a: 'RuntimeDefault', b: 'RuntimeDefault' }, 'baseline', 'latest', `pod ${MUST_NOT}`],
  [{ pod: 'Unconfined', a: 'Unconfined' }, 'restricted', 'latest', `pod and container "a" ${MUST_NOT}`],
  [{ a: 'Unconfined', b: 'Unconfined' }, 'baseline', 'latest', `containers "b", "a" ${MUST_NOT}`],
  [{ os: 'windows' }, 'restricted', 25, undefined],
  [{ os: 'windows' }, 'restricted', 24, `pod or containers "b", "a" ${MUST}`],
  [{ pod: 'Unconfined' }, 'restricted', 18, undefined],
  [
    { annotations: 'seccomp.security.alpha.kubernetes.io/pod: unconfined' },
    'baseline',
    18,
    'forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined"',
  ],
  [
    { annotations: 'container.seccomp.security.alpha.kubernetes.io/a: docker/default' },
    'baseline',
    18,
    undefined,
  ],
] as const)('%j at %s of %s: %s', (spec, level, version, said) => {
  expect(seccompControl(pod(spec), level, version).violation).toBe(said && `seccompProfile (${said})`);
});
