const ALLOW_EVERYTHING = '{"defaultAction":"SCMP_ACT_ALLOW"}';

/**
 * What runtimes load when nobody says otherwise, as text, by name; `none` is what a container without a filter has. Each is
 * loaded when it is asked for.
 */
export const STOCK_PROFILES: Readonly<Record<string, () => Promise<string>>> = {
  docker: async () => (await import('./generated/docker.ts')).DOCKER_PROFILE,
  podman: async () => (await import('./generated/podman.ts')).PODMAN_PROFILE,
  containerd: async () => (await import('./generated/containerd.ts')).CONTAINERD_PROFILE,
  none: async () => ALLOW_EVERYTHING,
};
