/** What a name such as registry.example.com/team/web:1 points to. */
export interface Reference {
  /** The host with its port, as people write it. */
  readonly registry: string;
  readonly repository: string;
  /** One of the two; without both it is the tag `latest`. */
  readonly tag?: string;
  readonly digest?: string;
}

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,253}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;
const PART = /^[a-z0-9]+(?:(?:\.|_|__|-{1,10})[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const LONGEST = 1000;

/** Reads a reference; its registry is always named, because no other is meant by itself. Undefined where it is none. */
export function parseReference(text: string): Reference | undefined {
  if (text.length > LONGEST) return undefined;
  const [named, digest, more] = text.split('@');
  const slash = named.indexOf('/');
  const [registry, path] = [named.slice(0, slash), named.slice(slash + 1)];
  const colon = path.lastIndexOf(':');
  const [repository, tag] = colon < 0 ? [path] : [path.slice(0, colon), path.slice(colon + 1)];
  if (slash <= 0 || more !== undefined || !isHost(registry)) return undefined;
  if (!repository.split('/').every((part) => PART.test(part))) return undefined;
  if ((tag !== undefined && !TAG.test(tag)) || (digest !== undefined && !DIGEST.test(digest)))
    return undefined;
  return { registry, repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

/** A first part without a dot or a port is a folder of Docker Hub to other tools, and no host. */
function isHost(text: string): boolean {
  return HOST.test(text) && (/[.:]/.test(text) || text === 'localhost');
}

/** Where the registry of a reference answers. Docker Hub does so under another name than its own. */
export function originOf({ registry }: Reference): string {
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  return `${isLoopback(host) ? 'http' : 'https'}://${host}`;
}

/** Whether a host is this machine, to which nobody listens on the way. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/.test(host);
}
