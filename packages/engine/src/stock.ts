/** The default profiles of container runtimes, as JSON text, as their owners write them. */
export { CONTAINERD_PROFILE } from './stock/generated/containerd.ts';
export { DOCKER_PROFILE } from './stock/generated/docker.ts';
export { PODMAN_PROFILE } from './stock/generated/podman.ts';
