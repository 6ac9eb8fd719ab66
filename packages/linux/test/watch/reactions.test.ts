import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '@callgate/linux/internal/process/processes';
import { CommandQueue } from '@callgate/linux/internal/watch/command-queue';
import { FollowedFile } from '@callgate/linux/internal/watch/followed-file';
import { MetricsServer } from '@callgate/linux/internal/watch/metrics-server';
import { until } from '@callgate/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'callgate-reactions-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('command queue', () => {
  it('runs one at a time, in order, with the facts, and counts what it drops', async () => {
    const out = join(folder, 'out');
    const queue = new CommandQueue(
      `echo "<$N" >> ${out}; sleep 0.01; echo "$N>" >> ${out}`,
      process.env,
      () => {},
    );
    for (let n = 0; n < 150; n++) queue.add({ N: String(n) });
    // One runs, and a hundred wait.
    expect(queue.dropped).toBe(49);
    await until('all have run', () => read(out).split('\n').length > 202);
    const expected = Array.from({ length: 101 }, (_, n) => `<${n}\n${n}>\n`).join('');
    expect(read(out)).toBe(expected);
    await queue.close();
    expect(queue.failed).toBe(0);
  }, 30_000);

  it('hands on what is printed, tells failures, and takes facts for text', async () => {
    let said = '';
    const queue = new CommandQueue('echo "$FACT"; exit 3', process.env, (text) => {
      said += text;
    });
    queue.add({ FACT: '$(touch /nowhere); `id`' });
    await queue.close();
    expect(said).toBe('$(touch /nowhere); `id`\n');
    expect(queue.failed).toBe(1);
  });

  it('leaves nothing behind of a command that does not end, or that goes on in the background', async () => {
    const pids = join(folder, 'pids');
    const queue = new CommandQueue(
      `sleep 600 & echo $! >> ${pids}; [ $N = 1 ] || sleep 600`,
      process.env,
      () => {},
    );
    queue.add({ N: '1' });
    queue.add({ N: '2' });
    await until('both have begun', () => read(pids).split('\n').length === 3);
    await queue.close();
    for (const pid of read(pids).trim().split('\n'))
      await until(`${pid} is gone`, () => !isAlive(Number(pid)));
  }, 30_000);
});

describe('metrics server', () => {
  const ask = (address: string, path: string) =>
    new Promise<{ status?: number; type?: string; body: string }>((resolve, reject) => {
      get(`http://${address}${path}`, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode, type: response.headers['content-type'], body }),
        );
      }).on('error', reject);
    });

  it('serves /metrics and nothing else, until it is closed', async () => {
    let scrapes = 0;
    const server = await MetricsServer.start('127.0.0.1', 0, () => `scrapes_total ${++scrapes}\n`);
    const { address } = server;
    expect(await ask(address, '/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: 'scrapes_total 1\n',
    });
    expect(await ask(address, '/metrics?x=1')).toMatchObject({ body: 'scrapes_total 2\n' });
    expect(await ask(address, '/etc/passwd')).toMatchObject({ status: 404 });
    server.close();
    await expect(ask(address, '/metrics')).rejects.toThrow();
  });

  it('says when it cannot listen', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as { port: number };
    await expect(MetricsServer.start('127.0.0.1', port, () => '')).rejects.toThrow('EADDRINUSE');
    other.close();
  });
});

describe('followed file', () => {
  const record = (serial: number) =>
    `type=SECCOMP msg=audit(1795315938.705:${serial}): auid=0 uid=0 gid=0 ses=1 pid=${serial} comm="a" exe="/a" sig=0 arch=c000003e syscall=83 compat=0 ip=0x1 code=0x50000\n`;
  const pidsOf = (file: FollowedFile) => [...file.take()].map(({ pid }) => pid);

  it('reads what is added, also behind a rotation of either kind', () => {
    const path = join(folder, 'audit.log');
    writeFileSync(path, record(1));
    const file = new FollowedFile(path);
    expect(pidsOf(file)).toEqual([]);
    appendFileSync(path, record(2) + record(3).slice(0, 50));
    expect(pidsOf(file)).toEqual([2]);
    appendFileSync(path, record(3).slice(50));
    expect(pidsOf(file)).toEqual([3]);
    // Moved away, written to once more, and begun anew.
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, record(4));
    writeFileSync(path, record(5));
    expect(pidsOf(file)).toEqual([4, 5]);
    // Cut in its place.
    truncateSync(path);
    expect(pidsOf(file)).toEqual([]);
    appendFileSync(path, record(6));
    expect(pidsOf(file)).toEqual([6]);
    expect(file.losses().notes).toHaveLength(1);
    file.close();
  });

  it('reads what is there from a moment on', () => {
    const path = join(folder, 'old.log');
    writeFileSync(path, record(1) + record(2).replace('1795315938', '1795315999'));
    const file = new FollowedFile(path, 1_795_315_950_000);
    expect(pidsOf(file)).toEqual([2]);
    file.close();
  });

  it('follows no pipe and no folder', () => {
    expect(() => new FollowedFile(folder)).toThrow('no regular file');
    expect(() => new FollowedFile(join(folder, 'nowhere'))).toThrow('ENOENT');
  });
});

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
