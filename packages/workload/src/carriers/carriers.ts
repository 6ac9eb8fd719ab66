import { bpf } from './bpf.ts';
import { bubblewrap } from './bubblewrap.ts';
import { c } from './c.ts';
import type { Carrier } from './carrier.ts';
import { compose } from './compose.ts';
import { configmap } from './configmap.ts';
import { crioAnnotation } from './crio-annotation.ts';
import { daemonset } from './daemonset.ts';
import { docker } from './docker.ts';
import { dockerRun } from './docker-run.ts';
import { kubescape } from './kubescape.ts';
import { LIST_CARRIERS } from './list-carriers.ts';
import { oci } from './oci.ts';
import { ociArtifact } from './oci-artifact.ts';
import { podPatch } from './pod-patch.ts';
import { podman } from './podman.ts';
import { podmanLabel } from './podman-label.ts';
import { spoV1 } from './spo-v1.ts';
import { talos } from './talos.ts';

/** Every way in which profiles travel, in the order of a list: files, clusters, engines, filters, other sandboxes. */
export const CARRIERS: readonly Carrier[] = [
  ...[oci, docker, podman],
  ...[spoV1, kubescape, talos, configmap, daemonset, podPatch, crioAnnotation, ociArtifact],
  ...[compose, dockerRun, podmanLabel],
  ...[bpf, c, bubblewrap],
  ...LIST_CARRIERS,
];
