import type { Login } from './docker-config.ts';
import { type Answer, ask } from './http-request.ts';
import { isLoopback } from './reference.ts';
import { RegistryFault } from './registry-fault.ts';

const MOST_TOKEN_BYTES = 256 * 1024;

/** Basic authorization with a login. */
export function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/**
 * The authorization that a registry wants after it has answered 401: the login itself, or a token from the server that it
 * names. Undefined where it wants another kind, or a login that nobody has.
 */
export async function authorization(
  registry: string,
  answer: Answer,
  scope: string,
  login: Login | undefined,
): Promise<string | undefined> {
  const header = answer.headers['www-authenticate'];
  const challenge = (Array.isArray(header) ? header[0] : header) ?? '';
  if (/^basic\b/i.test(challenge)) return login && basic(login);
  if (!/^bearer\b/i.test(challenge)) return undefined;
  const { realm, service } = parameters(challenge);
  if (realm === undefined) return undefined;
  const url = urlOf(realm);
  if (isLoopback(url.host) && !isLoopback(registry))
    throw new RegistryFault(`${registry} sends for a token to ${url.host}, which is this machine`);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const headers = login ? { authorization: basic(login) } : undefined;
  const { status, body } = await ask({ method: 'GET', url, headers, mostBytes: MOST_TOKEN_BYTES });
  const token = status === 200 ? tokenIn(body.toString()) : undefined;
  return token && `Bearer ${token}`;
}

/** The quoted parameters of a challenge. */
function parameters(challenge: string): Readonly<Record<string, string | undefined>> {
  const pairs = challenge.slice(0, 4096).matchAll(/\b(realm|service|scope)="([^"]*)"/gi);
  return Object.fromEntries([...pairs].map(([, key, value]) => [key.toLowerCase(), value]));
}

function urlOf(realm: string): URL {
  try {
    return new URL(realm);
  } catch {
    throw new RegistryFault(`it wants a token from "${realm.slice(0, 100)}", which is no URL`);
  }
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(text);
    const found = token ?? other;
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
