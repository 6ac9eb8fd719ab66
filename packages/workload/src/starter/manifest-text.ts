/** What a pod has to say so that it runs under a profile of its node. */
export interface Manifest {
  readonly name: string;
  readonly image: string;
  readonly localhostProfile: string;
}

/** A Deployment whose pods run under the profile, and pass Pod Security's level restricted. */
export function manifestText({ name, image, localhostProfile }: Manifest): string {
  return `# Apply ${name}-seccomp.yaml first: the profile has to be on the node when the pod starts.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        # Every container of the pod, and what is put into it later.
        seccompProfile:
          type: Localhost
          # From the folder "seccomp" of the kubelet; the name changes with the profile.
          localhostProfile: ${localhostProfile}
      containers:
        - name: ${name}
          image: ${JSON.stringify(image)}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
`;
}
