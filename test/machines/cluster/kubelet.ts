import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Certificates, writeKubeconfig } from './credentials.ts';
import { onNode } from './namespaces.ts';
import { CGROUP, type Place } from './places.ts';
import { type Program, startProgram } from './programs.ts';

/** Starts the kubelet of a node, which tells the API server that there is one. */
export function startKubelet(place: Place, kubernetes: string, certificates: Certificates): Program {
  const { name, address, folder } = place;
  const config = join(folder, 'kubelet.json');
  writeFileSync(config, JSON.stringify(configuration(name, certificates)));
  const kubeconfig = join(folder, 'kubelet.conf');
  writeKubeconfig(kubeconfig, certificates, `kubelet-${name}`);
  const options = [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${name}`,
    `--node-ip=${address}`,
  ];
  const command = onNode(place, [kubernetes, 'kubelet', ...options]);
  return startProgram(`kubelet of ${name}`, command, join(folder, 'kubelet.log'));
}

function configuration(node: Place['name'], certificates: Certificates): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    authentication: { x509: { clientCAFile: certificates.file('ca.crt') } },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${CGROUP}/${node}`,
    failCgroupV1: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    clusterDomain: 'cluster.local',
    // Nobody answers there, but a pod with no server for names is refused.
    clusterDNS: ['10.96.0.10'],
    resolvConf: '',
    // That this machine's disk is full is no reason to evict pods.
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '1Mi', 'imagefs.available': '1Mi' },
    imageGCHighThresholdPercent: 100,
  };
}
