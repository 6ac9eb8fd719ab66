import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { plainValue } from '@callgate/engine/internal/source/plain-value';
import { readDocuments } from '@callgate/engine/internal/source/read';
import { connectCluster } from '@callgate/operator';
import { type StoredObject, stored } from '@callgate/testing/api-resources';
import { ApiServer, type Rule } from '@callgate/testing/api-server';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, expect, it } from 'vitest';
import { apiClientFaults } from './machines/cluster/api-client-contract.ts';

const undo = new Undo();
afterAll(() => undo.run());

const OBJECTS: readonly StoredObject[] = [
  ...['default', 'kube-system', 'shop'].map((name) => stored('Namespace', name)),
  ...['one', 'two'].map((name) => stored('Node', name)),
  ...['runc', 'crun'].map((name) => stored('RuntimeClass', name)),
  ...Array.from({ length: 8 }, (_, i) => stored('Pod', `pod-${i}`, i % 2 ? 'shop' : 'kube-system')),
  ...['web', 'api'].map((name) => stored('Deployment', name, 'shop')),
  stored('DaemonSet', 'agent', 'kube-system'),
];

/** The first of the documented roles. */
function auditRole(): readonly Rule[] {
  const text = readFileSync(join(import.meta.dirname, '../docs/cluster-rbac.yaml'), 'utf8');
  return (plainValue(readDocuments(text, 'yaml').value![0]!) as { rules: readonly Rule[] }).rules;
}

/** The contract that test/machines runs on a real cluster; kubectl keeps the server here from being what only we believe in. */
describeWith(['openssl', 'kubectl'], "callgate's own client of the Kubernetes API", () => {
  it('sees of a server what kubectl sees of it', async () => {
    const start = (rules?: readonly Rule[]) => {
      const server = ApiServer.start(undo.folder(), OBJECTS, rules);
      undo.defer(async () => (await server).stop());
      return server;
    };
    const clientOf = async (server: ApiServer, user?: object) => {
      const kubeconfig = join(undo.folder(), 'config');
      writeFileSync(kubeconfig, JSON.stringify(server.kubeconfig(user)));
      const client = await connectCluster({ env: process.env, cwd: '/' }, { kubeconfig });
      undo.defer(() => client.close());
      return { client, kubeconfig };
    };
    const [open, audited, closed] = [await start(), await start(auditRole()), await start([])];
    const { file } = open.certificates;
    const certificate = { 'client-certificate': file('admin.crt'), 'client-key': file('admin.key') };
    const { client: admin, kubeconfig } = await clientOf(open, certificate);
    const home = undo.folder();
    const kubectl = async (...args: string[]) => {
      const env = { ...process.env, HOME: home, KUBECONFIG: kubeconfig };
      const { stdout } = await promisify(execFile)('kubectl', args, { env });
      return stdout;
    };
    const [{ client: auditor }, { client: stranger }] = [await clientOf(audited), await clientOf(closed)];
    expect(await apiClientFaults({ admin, auditor, stranger, kubectl })).toEqual([]);
    expect(open.asked.filter((path) => path.includes('limit=3&') || path.includes('limit=3'))).not.toEqual(
      [],
    );
  });
});
