import { dirname, isAbsolute, join } from 'node:path';
import type { Diagnostic } from '@callgate/engine/internal/diagnostics/diagnostic';
import { printable } from '@callgate/engine/internal/report/words';
import { lineMap } from '@callgate/engine/internal/source/line-map';
import { plainValue } from '@callgate/engine/internal/source/plain-value';
import { formatOf, readDocuments } from '@callgate/engine/internal/source/read';
import { MAX_LENGTH } from '@callgate/engine/internal/source/tree';
import { ClusterFault } from './cluster-fault.ts';
import { type ExecPlan, execPlan } from './exec-plan.ts';
import { Section } from './section.ts';

/** How long a file may be that is looked into, in bytes: as much text as is read. */
export const MOST_KUBECONFIG = 4 * MAX_LENGTH;

/** What kubeconfig files say, in one. Entries are read when they are asked for, so that a fault in others is no matter. */
export interface Kubeconfig {
  readonly currentContext?: string;
  readonly contexts: ReadonlyMap<string, Entry<KubeContext>>;
  readonly clusters: ReadonlyMap<string, Entry<KubeCluster>>;
  readonly users: ReadonlyMap<string, Entry<KubeUser>>;
}

/** Reads the entry. Throws ClusterFault. */
export type Entry<T> = () => T;

/** A cluster and who asks it. */
export interface KubeContext {
  readonly file: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

/** Where a cluster is, and how it proves that it is the one. */
export interface KubeCluster {
  readonly file: string;
  readonly server?: string;
  readonly tlsServerName?: string;
  readonly skipsVerification: boolean;
  readonly authority?: Material;
  readonly proxyUrl?: string;
  /** For the program that gives credentials. */
  readonly execConfig?: unknown;
}

/** What somebody proves to a cluster who it is with. */
export interface KubeUser {
  readonly file: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly certificate?: Material;
  readonly key?: Material;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecPlan;
  readonly authProvider?: AuthProvider;
  /** Headers that ask for the rights of somebody else. */
  readonly impersonation: Readonly<Record<string, string | readonly string[]>>;
}

/** PEM in base64, as it stands in the kubeconfig, or a file of PEM. */
export type Material =
  | { readonly kind: 'data'; readonly base64: string }
  | { readonly kind: 'file'; readonly path: string };

/** Of an identity provider; "oidc" is the only one that kubectl still has. */
export interface AuthProvider {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/** Reads one kubeconfig; paths in it are from its own folder on. Throws ClusterFault, which says the file and what to do. */
export function parseKubeconfig(text: string, file: string): Kubeconfig {
  const top = new Section(documentIn(text, file), file, '');
  const kind = top.text('kind') ?? 'Config';
  if (kind !== 'Config') top.fault(`is no kubeconfig, but of kind ${printable(kind)}`);
  return {
    currentContext: top.text('current-context'),
    contexts: entries(top.named('contexts', 'context'), (context) => ({
      file,
      cluster: context.text('cluster'),
      user: context.text('user'),
      namespace: context.text('namespace'),
    })),
    clusters: entries(top.named('clusters', 'cluster'), (cluster) => clusterOf(cluster, file)),
    users: entries(top.named('users', 'user'), (user) => userOf(user, file)),
  };
}

/** As kubectl joins them: whoever says something first is right, and entries of one name are not mixed. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const firstWins = <T>(maps: readonly ReadonlyMap<string, T>[]) =>
    new Map(maps.toReversed().flatMap((map) => [...map]));
  return {
    currentContext: configs.find((config) => config.currentContext)?.currentContext,
    contexts: firstWins(configs.map(({ contexts }) => contexts)),
    clusters: firstWins(configs.map(({ clusters }) => clusters)),
    users: firstWins(configs.map(({ users }) => users)),
  };
}

/** The first document, which is the one that kubectl reads. What begins as JSON does may be YAML all the same. */
function documentIn(text: string, file: string): unknown {
  const faults: Diagnostic[] = [];
  for (const format of formatOf(text) === 'json' ? (['json', 'yaml'] as const) : (['yaml'] as const)) {
    const { value = [], diagnostics } = readDocuments(text, format);
    const fault = diagnostics.find(({ severity }) => severity === 'error');
    if (!fault) return value[0] && plainValue(value[0]);
    faults.push(fault);
  }
  const [{ code, message, place }] = faults as [Diagnostic];
  const { line, column } = lineMap(text)(place.start);
  const remedy =
    code === 'too-large' ? ': `kubectl config view --raw -o json` writes what may be longer' : '';
  throw new ClusterFault(`${printable(file)}:${line}:${column}: ${message}${remedy}`);
}

function clusterOf(cluster: Section, file: string): KubeCluster {
  const extensions = cluster.named('extensions', 'extension');
  return {
    file,
    server: cluster.text('server'),
    tlsServerName: cluster.text('tls-server-name'),
    skipsVerification: cluster.flag('insecure-skip-tls-verify'),
    authority: material(cluster, 'certificate-authority', file),
    proxyUrl: cluster.text('proxy-url'),
    execConfig: extensions.get('client.authentication.k8s.io/exec')?.().whole(),
  };
}

function userOf(user: Section, file: string): KubeUser {
  const tokenFile = user.text('tokenFile');
  const exec = user.section('exec');
  const provider = user.section('auth-provider');
  return {
    file,
    token: user.header('token'),
    ...(tokenFile !== undefined && { tokenFile: beside(file, tokenFile) }),
    certificate: material(user, 'client-certificate', file),
    key: material(user, 'client-key', file),
    username: user.text('username'),
    password: user.text('password'),
    ...(exec && { exec: execPlan(exec, (path) => beside(file, path)) }),
    ...(provider && { authProvider: authProviderOf(provider) }),
    impersonation: impersonationOf(user),
  };
}

/** What stands there itself is stronger than the name of a file. */
function material(section: Section, key: string, file: string): Material | undefined {
  const base64 = section.text(`${key}-data`);
  if (base64 !== undefined) return { kind: 'data', base64 };
  const path = section.text(key);
  return path === undefined ? undefined : { kind: 'file', path: beside(file, path) };
}

function authProviderOf(provider: Section): AuthProvider {
  const config = provider.section('config');
  const said = (config?.keys() ?? []).map((key) => [key, config!.text(key) ?? ''] as const);
  return { name: provider.text('name') ?? '', config: Object.fromEntries(said) };
}

function impersonationOf(user: Section): KubeUser['impersonation'] {
  const [name, uid, groups] = [user.header('as'), user.header('as-uid'), user.headers('as-groups')];
  const extra = user.section('as-user-extra');
  return {
    ...(name !== undefined && { 'impersonate-user': name }),
    ...(uid !== undefined && { 'impersonate-uid': uid }),
    ...(groups.length > 0 && { 'impersonate-group': groups }),
    ...Object.fromEntries(
      (extra?.keys() ?? []).map((key) => [
        `impersonate-extra-${encodeURIComponent(key)}`,
        extra!.headers(key),
      ]),
    ),
  };
}

function beside(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

function entries<T>(
  sections: ReadonlyMap<string, () => Section>,
  of: (section: Section) => T,
): Map<string, Entry<T>> {
  return new Map([...sections].map(([name, section]) => [name, () => of(section())]));
}
