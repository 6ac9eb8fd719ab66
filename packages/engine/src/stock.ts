/**
 * The default profiles of container runtimes, as JSON text for parseProfile, each of the newest release that is known: as
 * their owners write them; containerd's, which is Go code, in Docker's form.
 */
export { PROFILE as CONTAINERD_PROFILE } from './stock/generated/containerd-2.3.7.ts';
export { PROFILE as DOCKER_PROFILE } from './stock/generated/docker-29.4.3.ts';
export { PROFILE as PODMAN_PROFILE } from './stock/generated/podman-5.8.ts';
