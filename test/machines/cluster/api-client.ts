/** Asks the cluster by callgate's own client, and prints what is wrong with that as JSON. Runs in the network of a node. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectCluster } from '@callgate/operator';
import { apiClientFaults } from './api-client-contract.ts';
import { ADMIN } from './credentials.ts';
import { STATE } from './places.ts';
import { runTool } from './programs.ts';

const ROLES = join(import.meta.dirname, '../../../docs/cluster-rbac.yaml');
const ACCOUNTS = ['auditor', 'stranger'] as const;
const [clients = ''] = process.argv.slice(2);
const around = { env: process.env, cwd: STATE };
const kubectl = (...args: string[]) => runTool([join(clients, 'kubectl'), `--kubeconfig=${ADMIN}`, ...args]);

await kubectl('apply', '-f', ROLES);
for (const account of ACCOUNTS) {
  const made = await kubectl('create', 'serviceaccount', account, '--dry-run=client', '-o', 'json');
  await runTool([join(clients, 'kubectl'), `--kubeconfig=${ADMIN}`, 'apply', '-f', '-'], { input: made });
}
const bound = [
  '--clusterrole=callgate-audit',
  '--serviceaccount=default:auditor',
  '--dry-run=client',
  '-o',
  'json',
];
const binding = await kubectl('create', 'clusterrolebinding', 'callgate-audit', ...bound);
await runTool([join(clients, 'kubectl'), `--kubeconfig=${ADMIN}`, 'apply', '-f', '-'], { input: binding });

const admin = await connectCluster(around, { kubeconfig: ADMIN });
const [auditor, stranger] = await Promise.all(ACCOUNTS.map(clientOf));
console.log(
  JSON.stringify(await apiClientFaults({ admin, auditor: auditor!, stranger: stranger!, kubectl })),
);
for (const client of [admin, auditor!, stranger!]) client.close();

/** A client that proves itself with a token of the account. */
async function clientOf(account: string) {
  const config = JSON.parse(readFileSync(ADMIN, 'utf8'));
  const token = (await kubectl('create', 'token', account)).trim();
  const [{ name }] = config.users;
  const kubeconfig = join(STATE, `${account}.conf`);
  writeFileSync(kubeconfig, JSON.stringify({ ...config, users: [{ name, user: { token } }] }), {
    mode: 0o600,
  });
  return connectCluster(around, { kubeconfig });
}
