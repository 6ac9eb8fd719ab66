import { join } from 'node:path';
import { kubectl } from './client.ts';
import { type Certificates, writeKubeconfig } from './credentials.ts';
import { onNode } from './namespaces.ts';
import { NODES, STATE } from './places.ts';
import { type Program, refuseEnded, startProgram } from './programs.ts';
import { until } from './until.ts';

const START_MS = 60_000;
const SERVICES = '10.96.0.0/16';

/** Starts etcd, the API server and, once that answers, what acts on its objects. */
export async function startControlPlane(
  kubernetes: string,
  clients: string,
  certificates: Certificates,
): Promise<readonly Program[]> {
  const start = (program: string, options: readonly string[]) =>
    startProgram(program, onNode(NODES[0], [kubernetes, program, ...options]), join(STATE, `${program}.log`));
  const served = [
    start('etcd', [`--data-dir=${join(STATE, 'etcd')}`]),
    start('kube-apiserver', apiServerOptions(certificates)),
  ];
  await until('the API server is ready', START_MS, async () => {
    refuseEnded(served);
    return (await kubectl(clients, ['get', '--raw', '/readyz'])) === 'ok';
  });
  const acting = ['kube-controller-manager', 'kube-scheduler'].map((program) => {
    const config = join(STATE, `${program}.conf`);
    writeKubeconfig(config, certificates, program);
    const own = program === 'kube-controller-manager' ? controllerOptions(certificates) : [];
    const asks = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'];
    return start(program, [...asks.map((flag) => `--${flag}=${config}`), '--leader-elect=false', ...own]);
  });
  return [...served, ...acting];
}

function apiServerOptions({ file }: Certificates): string[] {
  return [
    '--etcd-servers=http://127.0.0.1:2379',
    `--advertise-address=${NODES[0].address}`,
    '--secure-port=443',
    `--service-cluster-ip-range=${SERVICES}`,
    `--tls-cert-file=${file('kube-apiserver.crt')}`,
    `--tls-private-key-file=${file('kube-apiserver.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-client-certificate=${file('kubelet-client.crt')}`,
    `--kubelet-client-key=${file('kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--requestheader-client-ca-file=${file('ca.crt')}`,
    '--requestheader-allowed-names=front-proxy',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${file('front-proxy.crt')}`,
    `--proxy-client-key-file=${file('front-proxy.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('service-accounts.key')}`,
    `--service-account-signing-key-file=${file('service-accounts.key')}`,
    // Webhooks are asked at the address of their pod: nobody routes those of services.
    '--enable-aggregator-routing=true',
    '--allow-privileged=true',
  ];
}

function controllerOptions({ file }: Certificates): string[] {
  return [
    `--root-ca-file=${file('ca.crt')}`,
    `--cluster-signing-cert-file=${file('ca.crt')}`,
    `--cluster-signing-key-file=${file('ca.key')}`,
    `--service-account-private-key-file=${file('service-accounts.key')}`,
    '--use-service-account-credentials=true',
  ];
}
