import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownCgroup } from '@callgate/linux/internal/process/cgroup';
import {
  Background,
  bpfPrograms,
  compile,
  descendants,
  KernelTraces,
  kill,
  namesOf,
  recordingIn,
  recordingSoon,
  statusOf,
  timesOf,
  Undo,
} from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { until } from '@callgate/testing/until';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** How often each of the target's threads and processes calls getppid once it is told to. */
const EACH = 1000;
/** The main thread, three threads and two children from before, a child from after. */
const FIRST_ROUND = 7 * EACH;

/** Calls getppid at SIGUSR1, and says so; the first time with everything that it has. */
const TARGET = `
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
enum { THREADS = 3, CHILDREN = 2, EACH = ${EACH} };
static int gate[2];
static void calls(void) { for (int i = 0; i < EACH; i++) syscall(SYS_getppid); }
static void at_the_gate(void) { char c; if (read(gate[0], &c, 1) == 1) calls(); }
static void *thread(void *unused) { at_the_gate(); return unused; }
static void say(const char *text) { puts(text); fflush(stdout); }
int main(void) {
  pthread_t threads[THREADS];
  sigset_t set;
  int signal;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  if (pipe(gate)) return 1;
  for (int i = 0; i < CHILDREN; i++) if (fork() == 0) { at_the_gate(); _exit(0); }
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, thread, 0);
  calls();
  say("ready");
  sigwait(&set, &signal);
  if (write(gate[1], "12345", THREADS + CHILDREN) != THREADS + CHILDREN) return 1;
  calls();
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  if (fork() == 0) { calls(); _exit(0); }
  for (int i = 0; i < CHILDREN + 1; i++) wait(0);
  for (;;) {
    say("done");
    sigwait(&set, &signal);
    calls();
  }
}`;

/** The target, running and waiting. */
class Target {
  readonly pid: number;
  private lines = '';
  private readonly child;

  constructor(undo: Undo, program: string) {
    this.child = spawn(program, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    this.pid = this.child.pid!;
    this.child.stdout.setEncoding('latin1').on('data', (text) => (this.lines += text));
    undo.defer(() => kill(-this.pid, 'SIGKILL'));
  }

  async ready(): Promise<this> {
    await until('the target to be ready', () => this.lines.includes('ready\n'));
    return this;
  }

  /** Lets it make its calls, and waits until they are made. */
  async round(): Promise<void> {
    const before = this.rounds;
    kill(this.pid, 'SIGUSR1');
    await until('the calls of the target', () => this.rounds > before);
  }

  /** It goes on as if nobody had ever looked. */
  async expectUntouched(): Promise<void> {
    expect(statusOf(this.pid, 'State')).toMatch(/^[SR]/);
    expect(statusOf(this.pid, 'TracerPid')).toBe('0');
    expect(statusOf(this.pid, 'Seccomp')).toBe('0');
    await this.round();
  }

  end(): void {
    kill(-this.pid, 'SIGKILL');
  }

  private get rounds(): number {
    return this.lines.split('done\n').length - 1;
  }
}

describeWith(['root', 'gcc', 'ebpf'], 'recording what runs already', () => {
  const always = new Undo();
  let undo = new Undo();
  let program = '';
  let file = '';
  let traces = new KernelTraces();
  beforeAll(() => {
    program = compile(always.folder(), 'target', TARGET, '-pthread');
  });
  afterAll(() => always.run());
  afterEach(async () => {
    const last = undo;
    undo = new Undo();
    await last.run();
  });

  async function target(): Promise<Target> {
    file = join(undo.folder(), 'rec.json');
    traces = new KernelTraces();
    return await new Target(undo, program).ready();
  }

  const record = (...args: string[]) => new Background(undo, ['record', '-o', file, ...args]);

  /** No process, no program in the kernel, no tracefs instance, no cgroup. */
  async function expectNothingLeft(callgate: Background): Promise<void> {
    await until('no process of callgate', () => callgate.processes().length === 0);
    await traces.expectNone();
  }

  describe('--pid', () => {
    it('counts every call after it is attached, of threads and children from before and after, and no other', async () => {
      const watched = await target();
      const other = await new Target(undo, program).ready();
      const callgate = record('--pid', String(watched.pid));
      await callgate.attached();
      await Promise.all([watched.round(), other.round()]);
      callgate.signal('SIGINT');
      expect(await callgate.status()).toBe(0);
      const recording = recordingIn(file);
      expect(timesOf(recording, 'getppid')).toBe(FIRST_ROUND);
      expect(recording).toMatchObject({ lost: 0, left: 0, ambiguous: 0, lacks: ['startup', 'shutdown'] });
      expect(callgate.stderr).toMatch(/how it starts is not in the recording/);
      expect([...namesOf(recording)]).toEqual(
        expect.arrayContaining(['read', 'write', 'wait4', 'exit_group']),
      );
      // What began before is no part of it, nor is anything that callgate would have to make the target do.
      expect([...namesOf(recording)]).not.toEqual(expect.arrayContaining(['execve']));
      expect([...namesOf(recording)]).not.toEqual(expect.arrayContaining(['seccomp']));
      expect(recording.observations.filter((o) => o.phase !== 'steady')).toEqual([]);
      await watched.expectUntouched();
      await expectNothingLeft(callgate);
    });

    it('holds programs named callgate_* only while it records', async () => {
      const watched = await target();
      const callgate = record('-r', 'ebpf', '--pid', String(watched.pid));
      await callgate.attached();
      const { programs } = traces.watch(callgate.pid);
      // Otherwise expectNone() would look for nothing.
      expect(programs.length).toBeGreaterThan(0);
      for (const name of programs) expect(name).toMatch(/^callgate_/);
      callgate.signal('SIGINT');
      expect(await callgate.status()).toBe(0);
      await expectNothingLeft(callgate);
    });

    it('ends with its target', async () => {
      const watched = await target();
      const callgate = record('--pid', String(watched.pid));
      await callgate.attached();
      await watched.round();
      watched.end();
      expect(await callgate.status()).toBe(0);
      expect(timesOf(recordingIn(file), 'getppid')).toBe(FIRST_ROUND);
      expect(recordingIn(file).lacks).toEqual(['startup']);
      await expectNothingLeft(callgate);
    });

    it('ends after its duration, and the target does not', async () => {
      const watched = await target();
      const callgate = record('--pid', String(watched.pid), '--duration', '2s');
      expect(await callgate.status()).toBe(0);
      expect(recordingIn(file).schema).toBe('callgate-recording/1');
      expect(timesOf(recordingIn(file), 'getppid')).toBe(0);
      await watched.expectUntouched();
      await expectNothingLeft(callgate);
    });

    it('writes snapshots at SIGUSR1, and goes on', async () => {
      const watched = await target();
      const callgate = record('--pid', String(watched.pid));
      await callgate.attached();
      expect(existsSync(file)).toBe(false);
      await watched.round();
      callgate.signal('SIGUSR1');
      const snapshot = await until('a snapshot', () => recordingSoon(file));
      expect(timesOf(snapshot, 'getppid')).toBe(FIRST_ROUND);
      expect(callgate.isRunning).toBe(true);
      await watched.round();
      callgate.signal('SIGUSR1');
      await until('a second snapshot', () => {
        const seen = recordingSoon(file);
        return seen !== undefined && timesOf(seen, 'getppid') === FIRST_ROUND + EACH;
      });
      await watched.round();
      callgate.signal('SIGINT');
      expect(await callgate.status()).toBe(0);
      expect(timesOf(recordingIn(file), 'getppid')).toBe(FIRST_ROUND + 2 * EACH);
      await expectNothingLeft(callgate);
    });

    it('goes on when a snapshot cannot be written', async () => {
      const watched = await target();
      const folder = join(undo.folder(), 'later');
      mkdirSync(folder);
      file = join(folder, 'rec.json');
      const callgate = record('--pid', String(watched.pid));
      await callgate.attached();
      rmdirSync(folder);
      callgate.signal('SIGUSR1');
      await until('a complaint', () => /cannot write .* goes on/.test(callgate.stderr));
      await watched.round();
      mkdirSync(folder);
      callgate.signal('SIGINT');
      expect(await callgate.status()).toBe(0);
      expect(timesOf(recordingIn(file), 'getppid')).toBe(FIRST_ROUND);
    });

    it('says which process a thread belongs to', async () => {
      const watched = await target();
      const thread = readdirSync(`/proc/${watched.pid}/task`).find((tid) => tid !== String(watched.pid))!;
      const callgate = record('--pid', thread);
      await callgate.expectRefusal(new RegExp(`thread of process ${watched.pid}`));
    });

    it('leaves nothing behind when it is killed by SIGTERM while it records', async () => {
      const watched = await target();
      const callgate = record('--pid', String(watched.pid));
      await callgate.attached();
      await watched.round();
      traces.watch(callgate.pid);
      callgate.signal('SIGTERM');
      await callgate.over();
      await expectNothingLeft(callgate);
      await watched.expectUntouched();
    });

    it.each([50, 150, 250, 350, 450])(
      'leaves nothing behind when it is killed by SIGTERM after %d ms',
      async (delay) => {
        const watched = await target();
        const callgate = record('--pid', String(watched.pid));
        await sleep(delay);
        traces.watch(callgate.pid);
        callgate.signal('SIGTERM');
        await callgate.over();
        await expectNothingLeft(callgate);
        await watched.expectUntouched();
      },
    );

    it.each(['0', '-1', 'x', '999999999', ''])(
      'says in one line that there is no process "%s"',
      async (pid) => {
        await target();
        const callgate = record(`--pid=${pid}`);
        await callgate.expectRefusal(/process|pid/i);
        expect(existsSync(file)).toBe(false);
      },
    );
  });

  describe('--pid with tracefs', () => {
    it('counts the same, in an instance of its own that is gone afterwards, or says in a line that it cannot', async () => {
      const watched = await target();
      const callgate = record('-r', 'tracefs', '--pid', String(watched.pid));
      const refused = await Promise.race([
        callgate.ended.then(() => true),
        callgate.attached().then(
          () => false,
          () => true,
        ),
      ]);
      if (refused) {
        await callgate.expectRefusal(/tracefs/);
      } else {
        expect(traces.watch(callgate.pid).instances).not.toEqual([]);
        await watched.round();
        callgate.signal('SIGINT');
        expect(await callgate.status()).toBe(0);
        const recording = recordingIn(file);
        expect(recording.lost).toBe(0);
        expect(timesOf(recording, 'getppid')).toBe(FIRST_ROUND);
      }
      await watched.expectUntouched();
      await expectNothingLeft(callgate);
    });
  });

  describe('--cgroup', () => {
    /** A folder of the cgroup-v2 hierarchy with a folder in it; the target's processes must be gone before it is. */
    function cgroup(): { outer: string; inner: string } {
      const outer = join(ownCgroup()!, `attach-test-${process.pid}`);
      const inner = join(outer, 'inner');
      mkdirSync(inner, { recursive: true });
      undo.defer(() =>
        until('empty cgroups', () => {
          try {
            for (const folder of [inner, outer]) if (existsSync(folder)) rmdirSync(folder);
            return true;
          } catch {
            return false;
          }
        }),
      );
      return { outer, inner };
    }

    const put = (one: Target, folder: string) => {
      for (const pid of [one.pid, ...descendants(one.pid)])
        writeFileSync(join(folder, 'cgroup.procs'), String(pid));
    };

    it('counts what happens in it and below it, and nothing beside it', async () => {
      const { outer, inner } = cgroup();
      const [watched, below] = [await target(), await new Target(undo, program).ready()];
      const beside = await new Target(undo, program).ready();
      put(watched, outer);
      put(below, inner);
      const callgate = record('--cgroup', outer);
      await callgate.attached();
      await Promise.all([watched, below, beside].map((one) => one.round()));
      callgate.signal('SIGINT');
      expect(await callgate.status()).toBe(0);
      const recording = recordingIn(file);
      expect(timesOf(recording, 'getppid')).toBe(2 * FIRST_ROUND);
      expect(recording.lost).toBe(0);
      await watched.expectUntouched();
      expect(existsSync(inner)).toBe(true);
      await expectNothingLeft(callgate);
    });

    it('counts what comes into it later', async () => {
      const { outer } = cgroup();
      const watched = await target();
      const callgate = record('--cgroup', outer);
      await callgate.attached();
      put(watched, outer);
      await watched.round();
      callgate.signal('SIGINT');
      expect(await callgate.status()).toBe(0);
      expect(timesOf(recordingIn(file), 'getppid')).toBe(FIRST_ROUND);
      expect(recordingIn(file).lacks).toEqual(['shutdown']);
      await expectNothingLeft(callgate);
    });

    it.each(['/no/such/cgroup', '/proc'])('says in one line that %s is none', async (path) => {
      await target();
      const callgate = record('--cgroup', path);
      await callgate.expectRefusal(/cgroup/i);
      expect(existsSync(file)).toBe(false);
    });
  });
});

describeWith(['root', 'ebpf', 'docker'], 'waiting for a container', () => {
  const undo = new Undo();
  afterEach(() => undo.run());

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'that never comes ends by %s and leaves nothing',
    async (signal) => {
      const traces = new KernelTraces();
      const file = join(undo.folder(), 'rec.json');
      const name = `callgate-never-${process.pid}`;
      const callgate = new Background(undo, [
        'record',
        '--container',
        `docker:${name}`,
        '--wait',
        '-o',
        file,
      ]);
      await callgate.waits();
      traces.watch(callgate.pid);
      callgate.signal(signal);
      await callgate.over();
      await until('no process of callgate', () => callgate.processes().length === 0);
      await traces.expectNone();
    },
  );

  it('is what --wait is for: without it a missing one is missed in one line', async () => {
    const callgate = new Background(undo, ['record', '--container', `callgate-never-${process.pid}`]);
    await callgate.expectRefusal(/container/);
  });
});

describeWith(['root', 'ebpf'], 'the look at the BPF programs of this machine', () => {
  const undo = new Undo();
  afterEach(() => undo.run());

  it('sees those of a recorder that runs, and that they go', async () => {
    const traces = new KernelTraces();
    const callgate = new Background(undo, ['record', '-q', '-r', 'ebpf', '--', 'sleep', '600']);
    await until('programs of callgate', () => traces.watch(callgate.pid).programs.length > 0);
    expect(traces.watch(callgate.pid).programs.join()).toMatch(/callgate_/);
    expect([...bpfPrograms().values()].join()).toMatch(/callgate_/);
    callgate.signal('SIGTERM');
    await callgate.over();
    await traces.expectNone();
  });
});
