import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { plainValue } from '@callgate/engine/internal/source/plain-value';
import { readDocuments } from '@callgate/engine/internal/source/read';
import { refusal, send, TOKEN } from '@callgate/testing/api-server';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, expect, it } from 'vitest';
import { AUDIT_KINDS } from '../../src/client/audit-kinds.ts';
import { auditRules, kubeletRules, type RbacRule } from '../../src/client/cluster-role.ts';
import { clusterObjects } from '../../src/client/cluster-view.ts';
import { kubeletSettings } from '../../src/client/kubelet-settings.ts';
import { all, faultOf, serve, someObjects } from './server.ts';

const undo = new Undo();
afterEach(() => undo.run());

const ROLES = readFileSync(join(import.meta.dirname, '../../../../docs/cluster-rbac.yaml'), 'utf8');
const [AUDIT, KUBELETS] = readDocuments(ROLES, 'yaml').value!.map(
  (document) => (plainValue(document) as { rules: readonly RbacRule[] }).rules,
);

it('the documented roles have the rules that the client needs', () => {
  expect(AUDIT).toEqual(auditRules());
  expect(KUBELETS).toEqual(kubeletRules());
});

describeWith(['openssl'], 'a cluster', () => {
  it('is seen whole, with the rights of the documented role', async () => {
    const { server, client } = await serve(undo, someObjects(), AUDIT);
    const found = await all(clusterObjects(await client(), { namespaces: 'all' }));
    const expected = server.objects.filter(
      ({ kind, metadata }) => (kind !== 'Secret' && metadata.name !== 'web-1') || kind === 'Pod',
    );
    expect(new Set(found.map(({ object }) => object.kind))).toEqual(
      new Set(AUDIT_KINDS.map(({ kind }) => kind)),
    );
    expect(found).toHaveLength(expected.length);
    for (const stored of expected) {
      const { managedFields: _, ...metadata } = stored.metadata;
      expect(found.map(({ object }) => object)).toContainEqual({ ...stored, metadata });
    }
  });

  it('is asked for nothing but what the role is for, and all of it', async () => {
    const { server, client } = await serve(undo);
    const cluster = await client();
    await all(clusterObjects(cluster, { namespaces: 'all' }));
    await all(clusterObjects(cluster, { namespaces: ['shop'] }));
    const rights = AUDIT!.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => [verb, group, resource].join(' '))),
      ),
    );
    expect([...new Set(server.used.map((right) => right.join(' ')))].sort()).toEqual(rights.sort());
    expect(server.written).toEqual([]);
  });

  it('gives each object with its path', async () => {
    const { client } = await serve(undo);
    const cluster = await client();
    for await (const { path, object } of clusterObjects(cluster, { namespaces: 'all' }))
      expect(await cluster.get(path), path).toMatchObject({
        kind: object.kind,
        metadata: { uid: (object.metadata as { uid: string }).uid },
      });
  });

  it('is seen in the namespaces that are asked for, and in no others', async () => {
    const { client } = await serve(undo);
    const found = await all(clusterObjects(await client(), { namespaces: ['tools'] }));
    expect(found.map(({ path }) => path)).toEqual([
      '/api/v1/namespaces/tools',
      '/api/v1/nodes/one',
      '/api/v1/nodes/two',
      '/apis/node.k8s.io/v1/runtimeclasses/crun',
      '/apis/security.openshift.io/v1/securitycontextconstraints/restricted-v2',
      '/apis/apps/v1/namespaces/tools/replicasets/bare',
      '/api/v1/namespaces/tools/pods/shell',
    ]);
  });

  it('is seen in the namespace of the context when none is named', async () => {
    const { server, client } = await serve(undo);
    expect(await faultOf(all(clusterObjects(await client())))).toBe('the cluster has no namespace "default"');
    expect(server.asked).toEqual(['/api/v1/namespaces/default']);
  });

  it.each(['..', 'A', 'a/b', '', 'x'.repeat(64), 'a?b'])('has no namespace %j', async (name) => {
    const { server, client } = await serve(undo);
    const fault = await faultOf(all(clusterObjects(await client(), { namespaces: [name] })));
    expect(fault).toMatch(/^".*" is no name of a namespace$/);
    expect(server.asked).toEqual([]);
  });

  it('is seen in part by who may see a part of it', async () => {
    const rules = [
      { apiGroups: [''], resources: ['pods', 'namespaces'], verbs: ['get', 'list'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] },
    ];
    const { client } = await serve(undo, someObjects(), rules);
    const unseen: string[] = [];
    const options = { namespaces: ['shop'], onUnseen: ({ message }: Error) => void unseen.push(message) };
    const found = await all(clusterObjects(await client(), options));
    expect(new Set(found.map(({ object }) => object.kind))).toEqual(
      new Set(['Namespace', 'Deployment', 'Pod']),
    );
    expect(unseen).toHaveLength(AUDIT_KINDS.length - 3);
    expect(unseen[0]).toBe('the user "tester" may not list nodes: this needs verbs [list] on nodes');
    await expect(all(clusterObjects(await client(), { namespaces: ['shop'] }))).rejects.toThrow(unseen[0]!);
  });

  it('says once for each namespace what cannot be seen there', async () => {
    const { server, client } = await serve(undo);
    const pods: string[] = [];
    const refuse = (request: IncomingMessage, response: ServerResponse) => {
      pods.push(request.url!);
      send(response, refusal(403, 'Forbidden', 'no'));
    };
    const cluster = await client();
    const unseen: string[] = [];
    const seen: string[] = [];
    const onUnseen = ({ message }: Error) => void unseen.push(message);
    for await (const { path } of clusterObjects(cluster, {
      namespaces: ['shop', 'tools', 'shop'],
      onUnseen,
    })) {
      seen.push(path);
      // What comes next is refused: the pods of the first namespace.
      if (path.endsWith('/jobs/web')) server.next.push(undefined, refuse);
    }
    expect(pods).toEqual(['/api/v1/namespaces/shop/pods?limit=250']);
    expect(unseen).toEqual([
      'the user "tester" may not list pods in namespace "shop": this needs verbs [list] on pods',
    ]);
    expect(seen).toContain('/api/v1/namespaces/tools/pods/shell');
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('is told of when it lacks what every cluster has', async () => {
    const { server, client } = await serve(undo);
    const unseen: string[] = [];
    const missing = (_: unknown, response: ServerResponse) =>
      send(response, refusal(404, 'NotFound', 'nothing'));
    server.next.push(undefined, missing);
    const onUnseen = ({ message }: Error) => void unseen.push(message);
    expect(await all(clusterObjects(await client(), { namespaces: ['shop'], onUnseen }))).not.toEqual([]);
    expect(unseen).toEqual(['the cluster does not serve v1 nodes, so that they are not seen']);
  });

  it('may lack what not every cluster has', async () => {
    const { server, client } = await serve(
      undo,
      someObjects().filter(({ apiVersion }) => !apiVersion.startsWith('security')),
      AUDIT,
    );
    expect(await all(clusterObjects(await client(), { namespaces: 'all' }))).not.toEqual([]);
    expect(server.asked.filter((path) => path.includes('security'))).toEqual([]);
  });
});

describeWith(['openssl'], 'a kubelet', () => {
  it('says whether containers without a profile get one', async () => {
    const { client } = await serve(undo, someObjects(), KUBELETS);
    const cluster = await client({ user: { token: TOKEN } });
    expect(await kubeletSettings(cluster, 'one')).toEqual({ node: 'one', seccompDefault: true });
    expect(await kubeletSettings(cluster, 'two')).toEqual({ node: 'two', seccompDefault: false });
    expect(await faultOf(kubeletSettings(cluster, '../../x'))).toBe('"../../x" is no name of a node');
  });

  it('is not asked by who may only audit', async () => {
    const { client } = await serve(undo, someObjects(), AUDIT);
    expect(await faultOf(kubeletSettings(await client(), 'one'))).toMatch(
      /needs verbs \[get\] on nodes\/proxy$/,
    );
  });
});
