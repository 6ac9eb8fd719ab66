import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { stored } from '@callgate/testing/api-resources';
import { refusal, send } from '@callgate/testing/api-server';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, expect, it } from 'vitest';
import { AccessDenied, NotServed } from '../../src/client/cluster-fault.ts';
import type { ListItem } from '../../src/client/list-page.ts';
import { all, faultOf, serve } from './server.ts';

const undo = new Undo();
afterEach(() => undo.run());

const PODS = '/api/v1/pods';
const nameOf = (item: ListItem) => (item.metadata as { name: string }).name;
const pods = (count: number) =>
  Array.from({ length: count }, (_, i) => stored('Pod', `pod-${String(i).padStart(4, '0')}`, 'shop'));

describeWith(['openssl'], 'lists', () => {
  it('gives every object of a list once, in pages', async () => {
    const { server, client } = await serve(undo, pods(601));
    const names = (await all((await client()).list(PODS))).map(nameOf);
    expect(names).toEqual(server.objects.map(({ metadata }) => metadata.name));
    expect(server.asked).toHaveLength(3);
    expect(server.asked[0]).toBe('/api/v1/pods?limit=250');
    expect(server.connections).toBe(1);
  });

  it('asks for the next page when the one before has been taken', async () => {
    const { server, client } = await serve(undo, pods(10));
    const list = (await client()).list(PODS, { limit: 4 });
    for (let i = 0; i < 4; i++) await list.next();
    expect(server.asked).toHaveLength(1);
    await list.next();
    expect(server.asked).toHaveLength(2);
    await list.return(undefined);
    expect(server.asked).toHaveLength(2);
  });

  it.each([true, false])('goes on when the snapshot has expired (told where: %s)', async (tells) => {
    const { server, client } = await serve(undo, pods(10));
    server.tellsWhereToGoOn = tells;
    const names: string[] = [];
    for await (const item of (await client()).list(PODS, { limit: 4 })) {
      names.push(nameOf(item));
      if (names.length === 4) {
        server.objects = [
          ...server.objects.filter((o) => o.metadata.name !== 'pod-0006'),
          stored('Pod', 'pod-9999', 'shop'),
        ];
        server.expireSnapshots();
      }
    }
    const expected = [
      'pod-0000',
      'pod-0001',
      'pod-0002',
      'pod-0003',
      'pod-0004',
      'pod-0005',
      'pod-0007',
      'pod-0008',
      'pod-0009',
      'pod-9999',
    ];
    expect(names).toEqual(expected);
  });

  it('ends when a snapshot expires again and again', async () => {
    const { server, client } = await serve(undo, pods(10));
    const gone = (_: unknown, response: ServerResponse) =>
      send(response, refusal(410, 'Expired', 'The provided continue parameter is too old'));
    for (let i = 0; i < 21; i++) server.next.push(undefined, gone);
    const fault = await faultOf(all((await client()).list(PODS, { limit: 4 })));
    expect(fault).toMatch(/^https:.*\/api\/v1\/pods: the list changes faster than it can be read$/);
  });

  it('asks for less at once where the answer is too long, and goes on so', async () => {
    const { server, client } = await serve(undo, pods(100));
    const found = await all((await client({ limits: { bytes: 10_000 } })).list(PODS));
    expect(found).toHaveLength(100);
    const limits = server.asked.map((path) => new URLSearchParams(path.split('?')[1]).get('limit'));
    expect(limits.slice(0, 3)).toEqual(['250', '63', '16']);
    expect(new Set(limits.slice(2))).toEqual(new Set(['16']));
  });

  it('goes on from where it is told', async () => {
    const { server, client } = await serve(undo, pods(10));
    const cluster = await client();
    const page = (await cluster.get(`${PODS}?limit=6`)) as { metadata: { continue: string } };
    expect(await all(cluster.list(PODS, { continue: page.metadata.continue }))).toHaveLength(4);
    expect(server.written).toEqual([]);
  });
});

describeWith(['openssl'], 'a server that is busy', () => {
  it.each([429, 500, 502, 503, 504])('is asked again after %i', async (code) => {
    const { server, client } = await serve(undo);
    const pauses: number[] = [];
    const cluster = await client({ pause: async (ms) => void pauses.push(ms) });
    const busy = (_: unknown, response: ServerResponse) => send(response, refusal(code, 'Busy', 'later'));
    server.next.push(busy, busy);
    expect(await all(cluster.list('/api/v1/nodes'))).toHaveLength(2);
    expect(pauses).toEqual(code === 429 ? [1000, 1000] : [500, 1000]);
  });

  it('is given up after five times, in its own words', async () => {
    const { server, client } = await serve(undo);
    const busy = (_: unknown, response: ServerResponse) =>
      send(response, refusal(503, 'Busy', 'the \u001b[31mstore\n is down'));
    server.next.push(...Array.from({ length: 9 }, () => busy));
    const fault = await faultOf(all((await client()).list('/api/v1/nodes')));
    expect(fault).toMatch(/\/api\/v1\/nodes: the server answers with 503: the \\x1b\[31mstore\\x0a is down$/);
    expect(server.asked).toHaveLength(5);
  });

  it('may break a connection off', async () => {
    const { server, client } = await serve(undo);
    server.next.push((request) => void request.socket.destroy());
    server.next.push((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"kind"');
      setTimeout(() => response.destroy(), 10);
    });
    expect(await all((await client()).list('/api/v1/nodes'))).toHaveLength(2);
    expect(server.asked).toHaveLength(3);
  });

  it('is not asked again after the client has been told to stop', async () => {
    const { server, client } = await serve(undo);
    const stop = new AbortController();
    server.next.push(() => stop.abort());
    const asking = all((await client({ signal: stop.signal })).list('/api/v1/nodes'));
    await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.asked).toHaveLength(1);
  });
});

describeWith(['openssl'], 'who may not', () => {
  it('is told which right is missing', async () => {
    const { client } = await serve(undo, undefined, []);
    const cluster = await client();
    const denied = async (path: string) => {
      const fault = await all(cluster.list(path)).catch((f) => f);
      expect(fault).toBeInstanceOf(AccessDenied);
      return fault.message;
    };
    expect(await denied('/api/v1/namespaces/shop/pods')).toBe(
      'the user "tester" may not list pods in namespace "shop": this needs verbs [list] on pods',
    );
    expect(await denied('/apis/apps/v1/deployments')).toBe(
      'the user "tester" may not list deployments: this needs verbs [list] on deployments.apps',
    );
    expect(await faultOf(cluster.get('/api/v1/nodes/one/proxy/configz'))).toBe(
      'the user "tester" may not get nodes/proxy: this needs verbs [get] on nodes/proxy',
    );
  });

  it('is told when nobody knows them', async () => {
    const { server, client } = await serve(undo);
    const cluster = await client({ user: { token: 'of-yesterday' } });
    expect(await faultOf(cluster.get('/api/v1/nodes'))).toBe(
      `${server.url}/api/v1/nodes: the server does not accept the credentials of the user "tester": log in again`,
    );
    expect(server.asked).toHaveLength(2);
    const nobody = await client({ user: {} });
    expect(await faultOf(nobody.get('/api/v1/nodes'))).toMatch(/may not list nodes|may not get nodes/);
  });

  it('finds nothing where nothing is', async () => {
    const { client } = await serve(undo);
    await expect((await client()).get('/apis/example.org/v1')).rejects.toBeInstanceOf(NotServed);
  });
});

it('has no other verb than GET', () => {
  const folder = join(import.meta.dirname, '../../src/client');
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const requests = texts.flatMap((text) => text.match(/\b(https?\.(request|get)|fetch\(|method:)/g) ?? []);
  expect(requests.sort()).toEqual(['http.get', 'https.get']);
  expect(texts.join('\n')).not.toMatch(/['"`](POST|PUT|PATCH|DELETE)\b/);
});
