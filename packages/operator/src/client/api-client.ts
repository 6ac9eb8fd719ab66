import http from 'node:http';
import https from 'node:https';
import { printable } from '@callgate/engine/internal/report/words';
import { accessOf, describeDenial } from './access.ts';
import { AccessDenied, ClusterFault, NotServed } from './cluster-fault.ts';
import type { Connection } from './connection.ts';
import type { Proof } from './credential.ts';
import { type Answer, httpGet, type Limits, TooLong } from './http-get.ts';
import { objectOf, parseJson, textOf } from './json.ts';
import { continueOf, type ListItem, type ListPage, type ListPosition, pageOf, uidOf } from './list-page.ts';
import { faultOfNetwork, isPassing } from './network-fault.ts';
import { isWorthAnotherTry, MOST_ATTEMPTS, type Pause, pauseAfter, realPause } from './patience.ts';

/** How patient a client is. */
export interface ClientOptions {
  readonly limits?: Partial<Limits>;
  /** How it waits before it asks again. */
  readonly pause?: Pause;
  /** Ends whatever is asked for, with an AbortError. */
  readonly signal?: AbortSignal;
}

/** A list of 150,000 pods, the most that Kubernetes is made for, has 600 pages. */
const LIMITS: Limits = { bytes: 32 * 1024 * 1024, idleMs: 60_000, answerMs: 180_000, pages: 20_000 };
const PAGE = 250;
/** How often the server may say that the snapshot which a list is read from has expired. */
const MOST_EXPIRIES = 20;
/** A credential is renewed so long before it ends. */
const LEEWAY_MS = 10_000;

/** Reads a cluster over its API: GET requests, and no others. Every fault is a ClusterFault of one line. */
export class ApiClient {
  /** The one that the context names, else "default". */
  readonly namespace: string;
  private readonly connection: Connection;
  private readonly options: ClientOptions;
  private readonly limits: Limits;
  private proof?: Proof;
  private agent?: http.Agent;

  constructor(connection: Connection, options: ClientOptions = {}) {
    this.connection = connection;
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.namespace = connection.namespace;
  }

  /** What the server has at a path, such as /apis. Throws NotServed, AccessDenied, ClusterFault. */
  async get(path: string): Promise<unknown> {
    return this.good(await this.answer(path), 'get', path);
  }

  /**
   * The objects of a list, such as /api/v1/pods, in pages: the next is asked for when the one before has been taken. When
   * the server's snapshot expires meanwhile, the list goes on in a newer one; no object comes twice. Throws as get() does.
   */
  async *list(path: string, from: ListPosition = {}): AsyncGenerator<ListItem> {
    const seen = new Set<string>();
    let position = { limit: PAGE, ...from };
    let expiries = 0;
    for (let pages = 0; pages < this.limits.pages; pages++) {
      const { page, limit, hasExpired } = await this.page(path, position);
      if (hasExpired && ++expiries > MOST_EXPIRIES)
        throw new ClusterFault(`${this.at(path)}: the list changes faster than it can be read`);
      if (page.continue !== undefined && page.continue === position.continue)
        throw new ClusterFault(`${this.at(path)}: the list goes in circles`);
      for (const item of page.items) {
        const uid = uidOf(item);
        if (uid !== undefined && seen.has(uid)) continue;
        if (uid !== undefined) seen.add(uid);
        yield item;
      }
      if (page.continue === undefined && !hasExpired) return;
      position = { limit, continue: page.continue };
    }
    throw new ClusterFault(`${this.at(path)}: the list has no end`);
  }

  /** Closes the connections that are kept; the client can be used no more. */
  close(): void {
    this.agent?.destroy();
  }

  /** A page, with fewer items than asked for where these would be more bytes than are taken. */
  private async page(path: string, position: ListPosition & { readonly limit: number }) {
    for (let limit = position.limit; ; limit = Math.ceil(limit / 4)) {
      const query = new URLSearchParams({ limit: String(limit) });
      if (position.continue !== undefined) query.set('continue', position.continue);
      try {
        const answer = await this.answer(`${path}?${query}`);
        const hasExpired = answer.status === 410;
        return { page: hasExpired ? expired(answer) : this.pageIn(answer, path), limit, hasExpired };
      } catch (fault) {
        if (!(fault instanceof TooLong) || limit <= 1) throw fault;
      }
    }
  }

  private pageIn(answer: Answer, path: string): ListPage {
    const value = this.good(answer, 'list', path);
    try {
      return pageOf(value);
    } catch (fault) {
      throw faultOfNetwork(fault, new URL(this.at(path)));
    }
  }

  /** What a server says, after as many attempts as it needs. */
  private async answer(path: string): Promise<Answer> {
    let isRenewed = false;
    for (let attempt = 1; ; attempt++) {
      const { answer, fault } = await this.attempt(path);
      if (answer?.status === 401 && !isRenewed) {
        // It may have ended early, or in between.
        isRenewed = true;
        this.forget();
        continue;
      }
      const isPassingBy = answer ? isWorthAnotherTry(answer.status) : isPassing(fault);
      if (isPassingBy && attempt < MOST_ATTEMPTS) {
        const pause = this.options.pause ?? realPause;
        await pause(pauseAfter(attempt, answer?.headers['retry-after']), this.options.signal);
      } else if (answer) return answer;
      else throw faultOfNetwork(fault, new URL(this.at(path)));
    }
  }

  private async attempt(path: string): Promise<{ readonly answer?: Answer; readonly fault?: unknown }> {
    const { proof, agent } = await this.proven();
    const headers = {
      ...this.connection.headers,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'callgate',
      ...(proof.authorization !== undefined && { authorization: proof.authorization }),
    };
    const { limits } = this;
    const { signal } = this.options;
    try {
      return { answer: await httpGet({ url: new URL(this.at(path)), agent, headers, limits, signal }) };
    } catch (fault) {
      return { fault };
    }
  }

  /** A proof that has not ended yet, and connections that were made with it. */
  private async proven(): Promise<{ readonly proof: Proof; readonly agent: http.Agent }> {
    if (this.proof?.validUntil !== undefined && this.proof.validUntil < Date.now() + LEEWAY_MS) this.forget();
    this.proof ??= await this.connection.credential();
    const { cert, key } = this.proof;
    const { protocol } = this.connection.server;
    this.agent ??=
      protocol === 'http:'
        ? new http.Agent({ keepAlive: true, maxSockets: 2 })
        : new https.Agent({ keepAlive: true, maxSockets: 2, ...this.connection.tls, cert, key });
    return { proof: this.proof, agent: this.agent };
  }

  private forget(): void {
    this.agent?.destroy();
    this.agent = undefined;
    this.proof = undefined;
  }

  /** What an answer says, if it is the one that was asked for. */
  private good({ status, headers, body }: Answer, verb: 'get' | 'list', path: string): unknown {
    const at = printable(this.at(path));
    if (status >= 200 && status < 300) return parseJson(body, `${at}: what the server says`);
    const { who } = this.connection;
    const access = accessOf(verb, path);
    if (status === 403 && access) throw new AccessDenied(`${who} ${describeDenial(access)}`, access);
    if (status === 401) throw new ClusterFault(`${at}: ${this.unknown()}`);
    if (status === 404) throw new NotServed(`${at}: the cluster has nothing there`);
    if (status >= 300 && status < 400)
      throw new ClusterFault(
        `${at}: the server sends elsewhere (${printable(headers.location ?? '')}), which is not followed: is it a Kubernetes API?`,
      );
    throw new ClusterFault(`${at}: the server answers with ${status}${reasonIn(body)}`);
  }

  private unknown(): string {
    const { who } = this.connection;
    const { authorization, cert } = this.proof ?? {};
    return authorization || cert
      ? `the server does not accept the credentials of ${who}: log in again`
      : `the server wants to know who asks, and ${who} has no credentials`;
  }

  private at(path: string): string {
    const { origin, pathname } = this.connection.server;
    return `${origin}${pathname === '/' ? '' : pathname}${path}`;
  }
}

/** The snapshot of a list has expired: where it goes on in a newer one, or from its beginning. */
function expired({ body }: Answer): ListPage {
  try {
    return { items: [], continue: continueOf(parseJson(body, '')) };
  } catch {
    return { items: [] };
  }
}

/** What the server gives as the reason, if it does. */
function reasonIn(body: Buffer): string {
  try {
    const reason = textOf(objectOf(parseJson(body, ''))?.message);
    return reason === undefined ? '' : `: ${printable(reason)}`;
  } catch {
    return '';
  }
}
