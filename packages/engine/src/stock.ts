/**
 * The default profiles of container runtimes, as JSON text for parseProfile: as their owners write them; containerd's, which
 * is Go code, in Docker's form.
 */
export { CONTAINERD_PROFILE } from './stock/generated/containerd.ts';
export { DOCKER_PROFILE } from './stock/generated/docker.ts';
export { PODMAN_PROFILE } from './stock/generated/podman.ts';
