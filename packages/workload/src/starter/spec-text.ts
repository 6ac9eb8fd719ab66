import type { StarterPlan } from './starter.ts';

/** What `callgate test` tries in a container: that the application works, and that attacks do not. */
export function specText({ name, image }: StarterPlan & { readonly image: string }): string {
  return `# callgate test tests/seccomp/${name}.yaml
# Starts the image with the profile and without it, and says what the profile alone has stopped.
engine: docker
image: ${JSON.stringify(image)}
profile: ../../profiles/${name}.json
options: [] # of docker run, such as [--cap-add, NET_ADMIN]

functions: # that it still works; say here what your users would miss
  - name: it keeps running
    alive: 5s
  # - name: it answers
  #   http: "http://127.0.0.1:8080/"
  #   status: 200
  # - name: its own command works
  #   run: [/bin/app, --version]
  #   exit: 0

security: # that it cannot be abused
  - attack: mount
  - attack: user-namespace
  - attack: other-process # reads and changes the memory of others
  - attack: bpf
  - attack: kernel-module
  - default: docker # nothing passes that Docker's own default stops
`;
}
