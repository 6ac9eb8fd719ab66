import { TOKEN } from '@callgate/testing/api-server';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { clusterObjects } from '../../src/client/cluster-view.ts';
import { all, faultOf, serve } from './server.ts';

const undo = new Undo();
/** Whether the library was loaded, what it was asked with, and what it is to do. */
const library = vi.hoisted(() => ({
  loads: 0,
  isMissing: false,
  users: [] as unknown[],
  gives: undefined as string | undefined,
}));
vi.mock('@kubernetes/client-node/dist/oidc_auth.js', () => {
  library.loads++;
  class OpenIDConnectAuth {
    async applyAuthentication(user: unknown, options: { headers: Record<string, string> }): Promise<void> {
      library.users.push(user);
      if (library.gives === 'fault') throw new Error('invalid_grant\nat x');
      if (library.gives) options.headers.Authorization = `Bearer ${library.gives}`;
    }
  }
  return {
    get OpenIDConnectAuth() {
      if (library.isMissing) throw new Error('Cannot find package');
      return OpenIDConnectAuth;
    },
  };
});
beforeEach(() => {
  Object.assign(library, { loads: 0, isMissing: false, users: [], gives: undefined });
});
afterEach(() => undo.run());

const jwt = (exp: number) => `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.x`;
const VALID = jwt(Date.now() / 1000 + 3600);
const EXPIRED = jwt(Date.now() / 1000 - 3600);
const REFRESH = { 'client-id': 'c', 'refresh-token': 'r', 'idp-issuer-url': 'https://idp.test' };
const oidc = (config: object) => ({ 'auth-provider': { name: 'oidc', config } });

describeWith(['openssl'], 'a token of an identity provider', () => {
  it('is used as long as it is valid; nothing is loaded for it, nor for any other credential', async () => {
    const { server, client } = await serve(undo);
    const sent: unknown[] = [];
    server.next.push((request, response) => {
      sent.push(request.headers.authorization);
      response.end('{}');
    });
    await (await client({ user: oidc({ 'id-token': VALID }) })).get('/apis');
    expect(sent).toEqual([`Bearer ${VALID}`]);
    await all(clusterObjects(await client(), { namespaces: 'all' }));
    expect(library.loads).toBe(0);
  });

  it('is renewed when it has expired', async () => {
    const { client } = await serve(undo);
    library.gives = TOKEN;
    const config = { 'id-token': EXPIRED, ...REFRESH };
    expect(await (await client({ user: oidc(config) })).get('/api/v1/nodes')).toMatchObject({
      kind: 'NodeList',
    });
    expect(library.loads).toBe(1);
    const asked = { ...config, 'idp-issuer-url': new URL(REFRESH['idp-issuer-url']) };
    expect(library.users).toEqual([{ name: 'tester', authProvider: { name: 'oidc', config: asked } }]);
  });

  it('may fail to be renewed', async () => {
    const { client } = await serve(undo);
    const fault = async (config: object) =>
      faultOf((await client({ user: oidc(config) })).get('/api/v1/nodes'));
    expect(await fault({ 'id-token': EXPIRED, 'client-id': 'c' })).toMatch(
      /users "tester" has no valid id-token, and no refresh-token, idp-issuer-url to renew it: log in again$/,
    );
    expect(await fault({ 'id-token': 'x', ...REFRESH })).toMatch(
      /the provider gives no other: log in again$/,
    );
    expect(await fault({ 'id-token': EXPIRED, ...REFRESH, 'idp-issuer-url': 'http://x' })).toMatch(
      /users "tester" has the idp-issuer-url "http:\/\/x", which does not begin with https:\/\/$/,
    );
    library.gives = 'fault';
    expect(await fault({ 'id-token': EXPIRED, ...REFRESH })).toMatch(
      /renewing it failed \(invalid_grant\), any kubectl command renews it$/,
    );
  });

  it('says what is missing where the library is', async () => {
    const { client } = await serve(undo);
    library.isMissing = true;
    const user = oidc({ 'id-token': EXPIRED, ...REFRESH });
    expect(await faultOf((await client({ user })).get('/api/v1/nodes'))).toMatch(
      /: any kubectl command renews it, or callgate can after npm install @kubernetes\/client-node@1.4.0$/,
    );
  });

  it('is of no provider but OIDC', async () => {
    const { client } = await serve(undo);
    const user = { 'auth-provider': { name: 'gcp', config: {} } };
    expect(await faultOf((await client({ user })).get('/api/v1/nodes'))).toMatch(
      /has the auth-provider "gcp", of which only "oidc" is left: use exec$/,
    );
  });
});
