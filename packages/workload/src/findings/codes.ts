/** What an audit may find, and what each means. */
export const AUDIT_CODES = {
  unconfined:
    'The container runs without a seccomp filter: nothing names a profile for it, or it is named Unconfined. It may make every system call of the kernel.',
  'privileged-unconfined':
    'Privileged containers run without a seccomp filter, whatever profile is named for them.',
  'wrong-level':
    'The field stands where Kubernetes does not look for it. Strict validation, which kubectl and Helm ask for, refuses it; whoever does not ask loses it silently, so that the container runs as if it were not there.',
  'misspelt-field':
    'The field is spelled in another way than the API has it; capital letters count. Strict validation refuses it, and otherwise it is dropped silently.',
  'wrong-type-of-field':
    'The value is of another type than the API has for the field, so the API server refuses the object in every validation mode.',
  'unknown-type':
    'seccompProfile.type is none of RuntimeDefault, Localhost and Unconfined, so the API server refuses the object.',
  'incomplete-profile': 'A seccompProfile without a type is refused.',
  'bad-localhost-profile':
    'localhostProfile names a file relative to the folder seccomp of the kubelet; it must be there for type Localhost, and for no other.',
  'contradicting-fields': 'Two fields contradict each other, so the API server refuses the object.',
  'invalid-containers':
    'The containers of a pod are a list, and each has an image and a name that no other has.',
  'windows-profile': 'A seccomp profile cannot be set for a pod whose spec.os is windows.',
  'repeated-key':
    'A map has the same key twice. kubectl and Helm silently take the last one; kustomize and the API server refuse it.',
  'merged-over-key':
    'What is merged with << stands behind a key of the same name. For kubectl the later one wins, for kustomize and by the definition of YAML the key does.',
  'word-boolean': 'Kubernetes reads YAML 1.1, where yes, no, on and off are booleans.',
  'annotation-ignored':
    'The annotations that named seccomp profiles do nothing since Kubernetes 1.27; the field seccompProfile took their place in 1.19.',
  'annotation-contradicts':
    'The annotation and the field name different profiles, so the API server refuses the pod, though nothing reads the annotation any more.',
  'annotation-invalid':
    'The annotations of old are still validated: a value that names no profile makes the object invalid.',
  'pod-security':
    'The seccomp control of the Pod Security Standards, which the namespace demands, is not met.',
  'pod-unconfined':
    'The pod names Unconfined, which no container of it inherits; Pod Security refuses it all the same, and what is injected or added for debugging would inherit it.',
  'namespace-label':
    'A label of Pod Security is misspelt. A value or version that it does not know is refused; a key that it does not know enforces nothing, without a word.',
  'capability-widens':
    'The default profile of a runtime lets more calls pass where the container has certain capabilities in its bounding set, whether or not the process can use them.',
  'capability-unknown': 'The runtime knows no capability of that spelling.',
  'escalation-allowed':
    'Without allowPrivilegeEscalation: false the runtime loads the filter before it has given up its own rights, so that the profile must allow what the runtime does then.',
  'list-in-list': 'kubectl takes no List inside a List.',
  'ephemeral-in-manifest':
    'Ephemeral containers are added to a running pod (kubectl debug); the API server refuses an object that is created with them.',
  'operator-decides': 'Which profile the containers have is for the operator of the kind to say.',
  'localhost-unseen':
    'Nothing in Kubernetes opens the file of a Localhost profile before the container starts; neither does this audit unless it is given the folder.',
  'localhost-missing':
    'The file of the profile is not where the kubelet looks for it, so the container does not start.',
  'localhost-unreadable': 'The runtime cannot read the file of the profile, so the container does not start.',
  'localhost-no-filter':
    'The file loads as no filter: it is JSON, but no profile, and the runtime starts the container without one.',
  'localhost-refused': 'The runtime refuses what the file says, so the container does not start.',
  'localhost-cannot-start': 'Under the profile the runtime itself cannot finish starting the container.',
  'localhost-looser': 'The profile lets calls pass that the default of the runtime denies.',
  'localhost-drops-keys':
    'The runtime reads the file as the OCI specification has it and drops keys of Docker and Podman without a word.',
  'scc-refuses': 'The security context constraint does not admit the profile.',
  'static-pod':
    'Static pods are run by the kubelet from files: nobody validates them strictly, Pod Security sees only their mirror, and what is wrong with them only the log of the kubelet tells.',
  'runtime-reads-annotations':
    'This release of Podman reads the annotations of Kubernetes YAML and not the field seccompProfile.',
  'option-refused': 'The engine refuses the option, so the container is not created.',
  'option-overridden': 'Several seccomp options stand there; the last one counts.',
  'not-read': 'The document cannot be read, so nothing is said of what it holds.',
} as const;
export type AuditCode = keyof typeof AUDIT_CODES;

/** What other auditors call what a code is about. Sources: the documentation of each. */
export const RELATED: Readonly<Partial<Record<AuditCode, readonly string[]>>> = {
  unconfined: [
    'C-0055',
    'C-0210',
    'KSV-0030',
    'KSV-0104',
    'CKV_K8S_31',
    'restrict-seccomp',
    'restrict-seccomp-strict',
    'K8sPSPSeccompV2',
    'container-seccomp-profile',
    'CONTAINERS_INCORRECT_SECCOMP_PROFILE',
    'SeccompProfileMissing',
  ],
  'pod-unconfined': ['KSV-0104', 'restrict-seccomp'],
  'annotation-ignored': ['CKV_K8S_31', 'SeccompProfileMissing'],
  'pod-security': ['restrict-seccomp', 'restrict-seccomp-strict', 'KSV-0030'],
};
