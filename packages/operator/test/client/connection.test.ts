import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TOKEN } from '@callgate/testing/api-server';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import { findConnection } from '../../src/client/connection.ts';
import { credentialOf } from '../../src/client/credential.ts';
import { ownCluster } from '../../src/client/in-cluster.ts';
import { faultOf, serve } from './server.ts';

const undo = new Undo();
afterEach(() => undo.run());

let folder: string;
beforeEach(() => {
  folder = undo.folder();
});

/** What it says when it is asked for a connection with that kubeconfig in the usual place. */
function connect(kubeconfig: object | undefined, choice = {}, env: Record<string, string> = {}) {
  if (kubeconfig) {
    mkdirSync(join(folder, '.kube'), { recursive: true });
    writeFileSync(join(folder, '.kube/config'), JSON.stringify(kubeconfig));
  }
  return findConnection({ env: { HOME: folder, ...env }, cwd: folder }, choice);
}

const config = (cluster: object, user: object = {}) => ({
  'current-context': 'x',
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  clusters: [{ name: 'c', cluster }],
  users: [{ name: 'u', user }],
});

it('is of the current context', async () => {
  const connection = await connect(
    config(
      { server: 'https://one.test:6443/k8s/c-1/' },
      { as: 'jane', 'as-groups': ['a', 'b'], 'as-user-extra': { 'a/b': ['c'] } },
    ),
  );
  expect(connection.server.href).toBe('https://one.test:6443/k8s/c-1');
  expect(connection).toMatchObject({
    namespace: 'shop',
    who: 'the user "u"',
    headers: {
      'impersonate-user': 'jane',
      'impersonate-group': ['a', 'b'],
      'impersonate-extra-a%2Fb': ['c'],
    },
  });
});

it.each([
  [{}, 'the cluster has no server'],
  [{ server: 'ftp://x' }, 'the server "ftp://x" is no address that begins with https://'],
  [{ server: 'https://' }, 'the server "https://" is no address that begins with https://'],
  [{ server: 'http://10.0.0.1' }, 'the server "http://10.0.0.1" is asked over https:// only'],
  [
    { server: 'https://x', 'proxy-url': 'http://y' },
    'proxy-url is not supported; kubectl proxy gives a server without it',
  ],
  [
    {
      server: 'https://x',
      'certificate-authority-data': btoa('-----BEGIN CERTIFICATE'),
      'insecure-skip-tls-verify': true,
    },
    'certificate-authority and insecure-skip-tls-verify exclude each other: remove one',
  ],
  [
    { server: 'https://x', 'certificate-authority-data': 'eHh4' },
    'the certificate-authority is no PEM, which begins with -----BEGIN',
  ],
])('of %j comes to nothing', async (cluster, fault) => {
  expect(await faultOf(connect(config(cluster)))).toBe(`${folder}/.kube/config: ${fault}`);
});

it('may be missing, and what to do is said', async () => {
  expect(await faultOf(connect(undefined))).toBe(
    'no cluster is known: KUBECONFIG, or else ~/.kube/config, has to name one',
  );
  expect(await faultOf(connect(undefined, { kubeconfig: 'not-there' }))).toBe(
    `cannot read ${folder}/not-there, a kubeconfig: there is no such file`,
  );
  expect(await faultOf(connect(undefined, { kubeconfig: '.' }))).toBe(
    `cannot read ${folder}, a kubeconfig: it is no regular file`,
  );
  expect(await faultOf(connect(undefined, { kubeconfig: '/dev/zero' }))).toMatch(/it is no regular file$/);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  expect(await faultOf(connect(undefined, { kubeconfig: 'pipe' }))).toMatch(/it is no regular file$/);
  const nothingCurrent = { ...config({ server: 'https://x' }), 'current-context': '' };
  expect(await faultOf(connect(nothingCurrent))).toBe(
    'the kubeconfig has no current-context: name one; there are "x"',
  );
  expect(await faultOf(connect(nothingCurrent, { context: 'y' }))).toBe(
    'there is no context "y"; there are "x"',
  );
  expect((await connect(nothingCurrent, { context: 'x' })).who).toBe('the user "u"');
  expect(await faultOf(connect({ ...config({}), users: [] }))).toBe(
    `${folder}/.kube/config: contexts "x" names the user "u", who is nowhere`,
  );
  expect(await faultOf(connect({ ...config({}), clusters: [] }))).toBe(
    `${folder}/.kube/config: contexts "x" names the cluster "c", which is nowhere`,
  );
  const missing = config({ server: 'https://x', 'certificate-authority': 'ca.crt' });
  expect(await faultOf(connect(missing))).toBe(
    `cannot read ${folder}/.kube/ca.crt, the certificate-authority: there is no such file`,
  );
});

it('may be to what kubectl proxy serves on this machine', async () => {
  const server = createServer(
    (request, response) => void response.end(JSON.stringify({ path: request.url })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.defer(() => server.close());
  const { port } = server.address() as AddressInfo;
  const client = new ApiClient(await connect(config({ server: `http://127.0.0.1:${port}/prefix` })));
  undo.defer(() => client.close());
  expect(await client.get('/api/v1/nodes')).toEqual({ path: '/prefix/api/v1/nodes' });
});

describeWith(['openssl'], 'who asks', () => {
  it('is known by a token, a file with one, a certificate, or as somebody else', async () => {
    const { server, client } = await serve(undo);
    const data = (name: string) => readFileSync(server.certificates.file(name)).toString('base64');
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, `${TOKEN}\n`);
    const certificates = {
      'client-certificate': server.certificates.file('admin.crt'),
      'client-key-data': data('admin.key'),
      'client-key': '/not/there',
    };
    for (const user of [
      { token: TOKEN },
      { tokenFile, token: 'stale' },
      { tokenFile: '/not/there', token: TOKEN },
      certificates,
    ])
      expect(await (await client({ user })).get('/api/v1/nodes'), JSON.stringify(user)).toMatchObject({
        kind: 'NodeList',
      });
    const headers: unknown[] = [];
    server.next.push((request, response) => {
      headers.push(
        request.headers.authorization,
        request.rawHeaders.filter((_, i, all) => all[i - 1]?.toLowerCase() === 'impersonate-group'),
      );
      response.end('{}');
    });
    await (await client({ user: { username: 'bob', password: 'ü:x', 'as-groups': ['a', 'b'] } })).get(
      '/api/v1/nodes',
    );
    expect(headers).toEqual([`Basic ${Buffer.from('bob:ü:x').toString('base64')}`, ['a', 'b']]);
  });

  it('is told what is wrong with what proves it', async () => {
    const { server, client } = await serve(undo);
    const fault = async (user: object) => faultOf((await client({ user })).get('/api/v1/nodes'));
    const { file } = server.certificates;
    expect(await fault({ 'client-certificate': file('admin.crt') })).toMatch(
      /client-certificate and client-key belong together; one is missing$/,
    );
    expect(
      await fault({ 'client-certificate': file('admin.crt'), 'client-key': file('server.key') }),
    ).toMatch(/the client-key does not belong to the client-certificate|no TLS comes about/);
    writeFileSync(join(folder, 'empty'), '');
    expect(await fault({ tokenFile: join(folder, 'empty') })).toBe(`${folder}/empty: it holds no token`);
    expect(await fault({ tokenFile: '/not/there' })).toBe(
      'cannot read /not/there, a token: there is no such file',
    );
    const garbage = Buffer.from('-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----').toString(
      'base64',
    );
    expect(await fault({ 'client-certificate-data': garbage, 'client-key': file('admin.key') })).toMatch(
      /no TLS comes about/,
    );
  });

  it('is told when nobody is named', async () => {
    const { server, client } = await serve(undo);
    server.next.push(
      ...Array.from(
        { length: 2 },
        () => (_: unknown, response: ServerResponse) => void response.writeHead(401).end(),
      ),
    );
    expect(await faultOf((await client({ user: {} })).get('/api/v1/nodes'))).toMatch(
      /: the server wants to know who asks, and the user "tester" has no credentials$/,
    );
    expect(
      (
        await connect({
          ...config({ server: 'https://x' }),
          contexts: [{ name: 'x', context: { cluster: 'c' } }],
        })
      ).who,
    ).toBe('an anonymous user');
  });

  it('reads its file again when the token has ended', async () => {
    const { client } = await serve(undo);
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'of-yesterday');
    const cluster = await client({ user: { tokenFile } });
    expect(await faultOf(cluster.get('/api/v1/nodes'))).toMatch(/does not accept the credentials/);
    writeFileSync(tokenFile, TOKEN);
    expect(await cluster.get('/api/v1/nodes')).toMatchObject({ kind: 'NodeList' });
  });

  it('is the service account inside of a pod', async () => {
    const { server } = await serve(undo);
    writeFileSync(join(folder, 'token'), TOKEN);
    writeFileSync(join(folder, 'namespace'), 'audit\n');
    writeFileSync(join(folder, 'ca.crt'), readFileSync(server.certificates.file('ca.crt')));
    const { port } = new URL(server.url);
    const around = {
      env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port },
      cwd: folder,
    };
    const own = await ownCluster(around, folder);
    expect(own).toMatchObject({ namespace: 'audit', cluster: { server: server.url } });
    const credential = credentialOf(own!.user, '', { server: server.url }, around);
    const ca = readFileSync(join(folder, 'ca.crt'));
    const tls = { ca, rejectUnauthorized: true };
    const connection = {
      server: new URL(server.url),
      who: 'it',
      namespace: 'audit',
      tls,
      credential,
      headers: {},
    };
    const client = new ApiClient(connection);
    undo.defer(() => client.close());
    expect(await client.get('/api/v1/nodes')).toMatchObject({ kind: 'NodeList' });
    expect(await ownCluster({ env: {}, cwd: folder }, folder)).toBeUndefined();
    expect(await ownCluster(around, join(folder, 'no'))).toBeUndefined();
  });
});
