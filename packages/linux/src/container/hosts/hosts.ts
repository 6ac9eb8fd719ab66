import type { ContainerHost, ContainerHostName } from '../container-host.ts';
import { crun, runc } from './bundles.ts';
import { containerd } from './containerd.ts';
import { docker } from './docker.ts';
import { host } from './host.ts';
import { podman } from './podman.ts';

const HOSTS: readonly ContainerHost[] = [host, docker, podman, containerd, runc, crun];

/** Starts containers with that engine or runtime; ask `unavailable()` first whether it can. */
export function containerHost(name: ContainerHostName): ContainerHost {
  return HOSTS.find((host) => host.name === name)!;
}
