import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Who asks a registry. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** What Docker's configuration says of a registry. */
export type KnownLogin =
  | { readonly kind: 'login'; readonly login: Login }
  /** The password is with a helper, which callgate does not run. */
  | { readonly kind: 'helper' }
  | { readonly kind: 'none' };

const MOST_BYTES = 1024 * 1024;
/** Under which name docker login keeps Docker Hub. */
const HUB = 'https://index.docker.io/v1/';

/** The login for a registry in config.json of $DOCKER_CONFIG, else of ~/.docker; an unreadable file has none. */
export function knownLogin(registry: string, env: NodeJS.ProcessEnv): KnownLogin {
  const config = readConfig(join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json'));
  const auths = objectIn(config, 'auths');
  const names = registry === 'docker.io' ? [HUB] : [registry, `https://${registry}`, `http://${registry}`];
  for (const name of names) {
    const login = loginOf(objectIn(auths, name));
    if (login) return { kind: 'login', login };
  }
  const helpers = objectIn(config, 'credHelpers');
  const isHelped =
    names.some((name) => Object.hasOwn(helpers, name)) || typeof config.credsStore === 'string';
  return { kind: isHelped ? 'helper' : 'none' };
}

type Json = Readonly<Record<string, unknown>>;

function readConfig(path: string): Json {
  try {
    if (statSync(path).size > MOST_BYTES) return {};
    return asObject(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return {};
  }
}

function objectIn(object: Json, key: string): Json {
  return Object.hasOwn(object, key) ? asObject(object[key]) : {};
}

function asObject(value: unknown): Json {
  return value !== null && typeof value === 'object' ? (value as Json) : {};
}

/** `auth` is user:password in base64; older files have the two by themselves. */
function loginOf({ auth, username, password }: Json): Login | undefined {
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString();
    const colon = text.indexOf(':');
    return colon > 0 ? { user: text.slice(0, colon), password: text.slice(colon + 1) } : undefined;
  }
  return typeof username === 'string' && typeof password === 'string'
    ? { user: username, password }
    : undefined;
}
