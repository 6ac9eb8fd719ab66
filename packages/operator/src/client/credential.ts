import { printable } from '@callgate/engine/internal/report/words';
import { ClusterFault } from './cluster-fault.ts';
import type { Surroundings } from './find-kubeconfig.ts';
import type { KubeUser, Material } from './kubeconfig.ts';
import { readNamedFile } from './read-small-file.ts';

/** What a request carries to prove who asks. */
export interface Proof {
  /** The header of that name. */
  readonly authorization?: string;
  /** PEM of a certificate of the client's and of its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Milliseconds since 1970. */
  readonly validUntil?: number;
}

/** Gets a proof, anew each time: a file is read, a program run. Throws ClusterFault. */
export type Credential = () => Promise<Proof>;

/** For the program that gives credentials, of the cluster that they are for. */
export interface ExecCluster {
  readonly server: string;
  readonly 'tls-server-name'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'certificate-authority-data'?: string;
  readonly config?: unknown;
}

const MOST_BYTES = 1024 * 1024;

/** The credential of a user of a kubeconfig: what it says itself is stronger than a program, as for kubectl. What only some users need is loaded when such a one is met. */
export function credentialOf(
  user: KubeUser,
  name: string,
  cluster: ExecCluster,
  around: Surroundings,
): Credential {
  return async () => {
    const certified = await certificateOf(user);
    const token = await tokenOf(user);
    if (token !== undefined) return { ...certified, authorization: `Bearer ${token}` };
    if (user.username !== undefined) return { ...certified, authorization: basic(user) };
    if (user.exec) {
      const { execCredential } = await import('./exec-credential.ts');
      return { ...certified, ...(await execCredential(user.exec, cluster, around)) };
    }
    if (user.authProvider) {
      const { oidcToken } = await import('./oidc-token.ts');
      return { ...certified, authorization: `Bearer ${await oidcToken(user.authProvider, name, user.file)}` };
    }
    return certified;
  };
}

/** PEM text of what a kubeconfig says or names. Throws ClusterFault. */
export async function pemOf(material: Material, what: string, file: string): Promise<string> {
  const text =
    material.kind === 'data'
      ? Buffer.from(material.base64, 'base64').toString('latin1')
      : (await readNamedFile(material.path, MOST_BYTES, what)).toString('latin1');
  if (text.includes('-----BEGIN ')) return text;
  const where = printable(material.kind === 'data' ? file : material.path);
  throw new ClusterFault(`${where}: ${what} is no PEM, which begins with -----BEGIN`);
}

async function certificateOf({ certificate, key, file }: KubeUser): Promise<Proof> {
  if (!certificate && !key) return {};
  if (!certificate || !key)
    throw new ClusterFault(
      `${printable(file)}: client-certificate and client-key belong together; one is missing`,
    );
  return {
    cert: await pemOf(certificate, 'the client-certificate', file),
    key: await pemOf(key, 'the client-key', file),
  };
}

/** The file is stronger, as long as it can be read: what rewrites it knows newer ones. */
async function tokenOf({ token, tokenFile }: KubeUser): Promise<string | undefined> {
  if (tokenFile === undefined) return token;
  try {
    const read = (await readNamedFile(tokenFile, MOST_BYTES, 'a token')).toString('latin1').trim();
    if (/^[\u0021-\u007e]+$/.test(read)) return read;
    throw new ClusterFault(`${printable(tokenFile)}: it holds no token`);
  } catch (fault) {
    if (token !== undefined && fault instanceof ClusterFault) return token;
    throw fault;
  }
}

function basic({ username = '', password = '' }: KubeUser): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
