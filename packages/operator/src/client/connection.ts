import { printable } from '@callgate/engine/internal/report/words';
import { quote } from '@callgate/engine/internal/source/tree';
import { ClusterFault } from './cluster-fault.ts';
import { type Credential, credentialOf, type ExecCluster, pemOf } from './credential.ts';
import { findKubeconfig, type Surroundings } from './find-kubeconfig.ts';
import { type OwnCluster, ownCluster } from './in-cluster.ts';
import type { KubeCluster, Kubeconfig, KubeUser } from './kubeconfig.ts';
import { systemRoots } from './system-roots.ts';

/** A cluster, and as whom it is asked. */
export interface Connection {
  /** Its path, without a slash at its end, comes before that of every request. */
  readonly server: URL;
  /** Whom the answers are given to, for messages: the user "admin". */
  readonly who: string;
  /** What is asked for when nobody names a namespace. */
  readonly namespace: string;
  readonly tls: TlsChoice;
  readonly credential: Credential;
  /** Of every request. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** How the server has to prove that it is the one; keys as node:tls names them. */
export interface TlsChoice {
  readonly ca?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/** Which cluster is meant, where it is not the one that kubectl would ask. */
export interface ConnectionChoice {
  readonly context?: string;
  /** This file alone. */
  readonly kubeconfig?: string;
}

/** Finds the cluster as kubectl does, and inside of a pod without kubeconfig its own. Nothing is sent. Throws ClusterFault. */
export async function findConnection(
  around: Surroundings,
  choice: ConnectionChoice = {},
): Promise<Connection> {
  const kubeconfig = await findKubeconfig(around, choice.kubeconfig);
  const name = choice.context ?? kubeconfig.currentContext;
  if (name !== undefined) return connectionOf(kubeconfig, name, around);
  const own = choice.kubeconfig === undefined ? await ownCluster(around) : undefined;
  if (own) return connected(own, "the pod's service account", around);
  throw new ClusterFault(nothingChosen(kubeconfig));
}

async function connectionOf(kubeconfig: Kubeconfig, name: string, around: Surroundings): Promise<Connection> {
  const context = kubeconfig.contexts.get(name)?.();
  if (!context) throw new ClusterFault(`there is no context ${quote(name)}; ${contextsOf(kubeconfig)}`);
  const of = `${printable(context.file)}: contexts ${quote(name)} names`;
  const cluster = kubeconfig.clusters.get(context.cluster ?? '')?.();
  if (!cluster) throw new ClusterFault(`${of} the cluster ${quote(context.cluster ?? '')}, which is nowhere`);
  const user = kubeconfig.users.get(context.user ?? '')?.();
  if (!user && context.user) throw new ClusterFault(`${of} the user ${quote(context.user)}, who is nowhere`);
  const nobody: KubeUser = { file: context.file, impersonation: {} };
  const found = { cluster, user: user ?? nobody, namespace: context.namespace };
  return connected(
    found,
    context.user ? `the user ${quote(context.user)}` : 'an anonymous user',
    around,
    context.user,
  );
}

async function connected(
  { cluster, user, namespace }: OwnCluster,
  who: string,
  around: Surroundings,
  userName = '',
): Promise<Connection> {
  const server = serverOf(cluster);
  const tls = await tlsOf(cluster, around);
  const authority = typeof tls.ca === 'string' ? Buffer.from(tls.ca, 'latin1').toString('base64') : undefined;
  const forExec: ExecCluster = {
    server: cluster.server!,
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.skipsVerification || undefined,
    'certificate-authority-data': authority,
    config: cluster.execConfig,
  };
  return {
    server,
    who,
    namespace: namespace || 'default',
    tls,
    credential: credentialOf(user, userName, forExec, around),
    headers: user.impersonation,
  };
}

/** Plain HTTP carries secrets to whoever listens, so it goes to this machine alone, as to `kubectl proxy`. */
function serverOf({ server, proxyUrl, file }: KubeCluster): URL {
  const of = printable(file);
  if (server === undefined) throw new ClusterFault(`${of}: the cluster has no server`);
  const text = server.includes('://') ? server : `https://${server}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new ClusterFault(`${of}: the server ${quote(server)} is no address that begins with https://`);
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname))
    throw new ClusterFault(`${of}: the server ${quote(server)} is asked over https:// only`);
  if (proxyUrl !== undefined)
    throw new ClusterFault(`${of}: proxy-url is not supported; kubectl proxy gives a server without it`);
  url.pathname = url.pathname.replace(/\/$/, '');
  return url;
}

async function tlsOf(cluster: KubeCluster, { env }: Surroundings): Promise<TlsChoice> {
  const { authority, skipsVerification, tlsServerName, file } = cluster;
  if (authority && skipsVerification)
    throw new ClusterFault(
      `${printable(file)}: certificate-authority and insecure-skip-tls-verify exclude each other: remove one`,
    );
  const ca = authority ? await pemOf(authority, 'the certificate-authority', file) : await systemRoots(env);
  return {
    ...(ca !== undefined && { ca }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
    rejectUnauthorized: !skipsVerification,
  };
}

const MOST_NAMES = 10;

function contextsOf({ contexts }: Kubeconfig): string {
  const names = [...contexts.keys()];
  if (names.length === 0) return 'the kubeconfig has none';
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `there are ${names.slice(0, MOST_NAMES).map(quote).join(', ')}${more}`;
}

function nothingChosen(kubeconfig: Kubeconfig): string {
  return kubeconfig.contexts.size > 0
    ? `the kubeconfig has no current-context: name one; ${contextsOf(kubeconfig)}`
    : 'no cluster is known: KUBECONFIG, or else ~/.kube/config, has to name one';
}
