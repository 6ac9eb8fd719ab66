import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { knownLogin } from '@callgate/linux/internal/registry/docker-config';
import { parseReference } from '@callgate/linux/internal/registry/reference';
import { Registry } from '@callgate/linux/internal/registry/registry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let handler: Handler;
let seen: string[];
const folder = mkdtempSync(join(tmpdir(), 'callgate-registry-'));
const env = { DOCKER_CONFIG: folder };

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? '-'}`);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  configured({});
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(join(folder, 'config.json'), { force: true });
});

const host = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const configured = (config: object) => writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
const registry = (suffix = ':1', actions: 'pull' | 'pull,push' = 'pull') =>
  new Registry(parseReference(`${host()}/team/web${suffix}`)!, actions, env);
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const auth = Buffer.from('me:secret:word').toString('base64');

describe('a registry', () => {
  it('is asked for a tag, and for a digest that the bytes must have', async () => {
    handler = (_, response) => response.end('{}');
    expect((await registry().manifest('a/b')).digest).toBe(digestOf('{}'));
    expect((await registry(`@${digestOf('{}')}`).manifest('a/b')).digest).toBe(digestOf('{}'));
    await expect(registry(`@${digestOf('[]')}`).manifest('a/b')).rejects.toThrow('have another digest');
    await expect(registry().blob(digestOf('[]'), 2)).rejects.toThrow('have another digest');
    await expect(registry().blob(digestOf('{}'), 3)).rejects.toThrow('has 2 bytes, and not 3');
    expect(seen.slice(0, 2)).toEqual([
      'GET /v2/team/web/manifests/1 -',
      `GET /v2/team/web/manifests/${digestOf('{}')} -`,
    ]);
  });

  it('gives no more bytes than it said', async () => {
    handler = (_, response) => response.end('x'.repeat(100_000));
    await expect(registry().blob(digestOf('x'), 10)).rejects.toThrow('longer than 10 bytes');
  });

  it('may end too soon', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('abc');
      setTimeout(() => response.destroy(), 20);
    };
    await expect(registry().blob(digestOf('x'), 10)).rejects.toThrow(/ended too soon|aborted/);
  });

  it('wants a login, which Docker knows', async () => {
    configured({ auths: { [host()]: { auth } } });
    handler = (request, response) => {
      if (request.headers.authorization !== `Basic ${auth}`)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' });
      response.end('{}');
    };
    await registry().manifest('a/b');
    expect(seen.at(-1)).toBe(`GET /v2/team/web/manifests/1 Basic ${auth}`);
    // Nobody is told a password who has not asked for it.
    expect(seen[0]).toBe('GET /v2/team/web/manifests/1 -');
  });

  it('wants a token from somewhere, and is given it for what is done', async () => {
    configured({ auths: { [host()]: { auth } } });
    handler = (request, response) => {
      if (request.url!.startsWith('/token')) response.end('{"token": "t0"}');
      else if (request.headers.authorization !== 'Bearer t0')
        response
          .writeHead(401, { 'www-authenticate': `Bearer realm="http://${host()}/token",service="s"` })
          .end();
      else response.end('{}');
    };
    await registry('', 'pull,push').manifest('a/b');
    expect(seen[1]).toBe(`GET /token?service=s&scope=repository%3Ateam%2Fweb%3Apull%2Cpush Basic ${auth}`);
  });

  it('says why nobody is let in', async () => {
    handler = (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    await expect(registry().manifest('a/b')).rejects.toThrow(`docker login ${host()}`);
    configured({ credsStore: 'desktop' });
    await expect(registry().manifest('a/b')).rejects.toThrow(
      'a credential helper, which callgate does not run',
    );
  });

  it('sends elsewhere, without being told who asks there', async () => {
    configured({ auths: { [host()]: { auth } } });
    const other = createServer((request, response) => {
      seen.push(`other ${request.headers.authorization ?? '-'}`);
      response.end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    handler = (request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      else
        response
          .writeHead(307, { location: `http://localhost:${(other.address() as AddressInfo).port}/x` })
          .end();
    };
    await registry().blob(digestOf('{}'), 2);
    expect(seen.at(-1)).toBe('other -');
    other.close();
  });

  it('sends elsewhere, and nobody there gets the login by wanting one', async () => {
    configured({ auths: { [host()]: { auth } } });
    const other = createServer((request, response) => {
      seen.push(`other ${request.url} ${request.headers.authorization ?? '-'}`);
      const realm = `http://${request.headers.host}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/x`;
    handler = (_, response) => response.writeHead(307, { location }).end();
    await expect(registry().blob(digestOf('{}'), 2)).rejects.toThrow('which wants a login');
    expect(seen.filter((line) => line.startsWith('other'))).toEqual(['other /x -']);
    other.close();
  });

  it.each([
    [
      'ever on',
      (_: IncomingMessage, response: ServerResponse) => response.writeHead(307, { location: '/again' }).end(),
      'for ever',
    ],
    [
      'to another protocol',
      (_: IncomingMessage, response: ServerResponse) =>
        response.writeHead(302, { location: 'http://r.example/x' }).end(),
      'only https',
    ],
    [
      'to a file',
      (_: IncomingMessage, response: ServerResponse) =>
        response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'only https',
    ],
    [
      'nowhere',
      (_: IncomingMessage, response: ServerResponse) =>
        response.writeHead(302, { location: 'http://[' }).end(),
      'no URL',
    ],
  ] as const)('does not send %s', async (_, answer, message) => {
    handler = answer;
    await expect(registry().manifest('a/b')).rejects.toThrow(message);
  });

  it('keeps what is put there, once', async () => {
    const blobs = new Map<string, Buffer>();
    handler = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const url = new URL(request.url!, `http://${host()}`);
        const digest = url.searchParams.get('digest') ?? url.pathname.split('/').at(-1)!;
        if (request.method === 'HEAD') response.writeHead(blobs.has(digest) ? 200 : 404).end();
        else if (request.method === 'POST') response.writeHead(202, { location: '/upload?state=1' }).end();
        else {
          blobs.set(digest, Buffer.concat(chunks));
          response
            .writeHead(201, { 'docker-content-digest': digestOf(Buffer.concat(chunks).toString()) })
            .end();
        }
      });
    };
    const there = registry(':1', 'pull,push');
    const blob = { digest: digestOf('abc'), bytes: Buffer.from('abc') };
    await there.putBlob(blob);
    await there.putBlob(blob);
    expect(seen.filter((line) => line.startsWith('PUT'))).toEqual([
      `PUT /upload?state=1&digest=${encodeURIComponent(blob.digest)} -`,
    ]);
    expect(blobs.get(blob.digest)?.toString()).toBe('abc');
    await there.putManifest(blob, 'a/b');
    await expect(there.putManifest({ ...blob, digest: digestOf('x') }, 'a/b')).rejects.toThrow(
      'stored the manifest as',
    );
  });

  it('that is not there is named', async () => {
    const at = host();
    server.close();
    server.closeAllConnections();
    const gone = new Registry(parseReference(`${at}/web:1`)!, 'pull', env);
    await expect(gone.manifest('a/b')).rejects.toThrow(`${at}: connect ECONNREFUSED`);
  });
});

describe("Docker's configuration", () => {
  it.each([
    [{ auths: { 'r.example': { auth } } }, { kind: 'login', login: { user: 'me', password: 'secret:word' } }],
    [
      { auths: { 'https://r.example': { auth } } },
      { kind: 'login', login: { user: 'me', password: 'secret:word' } },
    ],
    [
      { auths: { 'r.example': { username: 'a', password: 'b' } } },
      { kind: 'login', login: { user: 'a', password: 'b' } },
    ],
    [{ auths: { 'r.example': {} }, credsStore: 'desktop' }, { kind: 'helper' }],
    [{ credHelpers: { 'r.example': 'gcloud' } }, { kind: 'helper' }],
    [{ credHelpers: { 'other.example': 'gcloud' } }, { kind: 'none' }],
    [{ auths: { 'r.example': { auth: 'bm9uZQ==' } } }, { kind: 'none' }],
    [{ auths: null }, { kind: 'none' }],
    [{}, { kind: 'none' }],
  ])('%j', (config, known) => {
    configured(config);
    expect(knownLogin('r.example', env)).toEqual(known);
  });

  it('that is no JSON, or not there, knows nobody', () => {
    writeFileSync(join(folder, 'config.json'), '{');
    expect(knownLogin('r.example', env)).toEqual({ kind: 'none' });
    expect(knownLogin('r.example', { DOCKER_CONFIG: '/nowhere' })).toEqual({ kind: 'none' });
  });

  it('has Docker Hub under its old name', () => {
    configured({ auths: { 'https://index.docker.io/v1/': { auth } } });
    expect(knownLogin('docker.io', env).kind).toBe('login');
  });
});
