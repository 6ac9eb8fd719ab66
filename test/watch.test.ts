import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate, spawnCallgate } from '@callgate/testing/callgate';
import { compileDeniedProgram } from '@callgate/testing/denied-program';
import { describeWith } from '@callgate/testing/requirements';
import { until } from '@callgate/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '../packages/cli/bin/callgate.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'callgate-watch-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const record = (serial: number, { comm = '"mix"', code = '0x50000', nr = 165 } = {}) =>
  `type=SECCOMP msg=audit(1795315938.705:${serial}): auid=0 uid=0 gid=0 ses=1 pid=4711 comm=${comm} exe="/bin/mix" sig=0 arch=c000003e syscall=${nr} compat=0 ip=0x1 code=${code}\n`;
const documents = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** The built callgate in a process of its own, and what it prints. */
function started(args: readonly string[], stdin: 'pipe' | 'ignore' = 'ignore') {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: [stdin, 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    said.stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, said, ended };
}

describe('watch of a pipe', () => {
  it('tells a line as it comes, and sums up when the pipe ends', async () => {
    const { child, said, ended } = started(['watch', '-'], 'pipe');
    child.stdin!.write(record(1));
    await until('the first call is told', () => said.stdout.includes('mount'));
    expect(said.stdout).toMatch(/^\d\d:\d\d:\d\d {2}not told {2}mount.* denied {2}by mix \(4711\)\n$/);
    child.stdin!.end(record(2) + record(5, { code: '0x7ffc0000' }));
    expect(await ended).toBe(0);
    expect(said.stdout).toContain('2 calls denied, 1 call that would be denied; 2 records LOST\n');
    expect(said.stdout).toMatch(/\nWHERE +CALL +ABI +ANSWER +COUNT +FIRST +LAST +BY\n/);
    expect(said.stderr).toBe('callgate: watching log: stdin; Ctrl-C ends it\n');
  });

  it('ends with a summary on Ctrl-C, though the pipe goes on', async () => {
    const { child, said, ended } = started(['watch', '--source', '-', '--json', '--fail-on-denial'], 'pipe');
    child.stdin!.write(record(1) + record(2));
    await until('it is told', () => said.stdout.includes('"new"'));
    child.kill('SIGINT');
    expect(await ended).toBe(1);
    const [start, added, ...rest] = documents(said.stdout);
    expect(start).toEqual({ event: 'start', source: 'log', because: 'stdin' });
    expect(added).toMatchObject({
      event: 'new',
      place: 'unknown',
      container: null,
      arch: 'x86_64',
      syscall: 'mount',
      nr: 165,
      action: 'ERRNO',
      denied: true,
      comm: 'mix',
      pid: 4711,
      first: '2026-11-22T02:52:18.705Z',
    });
    expect(rest.at(-1)).toEqual({
      event: 'end',
      denied: 2,
      logged: 0,
      kinds: 1,
      folded: 0,
      lost: 0,
      notes: [],
    });
  });

  it('says nothing of what it sees where it is to be quiet, but what was lost', async () => {
    const { child, said, ended } = started(['watch', '-', '--quiet', '--fail-on-denial'], 'pipe');
    child.stdin!.end(record(1) + record(3));
    expect(await ended).toBe(1);
    expect(said).toEqual({ stdout: '', stderr: 'callgate: 1 record lost\n' });
  });

  it('fails for denials only, not for what is logged', async () => {
    const status = async (code: string) =>
      (await callgate(['watch', '-', '--fail-on-denial', '-q'], { input: record(1, { code }) })).status;
    expect(await status('0x7ffc0000')).toBe(0);
    expect(await status('0x80000000')).toBe(1);
  });

  it('sends nothing to the terminal that a process chose', async () => {
    const comm = Buffer.from('\u001b]0;x\u0007\n\u009b1m').toString('hex').toUpperCase();
    for (const isTTY of [false, true]) {
      const input = record(1, { comm }) + record(2, { comm, nr: 83 });
      const { stdout } = await callgate(['watch', '-'], { input, isTTY });
      // Its own: moving up, deleting what is there.
      const text = stdout.replace(/\u001b\[\d+A\r\u001b\[J/g, '');
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      expect(text).toContain('\\x1b]0;x');
    }
  });

  it('reads what a terminal would show in colours, and says where nothing is a log', async () => {
    const coloured = `\u001b[32m[   12.3]\u001b[0m ${record(1).replace('type=SECCOMP msg=', 'audit: type=1326 ')}`;
    expect((await callgate(['watch', '-'], { input: coloured })).stdout).toContain('1 call denied');
    const { stdout } = await callgate(['watch', '-'], { input: 'nothing of a log\nnor this\n' });
    expect(stdout).toContain('note: 2 lines read, and none is a record of a denied or logged call\n');
    expect((await callgate(['watch', '-'], { input: record(1) })).stdout).not.toContain('note');
  });

  it('is bounded before calls that nobody has, and counts them all', async () => {
    let input = '';
    for (let i = 0; i < 30_000; i++) input += record(i + 1, { nr: i });
    const { stdout } = await callgate(['watch', '-', '--json'], { input });
    expect(documents(stdout).at(-1)).toMatchObject({ denied: 30_000, kinds: 100, folded: 29_900, lost: 0 });
    const text = (await callgate(['watch', '-'], { input })).stdout;
    expect(text).toContain('other: 29,900 calls of over 10,000 further kinds\n');
  });

  it('runs a command for each new kind of call', async () => {
    const input = record(1) + record(2) + record(3, { nr: 83, code: '0x7ffc0000' });
    const command =
      'echo "[$CALLGATE_SYSCALL $CALLGATE_DENIED $CALLGATE_COMM $CALLGATE_PID $CALLGATE_ACTION]"';
    const { stderr } = await callgate(['watch', '-', '--exec', command, '-q'], { input });
    expect(stderr).toBe('[mount 1 mix 4711 ERRNO]\n[mkdir 0 mix 4711 LOG]\n');
  });
});

describe('watch of a file', () => {
  it('follows it, and takes what is older with --since', async () => {
    const file = join(folder, 'audit.log');
    writeFileSync(file, record(1));
    const seen = async (...args: string[]) =>
      documents((await callgate(['watch', file, '--json', '--duration', '500ms', ...args])).stdout).at(-1)
        .denied;
    expect(await seen()).toBe(0);
    expect(await seen('--since', '2026-11-22')).toBe(1);
    expect(await seen('--since', '2026-11-23')).toBe(0);
  });
});

describe('watch', () => {
  it.each([
    [['--pid', '0x1'], '--pid takes the number of a process'],
    [['--since', 'yesterday'], 'is no moment'],
    [['--interval', 'long'], 'is no time'],
    [['--metrics', 'x'], '--metrics takes'],
    [['--metrics', ':70000'], '--metrics takes'],
    [['--source', 'ebfp'], 'did you mean ebpf?'],
    [['--source', 'audit', '-'], 'not both'],
    [['--source', 'audit', '--since', '1m'], 'has no past'],
    [['/nowhere/x'], 'cannot follow /nowhere/x'],
  ])('refuses %j in a line', async (args, words) => {
    const { status, stderr } = await callgate(['watch', ...args, '--duration', '1ms']);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr.split('\n')).toHaveLength(2);
  });
});

describeWith(['root', 'gcc', 'ebpf', 'audit'], 'watch of this machine', () => {
  it('counts denied calls, serves them, and leaves nothing behind', async () => {
    const program = compileDeniedProgram(folder);
    const comm = `denied-${process.pid}`;
    const args = ['watch', '--comm', comm, '--json', '--metrics', ':0', '--interval', '200ms'];
    const { child, said, ended } = started(args);
    const start = await until('it watches', () => said.stdout.includes('\n') && documents(said.stdout)[0]);
    expect(start).toMatchObject({
      event: 'start',
      source: 'ebpf+audit',
      metrics: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    const made = spawn(program, ['0', '1000', '1500'], { stdio: 'ignore' });
    await new Promise((done) => made.once('exit', done));
    const sample =
      /^callgate_denied_calls_total\{place="\w+",.*syscall="mkdirat",.*action="errno_1"\} 1500$/m;
    const scrape = async () => (await fetch(`http://${start.metrics}/metrics`)).text();
    let text = '';
    for (let i = 0; i < 50 && !sample.test(text); i++) text = await scrape();
    expect(text).toMatch(sample);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(documents(said.stdout).filter(({ event }) => event === 'update').length).toBeGreaterThan(2);
    expect(documents(said.stdout).at(-1)).toMatchObject({ event: 'end', denied: 1500, lost: 0 });
  }, 30_000);

  it('takes the past from the kernel log', () => {
    const { status, stderr } = spawnCallgate(['watch', '--since', '1m', '--duration', '300ms']);
    expect(status).toBe(0);
    expect(stderr).toBe(
      'callgate: watching kernel-log: of the sources only the kernel log has a past; Ctrl-C ends it\n',
    );
  });
});
