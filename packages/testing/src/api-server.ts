import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { API_RESOURCES, type ApiResource, type StoredObject } from './api-resources.ts';
import { type Certified, makeCertificates } from './certificates.ts';

/** A rule of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A right that was made use of: the verb, the group, the resource, as a rule names them. */
export type UsedRight = readonly [verb: string, group: string, resource: string];

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Whoever sends this may do what the rules say. */
export const TOKEN = 'the-good-token';

/**
 * An HTTPS server that answers as the API server of Kubernetes documents it: discovery, lists in pages out of one snapshot,
 * 401, 403, 404, 410. Nothing can be written.
 */
export class ApiServer {
  readonly certificates: Certified;
  /** Every path that was asked for, with its query. */
  readonly asked: string[] = [];
  readonly used: UsedRight[] = [];
  /** Methods other than GET. */
  readonly written: string[] = [];
  objects: readonly StoredObject[];
  rules: readonly Rule[] | undefined;
  /** Handlers of the next requests, each of one; undefined is as usual. */
  readonly next: (Handler | undefined)[] = [];
  /** Whether a snapshot that has expired still says where the list goes on. */
  tellsWhereToGoOn = true;
  connections = 0;
  private readonly server: Server;
  private readonly snapshots = new Map<number, readonly StoredObject[]>();
  private revision = 1000;

  private constructor(certificates: Certified, objects: readonly StoredObject[], rules?: readonly Rule[]) {
    this.certificates = certificates;
    this.objects = objects;
    this.rules = rules;
    const file = (name: string) => readFileSync(certificates.file(name));
    const options = { ca: file('ca.crt'), cert: file('server.crt'), key: file('server.key') };
    this.server = createServer(
      { ...options, requestCert: true, rejectUnauthorized: false },
      (request, response) => this.handle(request, response),
    );
    this.server.on('secureConnection', () => {
      this.connections++;
    });
  }

  /** @param folder an empty one. */
  static async start(folder: string, objects: readonly StoredObject[], rules?: readonly Rule[]) {
    const certificates = makeCertificates(folder, {
      server: { subject: '/CN=kube-apiserver', addresses: 'IP:127.0.0.1,DNS:kubernetes.test' },
      admin: { subject: '/O=system:masters/CN=admin' },
    });
    const server = new ApiServer(certificates, objects, rules);
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A kubeconfig for it, as an object. */
  kubeconfig(user: object = { token: TOKEN }, cluster: object = {}): object {
    const trusted = { server: this.url, 'certificate-authority': this.certificates.file('ca.crt') };
    return {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'tester' } }],
      clusters: [{ name: 'test', cluster: { ...trusted, ...cluster } }],
      users: [{ name: 'tester', user }],
    };
  }

  /** What lists are read from is gone: those that go on get 410. */
  expireSnapshots(): void {
    this.snapshots.clear();
    this.revision++;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(request.url!);
    if (request.method !== 'GET') this.written.push(`${request.method} ${request.url}`);
    const handler = this.next.shift();
    if (handler) handler(request, response);
    else send(response, this.reply(request));
  }

  private reply(request: IncomingMessage): Reply {
    const who = userOf(request);
    if (who === undefined) return refusal(401, 'Unauthorized', 'Unauthorized');
    const url = new URL(request.url!, this.url);
    const found = resourceAt(url.pathname);
    if (!found) return this.discover(url.pathname);
    const { resource, namespace, name, subresource } = found;
    const verb = name === undefined ? 'list' : 'get';
    const right = subresource ? `${resource.plural}/${subresource}` : resource.plural;
    if (!this.mayDo(who, verb, resource.group, right)) {
      const where = namespace ? ` in the namespace "${namespace}"` : ' at the cluster scope';
      const what = `resource "${right}" in API group "${resource.group}"${where}`;
      return refusal(403, 'Forbidden', `forbidden: User "${who}" cannot ${verb} ${what}`);
    }
    if (subresource) return success({ kubeletconfig: kubeletConfig(this.objects, name!) });
    const here = (object: StoredObject) =>
      object.kind === resource.kind && (!namespace || object.metadata.namespace === namespace);
    if (name === undefined) return this.list(resource, here, url.searchParams);
    const object = this.objects.find((one) => here(one) && one.metadata.name === name);
    return object ? success(object) : refusal(404, 'NotFound', `${resource.plural} "${name}" not found`);
  }

  private mayDo(who: string, verb: string, group: string, resource: string): boolean {
    this.used.push([verb, group, resource]);
    if (who === 'system:anonymous') return false;
    const allows = (rule: Rule) =>
      rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb);
    return who === 'admin' || !this.rules || this.rules.some(allows);
  }

  private list(
    resource: ApiResource,
    here: (object: StoredObject) => boolean,
    query: URLSearchParams,
  ): Reply {
    const limit = Number(query.get('limit') ?? 0);
    const token = query.get('continue');
    const { rv, start }: Continue = token ? readContinue(token) : { rv: this.revision, start: '' };
    const revision = rv === -1 ? this.revision : rv;
    const snapshot = token && rv !== -1 ? this.snapshots.get(rv) : this.objects;
    if (!snapshot) {
      const go = this.tellsWhereToGoOn ? { metadata: { continue: writeContinue({ rv: -1, start }) } } : {};
      return refusal(410, 'Expired', 'The provided continue parameter is too old', go);
    }
    this.snapshots.set(revision, snapshot);
    const rest = snapshot
      .filter((object) => here(object) && keyOf(object) >= start)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const items = limit > 0 ? rest.slice(0, limit) : rest;
    const left = rest.length - items.length;
    const more = {
      continue: writeContinue({ rv: revision, start: keyOf(rest[items.length]!) }),
      remainingItemCount: left,
    };
    return success({
      kind: `${resource.kind}List`,
      apiVersion: groupVersion(resource),
      metadata: { resourceVersion: `${revision}`, ...(left > 0 && more) },
      items: resource.isCustom ? items : items.map(({ kind: _, apiVersion: __, ...item }) => item),
    });
  }

  private discover(path: string): Reply {
    const isThere = ({ kind, isCustom }: ApiResource) =>
      !isCustom || this.objects.some((object) => object.kind === kind);
    if (path === '/api') return success({ kind: 'APIVersions', versions: ['v1'] });
    if (path === '/apis') {
      const names = new Set(
        API_RESOURCES.filter((one) => one.group && isThere(one)).map(({ group }) => group),
      );
      return success({
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: [...names].map(groupOf),
      });
    }
    const served = API_RESOURCES.filter(
      (one) => isThere(one) && path === `${one.group ? '/apis' : '/api'}/${groupVersion(one)}`,
    );
    if (served.length === 0)
      return refusal(404, 'NotFound', 'the server could not find the requested resource');
    const resources = served.map(({ plural: name, kind, isNamespaced: namespaced }) => ({
      name,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: ['get', 'list'],
    }));
    return success({ kind: 'APIResourceList', groupVersion: groupVersion(served[0]!), resources });
  }
}

interface Continue {
  /** Of the snapshot; -1: the newest, which is not the one that the list began with. */
  readonly rv: number;
  readonly start: string;
}

const writeContinue = (token: Continue) => Buffer.from(JSON.stringify(token)).toString('base64url');
const readContinue = (text: string): Continue => JSON.parse(Buffer.from(text, 'base64url').toString());
const keyOf = (object: StoredObject | undefined) =>
  object ? `${object.metadata.namespace ?? ''}/${object.metadata.name}` : '';
const groupVersion = ({ group, version }: ApiResource) => (group ? `${group}/${version}` : version);

function groupOf(name: string): object {
  const resources = API_RESOURCES.filter(({ group }) => group === name);
  const versions = [...new Set(resources.map(({ version }) => version))].map((version) => ({
    groupVersion: `${name}/${version}`,
    version,
  }));
  return { name, versions, preferredVersion: versions[0] };
}

/** The name of a certificate that the authority vouches for, or of the holder of the token; undefined: a wrong token. */
function userOf({ headers, socket }: IncomingMessage): string | undefined {
  const tls = socket as TLSSocket;
  // Without a certificate a session that is resumed counts as authorized.
  const { subject } = tls.getPeerCertificate();
  if (tls.authorized && subject) return String(subject.CN);
  if (headers.authorization === undefined) return 'system:anonymous';
  return headers.authorization === `Bearer ${TOKEN}` ? 'system:serviceaccount:audit:callgate' : undefined;
}

function resourceAt(path: string) {
  const [, root, ...rest] = path.split('/').map(decodeURIComponent);
  const [group, version, parts] =
    root === 'api' ? ['', rest[0], rest.slice(1)] : [rest[0], rest[1], rest.slice(2)];
  const isInNamespace = parts[0] === 'namespaces' && parts.length > 2;
  const [plural, name, subresource] = isInNamespace ? parts.slice(2) : parts;
  const resource = API_RESOURCES.find(
    (one) => one.group === group && one.version === version && one.plural === plural,
  );
  return resource && { resource, namespace: isInNamespace ? parts[1] : undefined, name, subresource };
}

function kubeletConfig(objects: readonly StoredObject[], node: string): object {
  const found = objects.find(({ kind, metadata }) => kind === 'Node' && metadata.name === node);
  return { kind: 'KubeletConfiguration', seccompDefault: found?.metadata.labels?.seccompDefault === 'true' };
}

/** What a server says. */
export interface Reply {
  readonly status: number;
  readonly body: object;
}

function success(body: object): Reply {
  return { status: 200, body };
}

/** As Kubernetes refuses: with a Status. */
export function refusal(code: number, reason: string, message: string, more: object = {}): Reply {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return { status: code, body: { ...status, ...more } };
}

export function send(response: ServerResponse, { status, body }: Reply): void {
  const headers = { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}
