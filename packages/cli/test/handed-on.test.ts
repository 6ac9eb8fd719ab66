import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { afterAll, describe, expect, it } from 'vitest';

/** What npm installs as callgate. */
const BIN = join(import.meta.dirname, '../bin/callgate');
const folder = mkdtempSync(join(tmpdir(), 'callgate-handed-on-'));
writeFileSync(join(folder, 'given'), 'a file that was given\n');
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program tells of its signals and descriptors, and a file that it reads by one of these. */
const PROGRAM = 'grep SigIgn /proc/self/status; ls /proc/self/fd; cat <&5; echo kept >&7';

/** What a shell hands on to what it starts. */
const CALLERS: Readonly<Record<string, string>> = {
  'ignored signals and open files': `trap '' HUP USR1; exec 5<given 7>kept`,
  'a signal whose number is high': `trap '' PWR SYS; exec 5<given 7>kept`,
  'closed standard streams': 'exec 5<given 7>kept <&- 2>&-',
};

const WAYS: Readonly<
  Record<string, { readonly args: readonly string[]; readonly needs: readonly Requirement[] }>
> = {
  run: { args: ['run', '-q', '-p', 'stock:docker'], needs: [] },
  'run --log': { args: ['run', '-q', '--log', '-p', 'stock:docker'], needs: [] },
  notify: { args: ['record', '-q', '-r', 'notify', '-o', 'notify.json'], needs: [] },
  strace: { args: ['record', '-q', '-r', 'strace', '-o', 'strace.json'], needs: ['strace'] },
  ebpf: { args: ['record', '-q', '-r', 'ebpf', '-o', 'ebpf.json'], needs: ['root', 'ebpf'] },
};

/** What the program tells when a shell executes a command, and what it wrote. */
function told(caller: string, command: readonly string[]): string {
  const script = `${caller}; exec "$@"`;
  const { stdout, status } = spawnSync('sh', ['-c', script, 'sh', ...command], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return stdout + spawnSync('cat', ['kept'], { cwd: folder, encoding: 'utf8' }).stdout;
}

describe.each(Object.entries(WAYS))('a program under %s', (_, { args, needs }) => {
  describeWith([...needs], 'gets from whoever started callgate', () => {
    it.each(Object.entries(CALLERS))('%s', (_, caller) => {
      const program = ['sh', '-c', PROGRAM];
      const alone = told(caller, program);
      expect(alone).toMatch(/a file that was given\nkept\n$/);
      expect(told(caller, [BIN, ...args, '--', ...program])).toBe(alone);
    });
  });
});

it('under nohup neither callgate nor the program ends with its terminal', { timeout: 30_000 }, async () => {
  const child = spawn(
    'nohup',
    [BIN, 'run', '-q', '-p', 'stock:docker', '--', 'sh', '-c', 'echo on; read -r line; echo "$line"'],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  await once(child.stdout, 'data');
  child.kill('SIGHUP');
  child.stdin.end('still there\n');
  const [status] = await once(child, 'close');
  expect({ status, out }).toEqual({ status: 0, out: 'on\nstill there\n' });
});

it('nothing of it stays in the environment', () => {
  const { stdout } = spawnSync(BIN, ['run', '-q', '-p', 'stock:docker', '--', 'env'], { encoding: 'utf8' });
  expect(stdout).toMatch(/^PATH=/m);
  expect(stdout).not.toMatch(/^CALLGATE_INHERITED/m);
});
