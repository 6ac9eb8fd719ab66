import { ABSOLUTE_PATH, DNS_LABEL } from './answers.ts';
import type { Carrier } from './carrier.ts';
import { sizeLimits } from './configmap.ts';
import { INSTALL_SCRIPT } from './install-script.ts';
import { type NodeFile, nodeFile } from './node-file.ts';
import { resolvedNotes } from './oci.ts';
import { writeYamlDocuments } from './write-yaml.ts';

/** Where the container has the profile, and the node's folder. */
const PROFILE = '/profile';
const SECCOMP = '/seccomp';

type Answers = Readonly<Record<string, string>>;

function podSpec(name: string, file: NodeFile, { kubelet, image }: Answers): object {
  const [script, source] = [`${PROFILE}/install.sh`, `${PROFILE}/${name}.json`];
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    // Also where nothing else runs: a pod that needs the profile may.
    tolerations: [{ operator: 'Exists' }],
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'install',
        image,
        command: ['sh', script, source, SECCOMP, file.path, file.sum],
        readinessProbe: { exec: { command: ['test', '-f', `${SECCOMP}/${file.path}`] }, periodSeconds: 5 },
        resources: { requests: { cpu: '1m', memory: '4Mi' }, limits: { memory: '32Mi' } },
        securityContext: {
          // The folder belongs to root; no capability is needed to write there.
          runAsUser: 0,
          runAsGroup: 0,
          privileged: false,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'profile', mountPath: PROFILE, readOnly: true },
          { name: 'seccomp', mountPath: SECCOMP },
        ],
      },
    ],
    volumes: [
      { name: 'profile', configMap: { name: file.version } },
      { name: 'seccomp', hostPath: { path: `${kubelet}/seccomp`, type: 'DirectoryOrCreate' } },
    ],
  };
}

export const daemonset: Carrier = {
  id: 'daemonset',
  about: 'a ConfigMap, and a DaemonSet that puts the file on every node',
  enforcer: 'container runtime',
  asks: {
    namespace: {
      about: 'the namespace; it must let pods mount folders of the node',
      usual: 'kube-system',
      form: DNS_LABEL,
    },
    kubelet: { about: "the kubelet's folder on the nodes", usual: '/var/lib/kubelet', form: ABSOLUTE_PATH },
    image: {
      about: 'an image with sh, cp, mv, sync, find and sha256sum',
      usual: 'busybox:1.37',
      form: { pattern: /^[\w][\w.:/@-]{0,300}$/, words: 'a reference of an image' },
    },
  },
  write(cargo) {
    const { name, answers } = cargo;
    const { namespace } = answers;
    const file = nodeFile(cargo);
    const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'seccomp-profile' };
    const content = writeYamlDocuments([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: file.version, namespace, labels },
        immutable: true,
        data: { [`${name}.json`]: file.text, 'install.sh': INSTALL_SCRIPT },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name, namespace, labels },
        spec: {
          selector: { matchLabels: labels },
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } },
          template: { metadata: { labels }, spec: podSpec(name, file, answers) },
        },
      },
    ]);
    return {
      files: [{ path: `${name}.yaml`, content }],
      notes: [
        `pods name it as localhostProfile: ${file.path}`,
        'files stay on the nodes when the DaemonSet goes, because pods that run may start again',
        ...resolvedNotes(cargo),
      ],
      limits: sizeLimits(cargo.profile.defaultAction.span, file.text + INSTALL_SCRIPT),
    };
  },
};
