import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DenialTable } from '@callgate/engine/internal/watch/denial-table';
import { readKernelTypes } from '@callgate/linux/internal/ebpf/btf';
import { AuditListener } from '@callgate/linux/internal/kernel-log/audit-listener';
import { eventCalls } from '@callgate/linux/internal/recorders/ebpf/call-layout';
import { chooseWatchSource, type WatchSourceName } from '@callgate/linux/internal/watch/choose-source';
import { type DenialLayout, denialLayout } from '@callgate/linux/internal/watch/denial-layout';
import { DenialPrograms } from '@callgate/linux/internal/watch/denial-programs';
import { type WatchedCalls, watchCalls } from '@callgate/linux/internal/watch/watch-calls';
import { Containers } from '@callgate/testing/containers';
import { compileDeniedProgram } from '@callgate/testing/denied-program';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, expect, it } from 'vitest';

const COMM = `denied-${process.pid}`;
/** A thousand a second, for three seconds. */
const [RATE, COUNT] = [1000, 3000];

let folder: string;
let program: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'callgate-watch-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a source makes of what happens meanwhile. */
async function watching(name: WatchSourceName, watched: WatchedCalls, happens: () => Promise<unknown>) {
  const { source } = chooseWatchSource({ name, watched });
  const table = new DenialTable();
  const stop = new AbortController();
  const plan = { source, watched, table, stop: stop.signal, added() {}, looked() {} };
  const done = watchCalls(plan);
  try {
    await happens();
    await sleep(500);
    stop.abort();
    await done;
    return { rows: table.rows(), totals: table.totals(), ...source.losses() };
  } finally {
    stop.abort();
    await done;
    source.close();
  }
}

const run = (log: boolean, count: number, ...later: string[]) =>
  promisify(execFile)(program, [log ? '1' : '0', String(RATE), String(count), ...later]);

describeWith(['root', 'gcc', 'ebpf', 'audit'], 'sources of denied calls', () => {
  beforeAll(() => {
    program = compileDeniedProgram(folder);
  });

  it('eBPF counts every call that a silent filter denies, and loses none', async () => {
    const seen = await watching('ebpf', { comm: COMM }, () => run(false, COUNT));
    expect(seen).toMatchObject({ totals: { denied: COUNT, logged: 0 }, lost: 0 });
    expect(seen.rows).toMatchObject([
      { nr: expect.any(Number), answer: { kind: 'REFUSED', errno: 1 }, count: COUNT, comm: COMM },
    ]);
  });

  it('eBPF sees what runs already, and its children', async () => {
    const children = `sleep 0.5; ${program} 0 100 10 & ${program} 0 100 10; wait`;
    const started = spawn('sh', ['-c', children], { stdio: 'ignore' });
    const ended = new Promise((resolve) => started.once('exit', resolve));
    const seen = await watching('ebpf', { comm: COMM }, () => ended);
    expect(seen.totals.denied).toBe(20);
  });

  it('eBPF takes no allowed call for a denied one, however many there are', async () => {
    const busy = `${program} 0 1000 1; exec dd if=/dev/zero of=/dev/null bs=1 count=200000`;
    const seen = await watching('ebpf', { comm: 'dd' }, () => promisify(execFile)('sh', ['-c', busy]));
    expect(seen.totals.denied).toBe(0);
  });

  it.each<[string, (layout: DenialLayout) => DenialLayout]>([
    ['before 5.11', (layout) => ({ ...layout, followsCurrent: false })],
    ['from 7.0 on', (layout) => ({ ...layout, calls: eventCalls()! })],
  ])('eBPF counts the same as kernels %s have it', async (_, adapted) => {
    const programs = new DenialPrograms(adapted(denialLayout(readKernelTypes()!)!), { comm: COMM });
    try {
      await run(false, 500);
      const [denials] = [...programs.read(process.hrtime.bigint(), () => {})];
      expect(denials).toMatchObject({
        count: 500,
        errno: 1,
        killed: false,
        comm: COMM,
        hostname: hostname(),
      });
      expect(programs.homeOf(denials.pid)).toMatchObject({ hostname: hostname() });
    } finally {
      programs.close();
    }
  });

  it('the audit socket tells what it hears, and what it could not', async () => {
    const seen = await watching('audit', { comm: COMM }, () => run(true, COUNT));
    expect(seen.totals.denied + seen.lost).toBe(COUNT);
    expect(seen.rows).toMatchObject([{ answer: { kind: 'ERRNO' }, comm: COMM }]);
  });

  it('with eBPF and the audit socket no call counts twice', async () => {
    const seen = await watching('auto', { comm: COMM }, () => run(true, COUNT));
    expect(seen.totals).toEqual({ denied: COUNT, logged: 0 });
  });

  it('the kernel log has few of them, and their numbers tell how many are missing', {
    timeout: 30_000,
    // Others may use up what the kernel writes in five seconds.
    retry: 2,
  }, async () => {
    await sleep(5500);
    const listener = new AuditListener();
    try {
      // The last one comes when the kernel writes again.
      const seen = await watching('kernel-log', {}, () => run(true, COUNT, '6'));
      const everybody = [...listener.records()].length;
      const told = seen.totals.denied + seen.totals.logged + seen.lost;
      expect(seen.totals.denied).toBeLessThan(COUNT / 2);
      // What others did before the first record or after the last one is in no gap.
      expect(told).toBeGreaterThan(COUNT);
      expect(told).toBeLessThanOrEqual(everybody);
    } finally {
      listener.close();
    }
  });
});

describeWith(['root', 'gcc', 'ebpf', 'i386', 'gcc-m32'], 'denied calls of other ABIs', () => {
  it('are told apart by eBPF', async () => {
    const source = join(folder, 'narrow.c');
    writeFileSync(source, NARROW);
    execFileSync('gcc', ['-m32', '-static', '-o', join(folder, 'narrow'), source]);
    const seen = await watching('ebpf', { comm: 'narrow' }, () =>
      promisify(execFile)(join(folder, 'narrow')),
    );
    expect(seen.rows).toMatchObject([
      { arch: 'x86', nr: 39, count: 3, answer: { kind: 'REFUSED', errno: 13 } },
    ]);
  });
});

/** Denies i386's mkdir with EACCES. */
const NARROW = `
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main() {
  struct sock_filter f[] = {{0x20, 0, 0, 0}, {0x15, 0, 1, 39}, {6, 0, 0, 0x5000d}, {6, 0, 0, 0x7fff0000}};
  struct sock_fprog p = {4, f};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, 2, &p);
  for (int i = 0; i < 3; i++) syscall(39, "", 0);
  return 0;
}`;

for (const engine of ['docker', 'podman'] as const)
  describeWith(['root', 'ebpf', 'audit', 'busybox', engine], `denied calls in ${engine}`, () => {
    const containers = new Containers(engine);
    beforeAll(() => containers.create(), 60_000);
    afterAll(() => containers.remove(), 60_000);

    it('are those of the container, by its name', async () => {
      const profile = join(folder, `${engine}.json`);
      const syscalls = [
        { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
        { names: ['rmdir', 'unlinkat'], action: 'SCMP_ACT_LOG' },
      ];
      writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
      const name = containers.start('--security-opt', `seccomp=${profile}`);
      const other = containers.start('--security-opt', `seccomp=${profile}`);
      const inside = (container: string, script: string) =>
        execFileSync(engine, ['exec', container, '/bin/busybox', 'sh', '-c', script], { stdio: 'ignore' });
      const script = 'busybox mkdir /a || busybox mkdir /b || busybox rmdir /bin || busybox sleep 1';
      const seen = await watching('auto', { container: `${engine}:${name}` }, async () => {
        inside(name, script);
        inside(other, script);
      });
      expect(seen.rows).toHaveLength(2);
      const place = { kind: 'container', engine, name, id: expect.stringMatching(/^[0-9a-f]{64}$/) };
      const [denied, logged] = [...seen.rows].sort((a, b) => (a.answer.kind < b.answer.kind ? 1 : -1));
      expect(denied).toMatchObject({ place, count: 2, answer: { kind: 'REFUSED', errno: 13 } });
      expect(logged).toMatchObject({ place, count: 1, answer: { kind: 'LOG' } });
    }, 60_000);

    it('are told of a container that is gone before anybody could ask', async () => {
      const profile = join(folder, `${engine}-short.json`);
      const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL_PROCESS' }];
      writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
      let id = '';
      const seen = await watching('auto', {}, async () => {
        const options = ['--rm', '--security-opt', `seccomp=${profile}`];
        id = containers.run(options, ['/bin/busybox', 'mkdir', '/a']);
      });
      const rows = seen.rows.filter(({ place }) => place.kind === 'container' && place.id === id);
      expect(rows).toMatchObject([{ place: { engine }, answer: { kind: 'KILL_PROCESS' }, count: 1 }]);
    }, 60_000);
  });
