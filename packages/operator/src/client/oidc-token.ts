import { printable } from '@callgate/engine/internal/report/words';
import { quote } from '@callgate/engine/internal/source/tree';
import { ClusterFault } from './cluster-fault.ts';
import { objectOf, parseJson } from './json.ts';
import type { AuthProvider } from './kubeconfig.ts';

/** A token that ends this soon is as good as none. */
const LEEWAY_MS = 10_000;
const RENEWAL = 'any kubectl command renews it';

/**
 * The token of an identity provider. One that has expired is renewed by @kubernetes/client-node, which is loaded for that
 * alone; what it gets is not written back. Throws ClusterFault.
 */
export async function oidcToken({ name, config }: AuthProvider, user: string, file: string): Promise<string> {
  const who = `${printable(file)}: users ${quote(user)}`;
  if (name !== 'oidc')
    throw new ClusterFault(
      `${who} has the auth-provider ${quote(name)}, of which only "oidc" is left: use exec`,
    );
  const token = config['id-token'];
  if (token && expiryOf(token) > Date.now() + LEEWAY_MS) return token;
  const missing = ['client-id', 'refresh-token', 'idp-issuer-url', 'id-token'].filter((key) => !config[key]);
  if (missing.length > 0)
    throw new ClusterFault(
      `${who} has no valid id-token, and no ${missing.join(', ')} to renew it: log in again`,
    );
  // openid-client, which does the work, takes no text.
  const issuer = issuerOf(config, who);
  const OpenIDConnectAuth = await library(who);
  try {
    const options = { headers: {} as Record<string, string> };
    await new OpenIDConnectAuth().applyAuthentication(
      { name: user, authProvider: { name, config: { ...config, 'idp-issuer-url': issuer } } },
      options,
    );
    const renewed = /^Bearer ([\u0021-\u007e]+)$/.exec(options.headers.Authorization ?? '')?.[1];
    if (renewed !== undefined) return renewed;
  } catch (fault) {
    const why = printable(String((fault as Error).message).split('\n')[0]!);
    throw new ClusterFault(
      `${who} has an id-token that has expired; renewing it failed (${why}), ${RENEWAL}`,
    );
  }
  throw new ClusterFault(
    `${who} has an id-token that has expired, and the provider gives no other: log in again`,
  );
}

function issuerOf(config: AuthProvider['config'], who: string): URL {
  const text = config['idp-issuer-url'] ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  throw new ClusterFault(`${who} has the idp-issuer-url ${quote(text)}, which does not begin with https://`);
}

async function library(who: string) {
  try {
    return (await import('@kubernetes/client-node/dist/oidc_auth.js')).OpenIDConnectAuth;
  } catch {
    const install = 'npm install @kubernetes/client-node@1.4.0';
    throw new ClusterFault(
      `${who} has an id-token that has expired: ${RENEWAL}, or callgate can after ${install}`,
    );
  }
}

/** When a JSON web token ends, in milliseconds since 1970; 0 when it does not say. */
function expiryOf(token: string): number {
  const parts = token.split('.');
  if (parts.length !== 3) return 0;
  try {
    const claims = objectOf(parseJson(Buffer.from(parts[1]!, 'base64url'), 'the id-token'));
    return typeof claims?.exp === 'number' ? claims.exp * 1000 : 0;
  } catch {
    return 0;
  }
}
