import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ALLOW_WORD, actionWord } from '@callgate/engine/internal/bpf/action';
import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import { instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { nativeNumber, thisMachine } from '@callgate/linux/internal/machine';
import { readFilters } from '@callgate/linux/internal/process/live-filters';
import { spawnCallgate } from '@callgate/testing/callgate';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, afterEach, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-live-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const allow = instruction(op.RET_K, ALLOW_WORD);
/** Filters that differ in length and in content, so that neither can be taken for the other. */
const OLDER: Program = [instruction(op.LD_ABS, 4), allow];
const NEWER: Program = [instruction(op.LD_ABS, 0), instruction(op.JEQ_K, 0xabc, 0, 1), allow, allow];

const SUPPORT = join(import.meta.dirname, '../../../testing/src');
const CLI = join(import.meta.dirname, '../../../cli/bin/callgate.js');
const READS = 50;

let subject: string | undefined;
function filteredProgram(): string {
  if (!subject) {
    subject = join(folder, 'filtered-program');
    execFileSync('gcc', ['-O1', '-pthread', '-o', subject, join(SUPPORT, 'filtered-program.c')]);
  }
  return subject;
}

const bytesOf = (program: Program) => Buffer.from(encodeProgram(program, thisMachine().abi.endian));

function filterFile(name: string, program: Program): string {
  const file = join(folder, name);
  writeFileSync(file, bytesOf(program));
  return file;
}

/** A program of packages/testing/src/filtered-program.c that runs. */
class Running {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;

  constructor(mode: string, ...filters: Program[]) {
    const files = filters.map((program, i) => filterFile(`${i}.bpf`, program));
    this.child = spawn(filteredProgram(), [mode, ...files], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.reader = createInterface({ input: this.child.stdout! });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  /** The numbers of its next line: a pid (and a thread's id), later what its mode says. */
  async numbers(): Promise<number[]> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the program ended');
    return (value.match(/\d+/g) ?? []).map(Number);
  }

  /** Returns when it has made a step that it had not made when this was called: what it wrote until now is skipped. */
  async progress(): Promise<void> {
    const before = ticksOf(this.child.pid!);
    while (ticksOf(this.child.pid!) === before) await this.numbers();
  }

  end(): void {
    this.reader.close();
    this.child.stdin?.end();
    this.child.kill('SIGKILL');
  }
}

/** How often a process has given up the processor to sleep; it grows as long as the process works. */
function ticksOf(pid: number): number {
  return Number(field(pid, 'voluntary_ctxt_switches'));
}

function field(pid: number, name: string): string {
  return new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1];
}

function state(pid: number): { state: string; tracer: string } {
  return { state: field(pid, 'State'), tracer: field(pid, 'TracerPid') };
}

function expectUntouched(pid: number): void {
  expect(state(pid)).toEqual({ state: expect.stringMatching(/^[RSD]$/), tracer: '0' });
}

let running: Running[] = [];
afterEach(() => {
  for (const one of running) one.end();
  running = [];
});

function start(mode: string, ...filters: Program[]): Running {
  const one = new Running(mode, ...filters);
  running.push(one);
  return one;
}

const CODE = /^(L\d+:)?\s+[a-z.]/;
/** What disasm shows, without comments, filter by filter. */
function listings(stdout: string): string[][] {
  return stdout
    .split(/^; filter .*\n/m)
    .map((part) => part.split('\n').filter((line) => CODE.test(line)))
    .filter((lines) => lines.length > 0);
}

function expectOneLine(
  result: { status: number | null; stdout: string; stderr: string },
  says: RegExp,
): void {
  expect(result).toMatchObject({ status: 2, stdout: '' });
  expect(result.stderr).toMatch(/^callgate: [^\n]+\n$/);
  expect(result.stderr).toMatch(says);
}

describeWith(['root', 'gcc'], 'the filters of a running process', () => {
  it('are what was installed, the newest first, and the process goes on', async () => {
    const program = start('ticks', OLDER, NEWER);
    const [pid] = await program.numbers();
    await program.progress();
    expect(readFilters(pid).map(bytesOf)).toEqual([NEWER, OLDER].map(bytesOf));
    expectUntouched(pid);
    await program.progress();
    const { status, stdout } = spawnCallgate(['disasm', `pid:${pid}`]);
    expect(status).toBe(0);
    expect(listings(stdout).map((lines) => lines.length)).toEqual([NEWER.length, OLDER.length]);
    expectUntouched(pid);
    await program.progress();
  });

  it('are those of a program that callgate run started under callgate run', async () => {
    const outer = join(folder, 'outer.json');
    const inner = join(folder, 'inner.json');
    const deny = (name: string) =>
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: [name], action: 'SCMP_ACT_ERRNO' }],
      });
    writeFileSync(outer, deny('mkdir'));
    writeFileSync(inner, deny('rmdir'));
    const run = (profile: string) => [process.execPath, CLI, 'run', '--profile', profile, '--'];
    const [node, ...args] = [...run(outer), ...run(inner), 'sh', '-c', 'echo $$; read line'];
    const child = spawn(node, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const [pid] = await once(createInterface({ input: child.stdout }), 'line');
      expect(readFilters(Number(pid))).toHaveLength(2);
      for (const call of ['mkdir', 'rmdir', 'read']) {
        const { status } = spawnCallgate(['explain', `pid:${pid}`, call, '--json']);
        expect([call, status]).toEqual([call, call === 'read' ? 0 : 1]);
      }
      const compiled = join(folder, 'inner.bpf');
      spawnCallgate(['compile', inner, '--format', 'raw', '-o', compiled]);
      const [newest] = readFilters(Number(pid));
      writeFileSync(join(folder, 'newest.bpf'), bytesOf(newest));
      expect(spawnCallgate(['diff', join(folder, 'newest.bpf'), compiled, '--quiet']).status).toBe(0);
    } finally {
      child.stdin.end();
      await once(child, 'exit');
    }
  });

  it('give the errno of the newest where several deny, as the kernel does', async () => {
    const deny = (errno: number): Program => [
      instruction(op.LD_ABS, 0),
      instruction(op.JEQ_K, nativeNumber('mkdirat'), 0, 1),
      instruction(op.RET_K, actionWord({ kind: 'ERRNO', data: errno })),
      allow,
    ];
    const [pid] = await start('ticks', deny(95), deny(111)).numbers();
    const { stdout } = spawnCallgate(['explain', `pid:${pid}`, 'mkdirat', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ action: 'ERRNO', data: 111 });
    const one = join(folder, 'one.bpf');
    expect(spawnCallgate(['optimize', `pid:${pid}`, '-o', one]).status).toBe(0);
    expect(spawnCallgate(['diff', filterFile('newest.bpf', deny(111)), one, '--quiet']).status).toBe(0);
  });

  it('are none where there is none', async () => {
    const [pid] = await start('ticks').numbers();
    expect(readFilters(pid)).toEqual([]);
    expectOneLine(spawnCallgate(['disasm', `pid:${pid}`]), /has no filter/);
    expect(
      spawnCallgate(['diff', `pid:${pid}`, 'stock:none', '--arch', 'x86_64', '--quiet']).status,
    ).toBeLessThan(2);
  });

  it('are those of the thread that is named', async () => {
    const [pid, tid] = await start('thread', OLDER, NEWER).numbers();
    expect(readFilters(pid).map(bytesOf)).toEqual([OLDER].map(bytesOf));
    expect(readFilters(tid).map(bytesOf)).toEqual([NEWER, OLDER].map(bytesOf));
    expectUntouched(pid);
    expectUntouched(tid);
  });

  it('are readable while it is stopped, and it stays stopped', async () => {
    const program = start('ticks', OLDER);
    const [pid] = await program.numbers();
    process.kill(pid, 'SIGSTOP');
    while (state(pid).state !== 'T') await sleep(1);
    for (let i = 0; i < 3; i++) {
      expect(readFilters(pid).map(bytesOf)).toEqual([OLDER].map(bytesOf));
      expect(spawnCallgate(['disasm', `pid:${pid}`]).status).toBe(0);
      // It passes through other states on its way back.
      while (state(pid).state !== 'T') await sleep(1);
      expect(state(pid)).toEqual({ state: 'T', tracer: '0' });
    }
    const before = ticksOf(pid);
    await sleep(20);
    expect(ticksOf(pid)).toBe(before);
    process.kill(pid, 'SIGCONT');
    await program.progress();
    expectUntouched(pid);
  });

  it('leave every signal that arrives meanwhile to the process', async () => {
    const program = start('signals', OLDER);
    const [pid] = await program.numbers();
    for (let i = 0; i < 20 * READS; i++) {
      expect(readFilters(pid)).toHaveLength(1);
      if (i % READS === 0) await sleep(1);
    }
    program.child.stdin!.end();
    const [sent, arrived] = await program.numbers();
    expect(sent).toBeGreaterThan(READS);
    expect(arrived).toBe(sent);
  });

  it('cannot be read in strict mode, which has none', async () => {
    const [pid] = await start('strict').numbers();
    while (field(pid, 'Seccomp') !== '1') await sleep(1);
    expectOneLine(spawnCallgate(['disasm', `pid:${pid}`]), /strict/);
    expectUntouched(pid);
  });

  it('are read by nobody who may not', async () => {
    const [pid] = await start('ticks', OLDER).numbers();
    const script = `import('@callgate/linux/internal/process/live-filters').then((m) => m.readFilters(${pid})).catch((e) => process.stdout.write(e.message))`;
    const said = execFileSync('setpriv', [
      '--bounding-set=-sys_admin',
      '--inh-caps=-sys_admin',
      process.execPath,
      '-e',
      script,
    ]);
    expect(said.toString()).toMatch(/root/);
    expectUntouched(pid);
  });

  it('are no reason to wait for ever for a process that cannot stop, nor to stop it later', async () => {
    const program = start('vfork', OLDER);
    const [pid] = await program.numbers();
    while (state(pid).state !== 'D') await sleep(1);
    expectOneLine(spawnCallgate(['disasm', `pid:${pid}`]), /did not stop/);
    expect(state(pid).tracer).toBe('0');
    // Its child ends, it goes on.
    program.child.stdin!.write('\n');
    await program.numbers();
    expectUntouched(pid);
  });
});

describeWith(['root', 'gcc'], 'a process whose filters are read by a callgate that is killed', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('goes on after %s', async (signal) => {
    const program = start('ticks', OLDER, NEWER);
    const [pid] = await program.numbers();
    const unhurt = spawn(process.execPath, [CLI, 'disasm', `pid:${pid}`], { stdio: 'ignore' });
    const started = performance.now();
    await once(unhurt, 'exit');
    const whole = performance.now() - started;
    for (let i = 0; i < Math.ceil(READS / 3); i++) {
      const reader = spawn(process.execPath, [CLI, 'disasm', `pid:${pid}`], { stdio: 'ignore' });
      const ended = once(reader, 'exit');
      await sleep(Math.random() * whole);
      reader.kill(signal);
      await ended;
      expectUntouched(pid);
    }
    await program.progress();
    expect(readFilters(pid)).toHaveLength(2);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'goes on after %s to one that does nothing but read',
    async (signal) => {
      const program = start('ticks', OLDER, NEWER);
      const [pid] = await program.numbers();
      for (let i = 0; i < READS / 5; i++) {
        await killedInTheMiddle(pid, signal);
        expectUntouched(pid);
      }
      await program.progress();
    },
  );
});

describeWith(
  ['root', 'gcc', 'strace'],
  'a process whose filters are read slowly by a callgate that is killed',
  () => {
    it('gets its signals', async () => {
      const program = start('signals', OLDER);
      const [pid] = await program.numbers();
      for (let i = 0; i < READS / 5; i++) await killedInTheMiddle(pid, 'SIGKILL', SLOWLY);
      program.child.stdin!.end();
      const [sent, arrived] = await program.numbers();
      expect(sent).toBeGreaterThan(0);
      expect(arrived).toBe(sent);
    });
  },
);

/** strace holds every ptrace(2) of the reader back, so that it dies between any two of them. */
const SLOWLY = [
  'strace',
  '-f',
  '-qq',
  '-o',
  '/dev/null',
  '-e',
  'trace=ptrace',
  '-e',
  'inject=ptrace:delay_enter=20000',
];

/** Kills a process that reads filters without a pause, at a random moment. */
async function killedInTheMiddle(
  pid: number,
  signal: NodeJS.Signals,
  under: readonly string[] = [],
): Promise<void> {
  const script = `import('@callgate/linux/internal/process/live-filters').then(({ readFilters }) => {
    require('node:fs').writeSync(1, process.pid + '\\n');
    for (;;) readFilters(${pid});
  })`;
  const [program, ...args] = [...under, process.execPath, '-e', script];
  const reader = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], cwd: import.meta.dirname });
  const ended = once(reader, 'exit');
  const [line] = await once(createInterface({ input: reader.stdout }), 'line');
  await sleep(Math.random() * 100);
  process.kill(Number(line), signal);
  await ended;
}

describeWith(['root', 'gcc', 'strace'], 'a process that somebody traces', () => {
  it('is left to its tracer, in one line', async () => {
    const program = start('ticks', OLDER);
    const [pid] = await program.numbers();
    const strace = spawn('strace', ['-qq', '-o', '/dev/null', '-p', String(pid)], { stdio: 'ignore' });
    try {
      while (state(pid).tracer === '0') await sleep(1);
      expectOneLine(spawnCallgate(['disasm', `pid:${pid}`]), new RegExp(`traced.*${strace.pid}`));
      expect(state(pid).tracer).toBe(String(strace.pid));
      await program.progress();
    } finally {
      strace.kill();
      await once(strace, 'exit');
    }
    expectUntouched(pid);
    expect(readFilters(pid)).toHaveLength(1);
  });
});

describeWith([], 'no process', () => {
  it.each(['999999999', '99999999', '0', '-1', '1.5', '', 'self', '0x10', '1 2'])(
    '"pid:%s" is refused in one line',
    (text) => {
      expectOneLine(spawnCallgate(['disasm', `pid:${text}`]), /process/);
    },
  );
});
