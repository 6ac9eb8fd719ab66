import { createHash } from 'node:crypto';
import { authorization } from './authorization.ts';
import { type KnownLogin, knownLogin } from './docker-config.ts';
import { type Answer, type Asked, ask } from './http-request.ts';
import { isLoopback, originOf, type Reference } from './reference.ts';
import { RegistryFault } from './registry-fault.ts';

/** Bytes with their digest, such as sha256:…. */
export interface RegistryBlob {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

const MOST_ANSWER_BYTES = 64 * 1024;
/** What registries take of a manifest (distribution-spec). */
const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;
const MOST_REDIRECTIONS = 5;

type Request = Omit<Asked, 'url' | 'mostBytes'> & { readonly mostBytes?: number };

/** A repository of a registry (OCI distribution-spec 1.1). Its methods throw RegistryFault. */
export class Registry {
  private readonly reference: Reference;
  private readonly origin: string;
  private readonly login: KnownLogin;
  private readonly scope: string;
  private token: string | undefined;

  /** For `pull`, or for `pull,push`. Who asks is read from Docker's configuration. */
  constructor(reference: Reference, actions: 'pull' | 'pull,push', env: NodeJS.ProcessEnv) {
    this.reference = reference;
    this.origin = originOf(reference);
    this.login = knownLogin(reference.registry, env);
    this.scope = `repository:${reference.repository}:${actions}`;
  }

  /** The manifest that the reference points to; if it names a digest, the bytes have it. */
  async manifest(mediaType: string): Promise<RegistryBlob> {
    const { digest, tag = 'latest' } = this.reference;
    const headers = { accept: mediaType };
    const { body } = await this.expect(
      `manifests/${digest ?? tag}`,
      { method: 'GET', headers, mostBytes: MOST_MANIFEST_BYTES },
      [200],
    );
    return checked(body, digest ?? digestOf(body));
  }

  /** A blob of so many bytes; it has that digest. */
  async blob(digest: string, size: number): Promise<RegistryBlob> {
    const { body } = await this.expect(`blobs/${digest}`, { method: 'GET', mostBytes: size }, [200]);
    if (body.length !== size) throw new RegistryFault(`${digest} has ${body.length} bytes, and not ${size}`);
    return checked(body, digest);
  }

  /** Puts a blob there, unless it is. */
  async putBlob({ digest, bytes }: RegistryBlob): Promise<void> {
    const { status } = await this.expect(`blobs/${digest}`, { method: 'HEAD' }, [200, 404]);
    if (status === 200) return;
    const begun = await this.expect('blobs/uploads/', { method: 'POST' }, [202]);
    const { location } = begun.headers;
    if (typeof location !== 'string') throw new RegistryFault(`${this.origin} does not say where blobs go`);
    const url = movedTo(location, this.url('blobs/uploads/'));
    url.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    await this.expect(url, { method: 'PUT', headers, body: bytes }, [201]);
  }

  /** Puts a manifest there, under the reference's tag or its digest; its blobs must be there. */
  async putManifest({ digest, bytes }: RegistryBlob, mediaType: string): Promise<void> {
    const { tag } = this.reference;
    const headers = { 'content-type': mediaType };
    const answer = await this.expect(
      `manifests/${tag ?? digest}`,
      { method: 'PUT', headers, body: bytes },
      [201],
    );
    const stored = answer.headers['docker-content-digest'];
    if (typeof stored === 'string' && stored !== digest)
      throw new RegistryFault(
        `${this.origin} stored the manifest as ${stored.slice(0, 100)}, and not as ${digest}`,
      );
  }

  /** Asks, with authorization where the registry wants it, and follows redirections; another status is a fault. */
  private async expect(target: string | URL, request: Request, statuses: readonly number[]): Promise<Answer> {
    const url = target instanceof URL ? target : this.url(target);
    let answer = await this.follow(url, request);
    if (answer.status === 401) {
      const login = this.login.kind === 'login' ? this.login.login : undefined;
      this.token = await authorization(url.host, answer, this.scope, login);
      if (this.token !== undefined) answer = await this.follow(url, request);
    }
    if (statuses.includes(answer.status)) return answer;
    throw new RegistryFault(`${request.method} ${url.origin}${url.pathname}: ${this.why(answer)}`);
  }

  private async follow(start: URL, request: Request): Promise<Answer> {
    let url = start;
    for (let i = 0; i <= MOST_REDIRECTIONS; i++) {
      // Only the registry itself is told who asks.
      const isOwn = url.origin === this.origin && this.token !== undefined;
      const headers = { ...request.headers, ...(isOwn && { authorization: this.token! }) };
      const answer = await ask({
        ...request,
        url,
        headers,
        mostBytes: request.mostBytes ?? MOST_ANSWER_BYTES,
      });
      // A login is for the registry alone: whoever it sends to names no server that gets one.
      if (answer.status === 401 && url.origin !== this.origin)
        throw new RegistryFault(`${this.origin} sends to ${url.host}, which wants a login`);
      const { location } = answer.headers;
      const isElsewhere =
        [301, 302, 303, 307, 308].includes(answer.status) && ['GET', 'HEAD'].includes(request.method);
      if (!isElsewhere || typeof location !== 'string') return answer;
      const next = movedTo(location, url);
      if (isLoopback(next.host) && !isLoopback(url.host))
        throw new RegistryFault(`${url.host} sends to ${next.host}, which is this machine`);
      url = next;
    }
    throw new RegistryFault(`${start.host}: it sends from one place to the next for ever`);
  }

  private url(path: string): URL {
    return new URL(`${this.origin}/v2/${this.reference.repository}/${path}`);
  }

  private why({ status, body }: Answer): string {
    const { registry } = this.reference;
    if (status === 401 || status === 403) {
      if (this.login.kind === 'helper')
        return `not allowed (${status}); the password for ${registry} is with a credential helper, which callgate does not run`;
      const hint = this.login.kind === 'none' ? `; docker login ${registry} makes one known` : '';
      return `not allowed (${status})${hint}`;
    }
    if (status === 404) return 'there is no such thing (404)';
    return `${status} ${body.toString('utf8', 0, 200)}`.trim();
  }
}

function movedTo(location: string, from: URL): URL {
  if (URL.canParse(location, from.href)) return new URL(location, from);
  throw new RegistryFault(`${from.host} sends to what is no URL`);
}

function checked(bytes: Uint8Array, digest: string): RegistryBlob {
  const actual = digestOf(bytes);
  if (actual !== digest) throw new RegistryFault(`the bytes of ${digest} have another digest: ${actual}`);
  return { digest, bytes };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
