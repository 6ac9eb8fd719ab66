import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Observation, Recording } from '@callgate/engine/internal/recording/recording';
import { libc } from '@callgate/linux/internal/libc';
import { ownCgroup } from '@callgate/linux/internal/process/cgroup';
import { expect } from 'vitest';
import { until } from './until.ts';

/** The program as a user starts it: `node packages/cli/bin/callgate.js`. */
export const CALLGATE = join(import.meta.dirname, '../../cli/bin/callgate.js');

/** What callgate says on stderr when every later call of an attached target is counted. */
const ATTACHED = /\b(recording|attached)\b/i;
/** What it says when it looks out for a container that does not run yet. */
const WAITING = /\bwaiting\b/i;

const PATIENCE_MS = 30_000;

/** What is to be undone, in the reverse order; every step runs, also after one that failed. */
export class Undo {
  private steps: (() => unknown)[] = [];

  defer(step: () => unknown): void {
    this.steps.push(step);
  }

  /** A folder that lives until then. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'callgate-recorded-'));
    this.defer(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  async run(): Promise<void> {
    const faults: unknown[] = [];
    for (const step of this.steps.splice(0).reverse()) {
      try {
        await step();
      } catch (fault) {
        faults.push(fault);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, `cleaning up: ${faults.join('; ')}`);
  }
}

let started = 0;

/** A callgate in the background. Everything that it starts can be told by a mark in its environment. */
export class Background {
  readonly mark = `${process.pid}-${++started}`;
  readonly ended: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
  stdout = '';
  stderr = '';
  private readonly child: ChildProcess;

  /** `before`: a command such as taskset that starts it. */
  constructor(undo: Undo, args: readonly string[], before: readonly string[] = []) {
    const [program, ...rest] = [...before, process.execPath, CALLGATE, ...args];
    const env = { ...process.env, NO_COLOR: '1', CALLGATE_TEST_MARK: this.mark };
    this.child = spawn(program!, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout!.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (status, signal) => resolve({ status, signal }));
    });
    this.ended.catch(() => {});
    undo.defer(() => {
      this.child.kill('SIGKILL');
      for (const pid of this.processes()) kill(pid, 'SIGKILL');
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Its target is attached. */
  async attached(): Promise<void> {
    await this.says(ATTACHED);
  }

  /** It looks out for a container. */
  async waits(): Promise<void> {
    await this.says(WAITING);
  }

  /** How it ended; a fault when it does not. */
  async over(patience = PATIENCE_MS) {
    const end = await Promise.race([this.ended, sleep(patience, undefined, { ref: false })]);
    if (end === undefined) throw new Error(`callgate does not end; it said: ${this.stderr}`);
    return end;
  }

  /** Its status; a fault when it does not end, or by a signal. */
  async status(patience?: number): Promise<number> {
    const { status, signal } = await this.over(patience);
    if (status === null) throw new Error(`callgate ended by ${signal}; it said: ${this.stderr}`);
    return status;
  }

  /** The living processes that carry its mark. */
  processes(): number[] {
    return pids().filter((pid) => {
      const environment = contentOf(`/proc/${pid}/environ`);
      return environment?.split('\0').includes(`CALLGATE_TEST_MARK=${this.mark}`);
    });
  }

  /** It could not do it, and says why in a line of its own. */
  async expectRefusal(about: RegExp): Promise<void> {
    expect(await this.status()).not.toBe(0);
    expect(this.stdout).toBe('');
    expect(this.stderr).toMatch(/^callgate: [^\n]+\n$/);
    expect(this.stderr).toMatch(about);
    expect(this.stderr).not.toMatch(/unknown option/);
  }

  private async says(pattern: RegExp): Promise<void> {
    await until(`callgate to say ${pattern}`, () => {
      if (pattern.test(this.stderr)) return true;
      if (!this.isRunning)
        throw new Error(`callgate ended before it said ${pattern}; it said: ${this.stderr}`);
      return false;
    });
  }
}

/** Runs callgate to its end, and expects the status 0. */
export async function finished(undo: Undo, args: readonly string[], before?: readonly string[]) {
  const run = new Background(undo, args, before);
  const status = await run.status(4 * PATIENCE_MS);
  if (status !== 0) throw new Error(`callgate ${args.join(' ')}: status ${status}: ${run.stderr}`);
  return run;
}

export function recordingIn(file: string): Recording {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The recording in a file that may be missing or half written. */
export function recordingSoon(file: string): Recording | undefined {
  try {
    return recordingIn(file);
  } catch {
    return undefined;
  }
}

/** The names of the calls that reached the kernel: all of them, or those of the runtime, the workload, or who joined it. */
export function namesOf(recording: Recording, who?: 'runtime' | 'workload' | 'exec'): Set<string> {
  const by = ({ phase }: Observation) => (phase === 'runtime' || phase === 'exec' ? phase : 'workload');
  const seen = recording.observations.filter((o) => o.count > 0 && (!who || by(o) === who));
  return new Set(seen.map((o) => o.name || `${o.arch}/${o.nr}`));
}

export function timesOf(recording: Recording, name: string): number {
  return recording.observations.filter((o) => o.name === name).reduce((sum, o) => sum + o.count, 0);
}

/** The names that a profile in OCI form lets pass without a condition or with one. */
export function allowedBy(profile: {
  readonly syscalls?: readonly { names: readonly string[]; action: string }[];
}): Set<string> {
  const rules = (profile.syscalls ?? []).filter((rule) => rule.action === 'SCMP_ACT_ALLOW');
  return new Set(rules.flatMap((rule) => rule.names));
}

/** What strace itself sees of a command and its children from the command's execve on: number -> name. */
export function straced(command: readonly string[], log: string): Map<number, string> {
  // The same kind of standard streams as a Background's; a program may ask what they are.
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  spawnSync('strace', ['-f', '-n', '-qq', '-o', log, ...command], {
    stdio: [...stdio],
    timeout: PATIENCE_MS,
  });
  const calls = new Map<number, string>();
  // A line that resumes a call may bear the number of another.
  for (const [, nr, name] of readFileSync(log, 'latin1').matchAll(/^\d+ +\[ *(\d+)\] ([a-z_0-9]+)\(/gm))
    calls.set(Number(nr), name!);
  return calls;
}

export function compile(folder: string, name: string, source: string, ...flags: string[]): string {
  const file = join(folder, name);
  execFileSync('gcc', ['-x', 'c', '-o', file, '-', ...flags], {
    input: source,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  return file;
}

export function without<T>(all: Iterable<T>, some: ReadonlySet<T>): T[] {
  return [...all].filter((one) => !some.has(one)).sort();
}

export function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

export function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A line of /proc/PID/status, such as Seccomp. */
export function statusOf(pid: number, key: string): string | undefined {
  return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(contentOf(`/proc/${pid}/status`) ?? '')?.[1];
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

const TRACE_INSTANCES = ['/sys/kernel/tracing/instances', '/sys/kernel/debug/tracing/instances'];

/**
 * What callgate leaves in the kernel. Other tests record at the same time, so a thing counts only when one of the
 * watched processes held it, or when the process that its name tells is gone.
 */
export class KernelTraces {
  private readonly instances = new Set(traceInstances());
  private readonly programs = new Set<number>();
  private readonly held = new Set<string>();

  /** Notes what a living process and its descendants hold: BPF programs, files of tracefs instances. */
  watch(pid: number): { programs: string[]; instances: string[] } {
    const names = bpfPrograms();
    for (const one of [pid, ...descendants(pid)]) {
      for (const fd of entries(`/proc/${one}/fdinfo`)) {
        const id = /^prog_id:\s*(\d+)/m.exec(contentOf(`/proc/${one}/fdinfo/${fd}`) ?? '')?.[1];
        if (id) this.programs.add(Number(id));
      }
      for (const fd of entries(`/proc/${one}/fd`)) {
        const instance = /\/tracing\/instances\/([^/]+)/.exec(linkOf(`/proc/${one}/fd/${fd}`))?.[1];
        if (instance) this.held.add(instance);
      }
    }
    return {
      programs: [...this.programs].map((id) => names.get(id) ?? ''),
      instances: [...this.held],
    };
  }

  /** Nothing of what was watched is there any more. */
  async expectNone(): Promise<void> {
    // The kernel frees programs and folders a little after their last user.
    await until(`nothing left in the kernel: ${this.left().join(', ')}`, () => this.left().length === 0);
    expect(this.left()).toEqual([]);
  }

  private left(): string[] {
    const programs = bpfPrograms();
    return [
      ...[...this.programs].filter((id) => programs.has(id)).map((id) => `BPF program ${programs.get(id)}`),
      ...traceInstances()
        .filter((name) => this.held.has(name) || (!this.instances.has(name) && isAbandoned(name)))
        .map((name) => `tracefs instance ${name}`),
      ...cgroups()
        .filter(isAbandoned)
        .map((name) => `cgroup ${name}`),
    ];
  }
}

/** A name of callgate's without the number of a living process. */
function isAbandoned(name: string): boolean {
  if (!/^callgate[-_]/.test(name)) return false;
  const owner = /^callgate[-_]\D*(\d+)/.exec(name)?.[1];
  return owner === undefined || !existsSync(`/proc/${owner}`);
}

function traceInstances(): string[] {
  return [...new Set(TRACE_INSTANCES.flatMap(entries))];
}

/** The names of callgate's folders in the cgroup-v2 hierarchy. */
function cgroups(): string[] {
  const root = ownCgroup();
  return root === undefined ? [] : entries(root).filter((name) => /^callgate-\d/.test(name));
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

export function descendants(pid: number): number[] {
  const children = pids().filter((one) => statusOf(one, 'PPid') === String(pid));
  return children.flatMap((child) => [child, ...descendants(child)]);
}

const BPF = process.arch === 'arm64' ? 280 : 321;
const PROG_GET_NEXT_ID = 11;
const PROG_GET_FD_BY_ID = 13;
const OBJ_GET_INFO_BY_FD = 15;

/** Every BPF program of this machine: id -> name. */
export function bpfPrograms(): Map<number, string> {
  const programs = new Map<number, string>();
  const attr = Buffer.alloc(128);
  const bpf = (command: number) => libc().syscall(BPF, command, attr, attr.length);
  for (let id = 0; ; ) {
    attr.fill(0).writeUInt32LE(id, 0);
    if (bpf(PROG_GET_NEXT_ID) !== 0) return programs;
    id = attr.readUInt32LE(4);
    attr.fill(0).writeUInt32LE(id, 0);
    const fd = bpf(PROG_GET_FD_BY_ID);
    if (fd < 0) continue;
    const info = Buffer.alloc(232);
    attr.fill(0).writeUInt32LE(fd, 0);
    attr.writeUInt32LE(info.length, 4);
    attr.writeBigUInt64LE(libc().address(info), 8);
    if (bpf(OBJ_GET_INFO_BY_FD) === 0)
      programs.set(id, info.toString('latin1', 64, 80).replace(/\0.*$/s, ''));
    closeSync(fd);
  }
}
