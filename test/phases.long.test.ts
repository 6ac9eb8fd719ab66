import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Recording } from '@callgate/engine/internal/recording/recording';
import {
  Background,
  compile,
  finished,
  namesOf,
  recordingIn,
  timesOf,
  Undo,
} from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, expect, it } from 'vitest';

/** A life whose parts are told apart by calls that come in no other: getppid, geteuid and getegid, getgid. */
const PROGRAM = `
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile sig_atomic_t over;
static void told(int signal) { over = signal; }
static void calls(long nr, int times) { while (times-- > 0) syscall(nr); }
int main(int argc, char **argv) {
  char go;
  if (argc > 1 && !strcmp(argv[1], "held") && read(0, &go, 1) != 1) return 1;
  calls(SYS_getppid, 3);
  if (argc > 1 && !strcmp(argv[1], "short")) return 0;
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  signal(SIGTERM, told);
  poll(0, 0, 20);
  calls(SYS_geteuid, 5);
  kill(child, SIGTERM);
  waitpid(child, 0, 0);
  calls(SYS_getegid, 2);
  kill(getpid(), SIGTERM);
  calls(SYS_getgid, 4);
  return over ? 0 : 1;
}`;
const MARKS = ['getppid', 'geteuid', 'getegid', 'getgid', 'exit_group'];

/** "phase name count" of the calls that tell. */
function marksIn({ observations }: Recording): string[] {
  return observations
    .filter((o) => MARKS.includes(o.name))
    .map((o) => `${o.phase} ${o.name} ${o.count}`)
    .sort();
}

const LIFE = [
  'shutdown exit_group 1',
  'shutdown getgid 4',
  'startup getppid 3',
  'steady getegid 2',
  'steady geteuid 5',
];

describeWith(['root', 'ebpf', 'gcc'], 'the phases of a life', () => {
  let undo = new Undo();
  afterEach(async () => {
    const last = undo;
    undo = new Undo();
    await last.run();
  });

  async function recorded(flags: readonly string[], program: readonly string[]): Promise<Recording> {
    const file = join(undo.folder(), 'rec.json');
    await finished(undo, ['record', '-r', 'ebpf', '-o', file, ...flags, '--', ...program]);
    return recordingIn(file);
  }

  it.each([[[]], [['--args']]])(
    'are told apart, and a child that is told to end does not end it %j',
    async (flags) => {
      const program = compile(undo.folder(), 'life', PROGRAM);
      expect(marksIn(await recorded(flags, [program]))).toEqual(LIFE);
    },
  );

  it.each([[[]], [['--args']]])('are not, in what never waits %j', async (flags) => {
    const program = compile(undo.folder(), 'life', PROGRAM);
    const recording = await recorded(flags, [program, 'short']);
    expect(marksIn(recording)).toEqual(['run exit_group 1', 'run getppid 3']);
    expect(new Set(recording.observations.map((o) => o.phase))).toEqual(new Set(['run']));
  });

  it.each([[[]], [['--args']]])('tell who made each call first, and when %j', async (flags) => {
    const program = compile(undo.folder(), 'life', PROGRAM);
    const before = Date.now();
    const { observations } = await recorded(flags, [program]);
    for (const { first } of observations) {
      expect(first?.process).toMatch(/^(life|node)$/);
      const time = Date.parse(first!.time!);
      expect(time).toBeGreaterThanOrEqual(before - 50);
      expect(time).toBeLessThanOrEqual(Date.now() + 50);
    }
    const timeOf = (name: string) => Date.parse(observations.find((o) => o.name === name)!.first!.time!);
    expect(timeOf('getppid')).toBeLessThan(timeOf('geteuid'));
  });

  it('begin with the steady one where it ran before', async () => {
    const program = compile(undo.folder(), 'life', PROGRAM);
    const file = join(undo.folder(), 'rec.json');
    const held = spawn(program, ['held'], { stdio: ['pipe', 'ignore', 'ignore'] });
    undo.defer(() => held.kill('SIGKILL'));
    const callgate = new Background(undo, ['record', '-o', file, '--pid', String(held.pid)]);
    await callgate.attached();
    held.stdin.end('x');
    expect(await callgate.status()).toBe(0);
    expect(marksIn(recordingIn(file))).toEqual(LIFE.map((mark) => mark.replace('startup', 'steady')).sort());
  });
});

describeWith(['root', 'ebpf', 'gcc-m32', 'i386'], 'the phases of a life of 32 bits', () => {
  const undo = new Undo();
  afterEach(() => undo.run());

  it.each([[[]], [['--args']]])('are the same %j', async (flags) => {
    const folder = undo.folder();
    const file = join(folder, 'rec.json');
    const program = compile(folder, 'life', PROGRAM, '-m32', '-static');
    await finished(undo, ['record', '-r', 'ebpf', '-o', file, ...flags, '--', program]);
    expect(marksIn(recordingIn(file))).toEqual(LIFE);
  });
});

/** Its child executes a program from a thread that is not its first: the thread takes the process's number then. */
const EXECUTES = `
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
static void *executes(void *unused) { execl("/bin/true", "true", (char *)0); return unused; }
int main(int argc, char **argv) {
  char go;
  pthread_t thread;
  if (argc > 1 && read(0, &go, 1) != 1) return 1;
  if (fork() == 0) { pthread_create(&thread, 0, executes, 0); for (;;) pause(); }
  wait(0);
  return argv == 0;
}`;

describeWith(['root', 'ebpf', 'gcc'], 'a thread that executes a program', () => {
  const undo = new Undo();
  afterEach(() => undo.run());

  /** The first thread may be gone before it makes these. */
  const RACING = ['rt_sigprocmask', 'pause'];
  const made = (file: string) =>
    recordingIn(file)
      .observations.filter(({ name }) => !RACING.includes(name))
      .map((o) => [o.name, o.count]);

  it('goes on being recorded, with arguments and without', async () => {
    const folder = undo.folder();
    const program = compile(folder, 'executes', EXECUTES, '-pthread');
    const [plain, withArguments] = ['plain.json', 'args.json'].map((name) => join(folder, name));
    await finished(undo, ['record', '-r', 'ebpf', '-o', plain, '--', program]);
    await finished(undo, ['record', '-r', 'ebpf', '--args', '-o', withArguments, '--', program]);
    expect(made(plain)).toContainEqual(['exit_group', 2]);
    expect(made(withArguments)).toEqual(made(plain));
  });

  it('is recorded where the process ran before, and the recording ends with it', async () => {
    const folder = undo.folder();
    const file = join(folder, 'rec.json');
    const held = spawn(compile(folder, 'executes', EXECUTES, '-pthread'), ['held'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    undo.defer(() => held.kill('SIGKILL'));
    const callgate = new Background(undo, ['record', '-o', file, '--pid', String(held.pid)]);
    await callgate.attached();
    held.stdin.end('x');
    expect(await callgate.status()).toBe(0);
    // Its own and the executed program's.
    expect(timesOf(recordingIn(file), 'exit_group')).toBe(2);
    expect([...namesOf(recordingIn(file))]).toEqual(
      expect.arrayContaining(['execve', 'arch_prctl', 'openat']),
    );
  });
});
