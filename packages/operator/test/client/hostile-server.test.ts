import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, afterEach, expect, it } from 'vitest';
import { all, faultOf, type Served, serve } from './server.ts';

const undo = new Undo();
afterEach(() => undo.run());

const LIMITS = { bytes: 100_000, idleMs: 300, answerMs: 900, pages: 50 };
const NODES = '/api/v1/nodes';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** One for all that only answers. */
const shared = new Undo();
let served: Served | undefined;
afterAll(() => shared.run());

/** What a list ends with when the server answers every request so. */
async function faultWith(handler: Handler): Promise<string> {
  served ??= await serve(shared);
  const { server, client } = served;
  server.next.splice(0, server.next.length, ...Array.from({ length: 100 }, () => handler));
  const fault = await faultOf(all((await client({ limits: LIMITS })).list(NODES)));
  return fault.replace(server.url, '');
}

const says =
  (text: string | Buffer, headers = {}): Handler =>
  (_, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(text);

const list = (items: unknown, more = {}) => JSON.stringify({ kind: 'NodeList', metadata: more, items });

describeWith(['openssl'], 'a hostile server', () => {
  it('may send without end', async () => {
    const endless: Handler = (_, response) => {
      response.writeHead(200);
      const more = () => {
        response.write(Buffer.alloc(16_384, 0x20));
        if (!response.destroyed) setImmediate(more);
      };
      more();
    };
    expect(await faultWith(endless)).toBe(
      `${NODES}?limit=1: the server's answer is longer than 100000 bytes`,
    );
  });

  it('may announce an answer that is too long', async () => {
    const announces: Handler = (_, response) =>
      void response.writeHead(200, { 'content-length': '9e9' }).write(' ');
    expect(await faultWith(announces)).toMatch(/breaks the connection off|longer than|Parse Error/);
    const longer: Handler = (_, response) =>
      void response.writeHead(200, { 'content-length': '100001' }).write(' ');
    expect(await faultWith(longer)).toMatch(/the server's answer is longer than 100000 bytes$/);
  });

  it('may say nothing, or a byte now and then', async () => {
    expect(await faultWith(() => {})).toMatch(/the server says nothing for 0.3 s$/);
    const drips: Handler = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(timer));
    };
    expect(await faultWith(drips)).toMatch(/the server has not come to an end of its answer for 0.9 s$/);
  });

  it('may send what is no JSON, or no list', async () => {
    expect(await faultWith(says('<html>'))).toBe(`${NODES}: what the server says is no JSON`);
    expect(await faultWith(says(''))).toMatch(/is no JSON$/);
    expect(await faultWith(says('null'))).toBe(
      `${NODES}: the server answers with something else than a list of objects`,
    );
    for (const items of [{}, 'x', [1], [[]], [null]])
      expect(await faultWith(says(list(items)))).toMatch(/something else than a list/);
    expect(await faultWith(says(`{"items":${'['.repeat(40_000)}`))).toMatch(/nests deeper than 64 levels$/);
    expect(await faultWith(says(`{"items":["\\"${'['.repeat(400)}"${'['.repeat(70)}`))).toMatch(
      /nests deeper than 64 levels$/,
    );
    expect(await faultWith(says(`{"items":["\\"${'['.repeat(400)}"`))).toMatch(/is no JSON$/);
  });

  it('may send elsewhere', async () => {
    const sends: Handler = (_, response) =>
      void response.writeHead(302, { location: 'https://other.test/\u009b' }).end();
    expect(await faultWith(sends)).toBe(
      `${NODES}: the server sends elsewhere (https://other.test/\\x9b), which is not followed: is it a Kubernetes API?`,
    );
  });

  it('may compress what grows without end', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, 0x20));
    expect(await faultWith(says(bomb, { 'content-encoding': 'gzip' }))).toBe(
      `${NODES}?limit=250: the server compresses its answer, which it was not asked for`,
    );
  });

  it('may go on in circles, or for ever', async () => {
    expect(await faultWith(says(list([], { continue: 'a' })))).toBe(`${NODES}: the list goes in circles`);
    let page = 0;
    const further: Handler = (request, response) =>
      says(list([], { continue: `${++page}` }))(request, response);
    expect(await faultWith(further)).toBe(`${NODES}: the list has no end`);
    expect(page).toBe(50);
  });

  it('may send very many things that are nothing', async () => {
    const { server, client } = await serve(undo);
    server.next.push(
      says(`{"items":[${'{},'.repeat(2_000_001)}{}]}`),
      says(list([], { continue: 'x'.repeat(9000) })),
    );
    const cluster = await client();
    expect(await faultOf(all(cluster.list(NODES)))).toMatch(
      /: what the server says has more than 2000000 objects$/,
    );
    expect(await faultOf(all(cluster.list(NODES)))).toMatch(
      /: the server says in 9000 characters where the list goes on$/,
    );
  });

  it('may refuse at length, and ask to come back in a year', async () => {
    const pauses: number[] = [];
    const { server, client } = await serve(undo);
    const refuses: Handler = (_, response) =>
      void response.writeHead(503, { 'retry-after': '31536000' }).end('x'.repeat(1_000_000));
    server.next.push(...Array.from({ length: 5 }, () => refuses));
    const asking = all((await client({ pause: async (ms) => void pauses.push(ms) })).list(NODES));
    expect(await faultOf(asking)).toMatch(/the server answers with 503$/);
    expect(pauses).toEqual([30_000, 30_000, 30_000, 30_000]);
  });

  it('may have keys that mean something to JavaScript', async () => {
    const { server, client } = await serve(undo);
    server.next.push(says('{"items":[{"__proto__":{"x":1},"metadata":{"uid":5},"constructor":1}]}'));
    const [item] = await all((await client()).list(NODES));
    expect(Object.getPrototypeOf(item)).toBe(Object.prototype);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('may be none that is meant', async () => {
    const { server, client } = await serve(undo);
    const other = await serve(undo);
    const foreign = { 'certificate-authority': other.server.certificates.file('ca.crt') };
    expect(await faultOf((await client({ cluster: foreign })).get(NODES))).toMatch(
      /its certificate is of no authority that is trusted: set certificate-authority to the one of the cluster$/,
    );
    const named = { 'tls-server-name': 'other.test' };
    expect(await faultOf((await client({ cluster: named })).get(NODES))).toMatch(
      /its certificate is for other names: set tls-server-name/,
    );
    expect(server.asked).toEqual([]);
    const right = await client({ cluster: { 'tls-server-name': 'kubernetes.test' } });
    expect(await right.get(NODES)).toMatchObject({ kind: 'NodeList' });
    const unverified = { 'certificate-authority': undefined, 'insecure-skip-tls-verify': true };
    expect(await (await client({ cluster: unverified })).get(NODES)).toMatchObject({ kind: 'NodeList' });
  });

  it('may speak no TLS, or not be there', async () => {
    const plain = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('hello there, this is no TLS\r\n', () => socket.destroy());
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    undo.defer(() => new Promise((resolve) => plain.close(resolve)));
    const { client } = await serve(undo);
    const at = (port: number) => ({ server: `https://127.0.0.1:${port}` });
    const { port } = plain.address() as AddressInfo;
    expect(await faultOf((await client({ cluster: at(port) })).get(NODES))).toMatch(
      /does not speak TLS|no TLS comes about/,
    );
    expect(await faultOf((await client({ cluster: at(1) })).get(NODES))).toMatch(
      /nobody listens there: does the cluster run\?$/,
    );
  });
});
