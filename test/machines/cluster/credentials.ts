import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { API_ADDRESS, NODES, STATE } from './places.ts';
import { runTool } from './programs.ts';

/** For kubectl, Helm and whatever else speaks to the API server, with all rights. */
export const ADMIN = join(STATE, 'admin.conf');

/** What the members of the cluster prove themselves with, in one folder. */
export interface Certificates {
  file(name: string): string;
}

export async function makeCertificates(kubernetes: string): Promise<Certificates> {
  const folder = join(STATE, 'certificates');
  mkdirSync(folder);
  const addresses = [API_ADDRESS, NODES[0].address, '127.0.0.1'].join(',');
  const nodes = NODES.map(({ name }) => name).join(',');
  const options = [`--folder=${folder}`, `--addresses=${addresses}`, `--nodes=${nodes}`];
  await runTool([kubernetes, 'certificates', ...options]);
  return { file: (name) => join(folder, name) };
}

/** Says where the API server is, and that `user` asks. */
export function writeKubeconfig(path: string, certificates: Certificates, user: string): void {
  const name = 'callgate';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user } }],
    clusters: [
      {
        name,
        cluster: {
          server: `https://${NODES[0].address}`,
          'certificate-authority': certificates.file('ca.crt'),
        },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate': certificates.file(`${user}.crt`),
          'client-key': certificates.file(`${user}.key`),
        },
      },
    ],
  };
  writeFileSync(path, JSON.stringify(config));
  chmodSync(path, 0o600);
}
