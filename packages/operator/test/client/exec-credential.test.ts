import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOKEN } from '@callgate/testing/api-server';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, expect, it } from 'vitest';
import { faultOf, serve } from './server.ts';

const undo = new Undo();
afterEach(() => undo.run());

const VERSION = 'client.authentication.k8s.io/v1';

/** A program of the shell, in a folder of its own. */
function program(script: string): string {
  const path = join(undo.folder(), 'plugin');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const credential = (status: object) =>
  JSON.stringify({ kind: 'ExecCredential', apiVersion: VERSION, status });
const says = (text: string) => `cat <<'END'\n${text}\nEND`;
const user = (command: string, more = {}) => ({
  exec: { apiVersion: VERSION, command, interactiveMode: 'Never', ...more },
});

describeWith(['openssl'], 'a program for credentials', () => {
  it('gives a token, is told of the cluster, and is run once', async () => {
    const { server, client } = await serve(undo);
    const plugin = program(
      `echo "$1 $A $KUBERNETES_EXEC_INFO" >> "$0.log"\n${says(credential({ token: TOKEN }))}`,
    );
    const cluster = await client({
      user: user(plugin, { args: ['get'], env: [{ name: 'A', value: 'b' }], provideClusterInfo: true }),
      cluster: { extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x' } }] },
    });
    for (let i = 0; i < 2; i++)
      expect(await cluster.get('/api/v1/nodes')).toMatchObject({ kind: 'NodeList' });
    const [log, ...others] = readFileSync(`${plugin}.log`, 'utf8').trim().split('\n');
    expect(others).toEqual([]);
    expect(log).toMatch(/^get b \{/);
    expect(JSON.parse(log!.slice('get b '.length))).toEqual({
      kind: 'ExecCredential',
      apiVersion: VERSION,
      spec: {
        interactive: false,
        cluster: {
          server: server.url,
          config: { audience: 'x' },
          'certificate-authority-data': readFileSync(server.certificates.file('ca.crt')).toString('base64'),
        },
      },
    });
  });

  it('is not run for who has a token', async () => {
    const { client } = await serve(undo);
    const cluster = await client({ user: { token: TOKEN, ...user('no-such-program') } });
    expect(await cluster.get('/api/v1/nodes')).toMatchObject({ kind: 'NodeList' });
  });

  it('gives a certificate', async () => {
    const { server, client } = await serve(undo);
    const pem = (name: string) => readFileSync(server.certificates.file(name), 'utf8');
    const status = { clientCertificateData: pem('admin.crt'), clientKeyData: pem('admin.key') };
    const cluster = await client({ user: user(program(says(credential(status)))) });
    expect(await cluster.get('/api/v1/secrets')).toMatchObject({ kind: 'SecretList' });
  });

  it('is run again before its token ends, and when the token is refused', async () => {
    const { server, client } = await serve(undo);
    const soon = new Date(Date.now() + 5000).toISOString();
    const plugin = program(
      `echo >> "$0.log"\n${says(credential({ token: TOKEN, expirationTimestamp: soon }))}`,
    );
    const runs = () => readFileSync(`${plugin}.log`, 'utf8').length;
    const cluster = await client({ user: user(plugin) });
    for (let i = 0; i < 2; i++) await cluster.get('/api/v1/nodes');
    expect(runs()).toBe(2);
    const wrong = program(`echo >> "$0.log"\n${says(credential({ token: 'wrong' }))}`);
    expect(await faultOf((await client({ user: user(wrong) })).get('/api/v1/nodes'))).toMatch(
      /does not accept the credentials/,
    );
    expect(readFileSync(`${wrong}.log`, 'utf8')).toHaveLength(2);
    expect(server.written).toEqual([]);
  });

  it.each([
    ['exit 3', /ended with 3: run it by hand, or log in again$/],
    ['kill -9 $$', /ended with SIGKILL: run it by hand/],
    ['yes', /says more than 1048576 bytes$/],
    ['echo hello', /says is no JSON$/],
    ['echo {}', /answers with no ExecCredential of client.authentication.k8s.io\/v1$/],
    [says(credential({})), /gives neither a token nor a certificate with its key$/],
    [says(credential({ token: 'a\nb' })), /gives a token that cannot be sent$/],
    [says(credential({ clientCertificateData: 'x' })), /gives neither a token nor/],
  ])('may fail: %s', async (script, fault) => {
    const { client } = await serve(undo);
    expect(await faultOf((await client({ user: user(program(script)) })).get('/api/v1/nodes'))).toMatch(
      fault,
    );
  });

  it('may be missing, and how it is installed is said', async () => {
    const { client } = await serve(undo);
    const ask = async (more: object) =>
      faultOf((await client({ user: user('no-such-program', more) })).get('/api/v1/nodes'));
    expect(await ask({ installHint: 'get it\nfrom\u001b[1m us' })).toBe(
      'the program "no-such-program" for credentials is not installed: get it\\x0afrom\\x1b[1m us',
    );
    expect(await ask({})).toMatch(/is not installed$/);
    expect(await ask({ env: [{ name: 'A', value: 'a\0b' }] })).toMatch(
      /^the program "no-such-program" for credentials cannot be run: /,
    );
    expect(await ask({ interactiveMode: 'Always' })).toMatch(/must be run at a terminal, and stdin is none$/);
  });
});
