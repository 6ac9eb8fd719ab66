import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, describe, expect, it } from 'vitest';
import { ClusterFault } from '../../src/client/cluster-fault.ts';
import { findKubeconfig } from '../../src/client/find-kubeconfig.ts';
import { type Kubeconfig, parseKubeconfig } from '../../src/client/kubeconfig.ts';

const undo = new Undo();
afterEach(() => undo.run());

const FIRST = `
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: c, cluster: {server: https://a}}
users:
- {name: u, user: {token: of-the-first}}
contexts:
- {name: one, context: {cluster: c, user: u}}
`;
const SECOND = `
current-context: two
clusters:
- {name: c, cluster: {server: https://b, certificate-authority: ca.crt}}
- {name: d, cluster: {server: https://d, certificate-authority: sub/ca.crt, tls-server-name: x, insecure-skip-tls-verify: false}}
users:
- name: u
  user: {username: bob, password: secret, client-certificate: u.crt, client-key-data: eA==}
- name: v
  user: {tokenFile: /absolute/token, exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./plugin, env: [{name: A, value: b}]}}
contexts:
- {name: one, context: {cluster: d, user: u, namespace: shop}}
- {name: two, context: {cluster: d, user: v, namespace: shop}}
`;

interface Viewed {
  readonly 'current-context': string;
  readonly contexts: readonly { name: string; context: object }[] | null;
  readonly clusters: readonly { name: string; cluster: Record<string, unknown> }[] | null;
  readonly users: readonly { name: string; user: Record<string, unknown> }[] | null;
}

describeWith(['kubectl'], 'files that KUBECONFIG names', () => {
  it.each([
    ['first.yaml:second.yaml', 'https://a'],
    ['second.yaml:first.yaml', 'https://b'],
    [':missing.yaml:first.yaml::second.yaml:first.yaml', 'https://a'],
    ['second.yaml', 'https://b'],
    ['empty.yaml:second.yaml', 'https://b'],
  ])('%s are joined as kubectl joins them', async (KUBECONFIG, server) => {
    const folder = undo.folder();
    for (const [name, text] of Object.entries({ first: FIRST, second: SECOND, empty: '' }))
      writeFileSync(join(folder, `${name}.yaml`), text);
    const around = { env: { ...process.env, KUBECONFIG }, cwd: folder };
    const said = execFileSync('kubectl', ['config', 'view', '--raw', '-o', 'json'], {
      ...around,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const config = await findKubeconfig(around);
    expect(summary(config)).toEqual(summaryOfKubectl(JSON.parse(said.toString()), folder));
    expect(config.clusters.get('c')?.().server).toBe(server);
  });
});

/** What both name alike. */
function summary({ currentContext, contexts, clusters, users }: Kubeconfig): object {
  const plain = (map: ReadonlyMap<string, () => { readonly file: string }>) =>
    Object.fromEntries([...map].map(([name, entry]) => [name, { ...entry(), file: undefined }]));
  return JSON.parse(
    JSON.stringify({
      currentContext,
      contexts: plain(contexts),
      clusters: plain(clusters),
      users: Object.keys(plain(users)).sort(),
      tokens: [...users].map(([name, user]) => `${name} ${user().token}`).sort(),
    }),
  );
}

function summaryOfKubectl(view: Viewed, folder: string): object {
  const authority = (path: unknown) => path && { kind: 'file', path: join(folder, String(path)) };
  const clusters = (view.clusters ?? []).map(({ name, cluster }) => [
    name,
    {
      server: cluster.server,
      skipsVerification: cluster['insecure-skip-tls-verify'] ?? false,
      authority: authority(cluster['certificate-authority']),
      tlsServerName: cluster['tls-server-name'],
    },
  ]);
  const users = view.users ?? [];
  return JSON.parse(
    JSON.stringify({
      currentContext: view['current-context'],
      contexts: Object.fromEntries((view.contexts ?? []).map(({ name, context }) => [name, context])),
      clusters: Object.fromEntries(clusters),
      users: users.map(({ name }) => name).sort(),
      tokens: users.map(({ name, user }) => `${name} ${user.token}`).sort(),
    }),
  );
}

describe('a kubeconfig', () => {
  const parse = (text: string) => parseKubeconfig(text, '/home/x/.kube/config');

  it('names files from its own folder on', () => {
    const config = parse(SECOND);
    expect(config.users.get('u')!()).toMatchObject({
      certificate: { kind: 'file', path: '/home/x/.kube/u.crt' },
      key: { kind: 'data', base64: 'eA==' },
    });
    expect(config.users.get('v')!()).toMatchObject({
      tokenFile: '/absolute/token',
      exec: { command: '/home/x/.kube/plugin', env: { A: 'b' }, interactive: 'IfAvailable' },
    });
    expect(config.clusters.get('d')!().authority).toEqual({ kind: 'file', path: '/home/x/.kube/sub/ca.crt' });
  });

  it.each([
    ['users: [{name: u, user: {token: 1}}]', 'users "u" must have a text as token'],
    ['users: [{name: u, user: [x]}]', 'users "u" must be an object'],
    ['users: [{name: u, user: {token: "a\\nb"}}]', 'users "u" has characters in token that cannot be sent'],
    ['users: [{name: u, user: {as: "a\\rb"}}]', 'users "u" has characters in as that cannot be sent'],
    [
      'users: [{name: u, user: {as-user-extra: {k: ["\\n"]}}}]',
      'users "u" as-user-extra has characters in k that cannot be sent',
    ],
    [
      'users: [{name: u, user: {exec: {command: x, apiVersion: v0}}}]',
      'users "u" exec has the apiVersion "v0"; those that work are',
    ],
    [
      'users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1}}}]',
      'users "u" exec must have a command',
    ],
    [
      'users: [{name: u, user: {exec: {command: x, args: x, apiVersion: client.authentication.k8s.io/v1}}}]',
      'users "u" exec must have a list as args',
    ],
  ])('%s has a fault, told when the user is meant', (text, fault) => {
    const config = parse(text);
    expect(() => config.users.get('u')!()).toThrow(ClusterFault);
    expect(() => config.users.get('u')!()).toThrow(`/home/x/.kube/config: ${fault}`);
  });

  const broken: readonly (readonly [text: string, fault: string | RegExp])[] = [
    ['users: {}', 'it must have a list as users'],
    ['users: [x]', 'users must be an object'],
    ['- x', 'it must be an object'],
    ['users: [{name: u}, {name: u}]', 'it has two users called "u": rename one'],
    ['users: [{name: "\\e[1m"}, {name: "\\e[1m"}]', 'it has two users called "\\u001b[1m": rename one'],
    ['kind: Pod', 'it is no kubeconfig, but of kind Pod'],
    ['kind: [', /^\/home\/x\/.kube\/config:\d+:\d+: /],
    ['a: *x', /^\/home\/x\/.kube\/config:\d+:\d+: /],
    ['a: 1\na: 2', /^\/home\/x\/.kube\/config:\d+:\d+: /],
    ['{'.repeat(100_000), /^\/home\/x\/.kube\/config:\d+:\d+: /],
    [
      `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghi', (k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]\n`).join('')}`,
      /^\/home\/x\/.kube\/config:\d+:\d+: /,
    ],
    [
      'x'.repeat(300_000),
      / characters; at most 262144 are read: `kubectl config view --raw -o json` writes what may be longer$/,
    ],
  ];

  it.each(broken.map(([text, fault]) => [text.slice(0, 40), text, fault] as const))(
    '%j has a fault',
    (_, text, fault) => {
      const began = performance.now();
      try {
        parse(text);
        throw new Error('it is taken');
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ClusterFault);
        expect((thrown as Error).message).not.toContain('\n');
        expect((thrown as Error).message).satisfy((said: string) =>
          typeof fault === 'string' ? said.startsWith(`/home/x/.kube/config: ${fault}`) : fault.test(said),
        );
      }
      expect(performance.now() - began).toBeLessThan(5000);
    },
  );

  it('may name what no JavaScript object has', () => {
    const config = parse(
      '{users: [{name: __proto__, user: {token: x}}], contexts: [{name: constructor, context: {}}]}',
    );
    expect(config.users.get('__proto__')!().token).toBe('x');
    expect(config.contexts.get('toString')).toBeUndefined();
    expect(parse('users: [{name: u, user: {}}]').users.get('u')!().token).toBeUndefined();
  });
});
