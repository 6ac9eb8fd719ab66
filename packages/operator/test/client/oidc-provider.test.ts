import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificates } from '@callgate/testing/certificates';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, expect, it, vi } from 'vitest';
import { oidcToken } from '../../src/client/oidc-token.ts';
import { faultOf } from './server.ts';

const undo = new Undo();
afterEach(async () => {
  vi.unstubAllEnvs();
  await undo.run();
});

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

function jwt(claims: object): string {
  const parts = [{ alg: 'RS256' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${parts.join('.')}.c2ln`;
}

/** An identity provider as OpenID Connect Discovery 1.0 has it, that gives one new token for the refresh token "good". */
async function provider(): Promise<{ issuer: string; renewed: string }> {
  const { file } = makeCertificates(undo.folder(), {
    server: { subject: '/CN=idp', addresses: 'IP:127.0.0.1' },
  });
  const server = createServer({
    cert: readFileSync(file('server.crt')),
    key: readFileSync(file('server.key')),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.defer(() => server.closeAllConnections());
  undo.defer(() => server.close());
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const claims = { iss: issuer, sub: 'jane', aud: 'callgate-test', iat: inSeconds(0), exp: inSeconds(3600) };
  const renewed = jwt(claims);
  const discovery = {
    issuer,
    token_endpoint: `${issuer}/token`,
    id_token_signing_alg_values_supported: ['RS256'],
  };
  server.on('request', async (request, response) => {
    const form = new URLSearchParams((await request.toArray()).join(''));
    const isGood = request.url !== '/token' || form.get('refresh_token') === 'good';
    const token = { access_token: 'a', token_type: 'bearer', expires_in: 3600, id_token: renewed };
    const answer = isGood ? (request.url === '/token' ? token : discovery) : { error: 'invalid_grant' };
    response
      .writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer));
  });
  return { issuer, renewed };
}

describeWith(['openssl'], '@kubernetes/client-node itself', () => {
  it('renews a token that has expired', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { issuer, renewed } = await provider();
    const config = { 'id-token': jwt({ exp: 1 }), 'client-id': 'callgate-test', 'idp-issuer-url': issuer };
    const ask = (token: string) =>
      oidcToken({ name: 'oidc', config: { ...config, 'refresh-token': token } }, 'jane', 'config');
    expect(await ask('good')).toBe(renewed);
    expect(await faultOf(ask('bad'))).toMatch(
      /^config: users "jane" has an id-token that has expired; renewing it failed \(/,
    );
  });
});
