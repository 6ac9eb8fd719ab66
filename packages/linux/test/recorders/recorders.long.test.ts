import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { instruction } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { nameOf, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import type { LaunchPlan } from '@callgate/linux/internal/launch/launch';
import { temporaryFolder } from '@callgate/linux/internal/leavings/temporary-folder';
import { ownCgroup } from '@callgate/linux/internal/process/cgroup';
import { NoSuchProgram } from '@callgate/linux/internal/process/find-program';
import { RECORDERS } from '@callgate/linux/internal/recorders/choose';
import { ebpf, ebpfWithCopies, ebpfWithEvents } from '@callgate/linux/internal/recorders/ebpf/ebpf';
import { log } from '@callgate/linux/internal/recorders/logs/log';
import { strace } from '@callgate/linux/internal/recorders/logs/strace';
import { tracefs } from '@callgate/linux/internal/recorders/logs/tracefs';
import { denials } from '@callgate/linux/internal/recorders/notify/denials';
import { notify } from '@callgate/linux/internal/recorders/notify/notify';
import type { Recorder, Tally } from '@callgate/linux/internal/recorders/recorder';
import { ownNameOfNobody } from '@callgate/testing/own-name-of-nobody';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-recorders-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Row {
  readonly recorder: Recorder;
  readonly needs: readonly Requirement[];
  /** It does not tell i386 calls from others, and says so. */
  readonly blind?: boolean;
  /** Short-lived children that it is given. */
  readonly storm?: number;
}

const CONTRACT: readonly Row[] = [
  { recorder: ebpf, needs: ['root', 'ebpf'] },
  { recorder: notify, needs: [] },
  { recorder: tracefs, needs: ['root', 'tracefs'], blind: true },
  { recorder: log, needs: ['root', 'audit'] },
  { recorder: strace, needs: ['strace'], storm: 1000 },
];

it('has a row for every recorder', () => {
  expect(CONTRACT.map(({ recorder }) => recorder)).toEqual(expect.arrayContaining([...RECORDERS]));
});

const quiet = { env: { PATH: process.env.PATH }, stdio: 'ignore' } satisfies Partial<LaunchPlan>;

function namesOf(tally: Tally): string[] {
  return tally.counts.filter((c) => c.count > 0).map((c) => `${c.arch}/${nameOf(c.arch, c.nr) ?? c.nr}`);
}

function countOf(tally: Tally, name: string): number {
  const counts = tally.counts.filter((c) => nameOf(c.arch, c.nr) === name);
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** The names that strace sees a program and its children call. */
function straced(command: readonly string[]): Set<string> {
  const log = join(folder, 'strace.log');
  spawnSync('strace', ['-f', '-qq', '-o', log, ...command], { stdio: 'ignore' });
  const names = [
    ...readFileSync(log, 'latin1').matchAll(/^\d+ +(?:<\.\.\. )?([a-z_0-9]+)(?:\(| resumed>)/gm),
  ];
  return new Set(names.map((m) => `x86_64/${m[1]}`));
}

function compile(name: string, source: string, ...flags: string[]): string {
  const file = join(folder, name);
  writeFileSync(`${file}.c`, source);
  execFileSync('gcc', [...flags, '-o', file, `${file}.c`]);
  return file;
}

/** And programs as old kernels need them. */
const ALONE: readonly Row[] = [ebpfWithCopies, ebpfWithEvents].map((recorder) => ({
  recorder,
  needs: ['root', 'ebpf'],
}));

describe.each([...CONTRACT, ...ALONE])(
  'recorder $recorder.id',
  ({ recorder, needs, blind = false, storm: children = 10_000 }) => {
    describeWith(needs, 'contract', () => {
      it('passes the exit status on', async () => {
        const tally = await recorder.record({ ...quiet, command: ['sh', '-c', 'exit 7'] });
        expect(tally.ending).toEqual({ status: 7 });
        expect(tally.lost).toBe(0);
      });

      it('reports the signal that ended the program', async () => {
        const tally = await recorder.record({ ...quiet, command: ['sh', '-c', 'kill -9 $$'] });
        expect(tally.ending).toEqual({ status: 137, signal: 'SIGKILL' });
      });

      it('counts exactly, and not what it does itself', async () => {
        const dd = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=3000'] as const;
        const [first, second] = [
          await recorder.record({ ...quiet, command: [...dd] }),
          await recorder.record({ ...quiet, command: ['true'] }),
        ];
        expect(countOf(first, 'read')).toBeGreaterThanOrEqual(3000);
        expect(countOf(first, 'write')).toBeGreaterThanOrEqual(3000);
        expect(countOf(first, 'read') + countOf(first, 'write')).toBeLessThan(6050);
        expect(countOf(second, 'execve')).toBe(1);
        expect(countOf(second, 'exit_group')).toBe(1);
        expect(namesOf(second)).not.toContain('x86_64/seccomp');
        expect(namesOf(second)).not.toContain('x86_64/epoll_create1');
      });

      it('follows children that outlive the program', async () => {
        const waited: number[] = [];
        const told = join(folder, `told-${recorder.id}`);
        rmSync(told, { force: true });
        const waiting = (n: number) => {
          waited.push(n);
          writeFileSync(told, '');
        };
        // The child stays until it was seen to be waited for, however slow the machine is.
        const child = `(until [ -e ${told} ]; do sleep 0.1; done; mkdir -p .) & exit 0`;
        const tally = await recorder.record({ ...quiet, command: ['sh', '-c', child] }, { waiting });
        expect(waited[0]).toBeGreaterThan(0);
        expect(namesOf(tally)).toContain('x86_64/mkdir');
      });

      it('does not wait for a program that leaves nothing running', async () => {
        let waited = 0;
        await recorder.record({ ...quiet, command: ['sleep', '0.3'] }, { waiting: (n) => (waited = n) });
        expect(waited).toBe(0);
      });

      it('ends everything when it is told to stop', async () => {
        const stop = new AbortController();
        const tally = await recorder.record(
          { ...quiet, command: ['sh', '-c', 'sleep 1000 & sleep 1000'] },
          { stop: stop.signal, started: () => setTimeout(() => stop.abort(), 200) },
        );
        expect(tally.ending.signal).toBe('SIGKILL');
      });

      it('says when a program does not exist, and leaves nothing', async () => {
        await expect(recorder.record({ ...quiet, command: ['/no/such/program'] })).rejects.toThrow(
          NoSuchProgram,
        );
        await expect(recorder.record({ ...quiet, command: ['/etc/passwd'] })).rejects.toThrow();
        const file = join(folder, 'not-elf');
        writeFileSync(file, '\x7fELF nonsense', { mode: 0o755 });
        await expect(recorder.record({ ...quiet, command: [file] })).resolves.toBeDefined();
        const cgroup = ownCgroup();
        if (cgroup)
          expect(readdirSync(cgroup).filter((name) => name.startsWith(`callgate-${process.pid}-`))).toEqual(
            [],
          );
      });
    });

    describeWith([...needs, 'strace', 'gcc'], 'loses no name against strace', () => {
      const program = (name: string, source: string) => compile(`${recorder.id}-${name}`, source);

      it('for thousands of short-lived children', { timeout: 300_000 }, async () => {
        const storm = program(
          'storm',
          `#include <sys/wait.h>\n#include <unistd.h>\nint main() { for (int i = 0; i < ${children}; i++) { if (fork() == 0) { if (i == ${children - 1}) getsid(0); _exit(0); } wait(0); } }`,
        );
        const tally = await recorder.record({ ...quiet, command: [storm] });
        expect(new Set(namesOf(tally))).toEqual(straced([storm]));
        expect(countOf(tally, 'exit_group')).toBe(children + 1);
        expect(countOf(tally, 'getsid')).toBe(1);
      });

      it('for 64 threads at once', async () => {
        const threads = program(
          'threads',
          '#include <pthread.h>\n#include <unistd.h>\n#include <sys/syscall.h>\nvoid *f(void *n) { for (int i = 0; i < 500; i++) syscall(SYS_getpriority, 0, 0); if ((long)n == 63) { syscall(SYS_getpgid, 0); usleep(100000); } return 0; }\nint main() { pthread_t t[64]; for (long i = 0; i < 64; i++) pthread_create(&t[i], 0, f, (void *)i); for (int i = 0; i < 64; i++) pthread_join(t[i], 0); }',
        );
        const tally = await recorder.record({ ...quiet, command: [threads] });
        const mine = new Set(namesOf(tally));
        for (const name of straced([threads])) expect(mine).toContain(name);
        expect(countOf(tally, 'getpriority')).toBe(64 * 500);
        expect(countOf(tally, 'getpgid')).toBe(1);
      });
    });

    describeWith([...needs, 'gcc'], 'tells ABIs apart', () => {
      it('counts i386, x32 and unknown numbers as what they are', async () => {
        const program = compile(
          `${recorder.id}-abis`,
          `#include <unistd.h>
int main() {
  for (int i = 0; i < 3; i++) { long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(64)); }
  for (int i = 0; i < 4; i++) syscall(0x40000000 | 39);
  for (int i = 0; i < 5; i++) syscall(999);
}`,
        );
        const { counts, ambiguous } = await recorder.record({ ...quiet, command: [program] });
        const times = (arch: string, nr: number) => counts.find((c) => c.arch === arch && c.nr === nr)?.count;
        expect(times(blind ? 'x86_64' : 'x86', numberOf('x86', 'getppid')!)).toBe(3);
        expect(ambiguous > 0).toBe(counts.some((c) => c.assumed));
        if (blind) expect(counts.filter((c) => c.arch === 'x86_64').every((c) => c.assumed)).toBe(true);
        expect(times('x32', numberOf('x32', 'getpid')!)).toBe(4);
        expect(times('x86_64', 999)).toBe(5);
      });
    });
  },
);

describeWith(['root', 'ebpf', 'gcc'], 'recorder ebpf counts denied calls', () => {
  it.each([
    ['as this kernel has it', ebpf],
    ['as old kernels have it', ebpfWithCopies],
    ['as new kernels have it', ebpfWithEvents],
  ])('apart from those that pass, in forked children too, %s', async (_, recorder) => {
    const program = compile(
      'denied',
      '#include <sys/wait.h>\n#include <unistd.h>\n#include <sys/stat.h>\nint main() { for (int i = 0; i < 5; i++) mkdir("", 0); if (fork() == 0) { mkdir("", 0); getppid(); _exit(0); } wait(0); getppid(); }',
    );
    const MKDIR = numberOf('x86_64', 'mkdir')!;
    const filter = [
      instruction(op.LD_ABS, 0),
      instruction(op.JEQ_K, MKDIR, 0, 1),
      instruction(op.RET_K, 0x00050001),
      instruction(op.RET_K, 0x7fff0000),
    ];
    const tally = await recorder.record({ ...quiet, command: [program], filter, noNewPrivs: true });
    const mkdir = tally.counts.find((c) => c.nr === MKDIR);
    expect(mkdir).toMatchObject({ count: 0, denied: 6 });
    expect(tally.counts.filter((c) => c.denied > 0)).toHaveLength(1);
    expect(countOf(tally, 'getppid')).toBe(2);
  });
});

describeWith(['gcc'], 'recorder denials', () => {
  it('answers denied calls with their errno, lets logged ones pass, and counts both, without root', async () => {
    const program = compile(
      'answered',
      `#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
int main() {
  if (mkdir("", 0) != -1 || errno != 77) return 1;
  if (mkdir("", 0) != -1 || errno != 77) return 2;
  if (rmdir("") != 0) return 3;
  if (access("/", 0) != 0 || access("/", 0) != 0 || access("/", 1) != 0) return 5;
  return getppid() > 0 ? 0 : 4;
}`,
    );
    const filter = [
      instruction(op.LD_ABS, 0),
      instruction(op.JEQ_K, numberOf('x86_64', 'mkdir')!, 0, 1),
      instruction(op.RET_K, 0x00050000 | 77),
      instruction(op.JEQ_K, numberOf('x86_64', 'rmdir')!, 0, 1),
      instruction(op.RET_K, 0x00050000),
      instruction(op.JEQ_K, numberOf('x86_64', 'access')!, 0, 3),
      instruction(op.LD_ABS, 16 + 8),
      instruction(op.JEQ_K, 0, 0, 1),
      instruction(op.RET_K, 0x7ffc0000),
      instruction(op.RET_K, 0x7fff0000),
    ];
    const { ending, counts } = await denials.record({
      ...quiet,
      command: [program],
      filter,
      noNewPrivs: true,
    });
    expect(ending).toEqual({ status: 0 });
    expect(counts.map(({ nr, count, denied }) => [nameOf('x86_64', nr), count, denied])).toEqual([
      ['access', 2, 0],
      ['mkdir', 0, 2],
      ['rmdir', 0, 1],
    ]);
  });
});

describeWith(['strace'], 'recorder strace, stopped at any moment of its start', () => {
  it('ends, and leaves no process behind', async () => {
    // Several at once: what the moment hits depends on the load.
    for (let delay = 0; delay < 30; delay++)
      await Promise.all(
        [0, 1, 2, 3].map(async (i) => {
          const mark = `5${delay}${i}.${process.pid}`;
          const stop = new AbortController();
          const recorded = strace.record({ ...quiet, command: ['sleep', mark] }, { stop: stop.signal });
          await sleep(delay + i / 4);
          stop.abort();
          // Where nothing had started yet, it says so.
          await recorded.catch(() => {});
          expect(spawnSync('pgrep', ['-f', `sleep ${mark}`]).status).toBe(1);
        }),
      );
  });
});

describe('signals to callgate', () => {
  const CALLGATE = join(import.meta.dirname, '../../../cli/bin/callgate.js');
  const start = (...args: string[]) => spawn(process.execPath, [CALLGATE, ...args], { stdio: 'ignore' });
  const ended = (child: ChildProcess) => once(child, 'exit') as Promise<[number | null, string | null]>;
  const isRunning = (text: string) => spawnSync('pgrep', ['-f', text]).status === 0;

  it.each(CONTRACT.filter(({ recorder }) => recorder.unavailable() === undefined))(
    '$recorder.id: SIGTERM at any moment leaves no process behind',
    async ({ recorder }) => {
      for (const delay of [50, 150, 250, 350, 450]) {
        const mark = `3${delay}.${process.pid}`;
        const child = start('record', '-q', '-r', recorder.id, '--', 'sleep', mark);
        await sleep(delay);
        child.kill('SIGTERM');
        await ended(child);
        expect(isRunning(`sleep ${mark}`)).toBe(false);
      }
    },
  );

  it.each(CONTRACT.filter(({ recorder }) => recorder.unavailable() === undefined))(
    '$recorder.id: SIGTERM reaches the program, which may end as it likes',
    async ({ recorder }) => {
      const script = 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done';
      const command = [
        CALLGATE,
        'record',
        '-q',
        '-r',
        recorder.id,
        '--',
        recorder.id === 'strace' ? 'bash' : 'sh',
        '-c',
        script,
      ];
      // Several at once, so that the program often comes before callgate's next turn.
      const endings = [0, 1, 2, 3].map(async () => {
        const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'ignore'] });
        await once(child.stdout, 'data');
        child.kill('SIGTERM');
        return ended(child);
      });
      expect(await Promise.all(endings)).toEqual(endings.map(() => [7, null]));
    },
  );

  it.each(CONTRACT.filter(({ recorder }) => recorder.unavailable() === undefined))(
    '$recorder.id: SIGINT ends what the program left running, and keeps its status',
    async ({ recorder }) => {
      const mark = `4.${process.pid}`;
      const command = [
        CALLGATE,
        'record',
        '-r',
        recorder.id,
        '--',
        'sh',
        '-c',
        `setsid sleep ${mark} & sleep 0.2; exit 5`,
      ];
      const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] });
      for await (const said of child.stderr) if (/processes it started still run/.test(String(said))) break;
      child.kill('SIGINT');
      expect(await ended(child)).toEqual([5, null]);
      expect(isRunning(`sleep ${mark}`)).toBe(false);
    },
  );
});

describeWith(['root', 'ebpf', 'gcc', 'util-linux'], 'recorder ebpf, beside others on its CPU', () => {
  // The kernel gives the stack of a process that ended to the next one, whoever starts it.
  const forking = (name: string, child: string, times: number) =>
    compile(
      name,
      `#include <sys/wait.h>\n#include <unistd.h>\nint main() { for (int i = 0; i < ${times}; i++) { if (fork() == 0) { ${child}; _exit(0); } wait(0); } }`,
    );

  it('counts its own calls, and none of theirs', { timeout: 120_000 }, async () => {
    const stranger = spawn('taskset', ['-c', '0', forking('stranger', 'getsid(0); getsid(0)', 1_000_000)]);
    try {
      const own = forking('own', 'getppid(); getppid(); getppid()', 5000);
      const tally = await ebpf.record({ ...quiet, command: ['taskset', '-c', '0', own] });
      expect(countOf(tally, 'getppid')).toBe(15_000);
      expect(countOf(tally, 'exit_group')).toBe(5001);
      expect(countOf(tally, 'getsid')).toBe(0);
      expect(stranger.exitCode).toBe(null);
    } finally {
      stranger.kill();
    }
  });
});

describeWith(['root', 'ebpf'], 'recorder ebpf', () => {
  it('sees the same arguments as old and new kernels have it', async () => {
    const seen = async (recorder: Recorder) => {
      const script = 'ls / >/dev/null; (mkdir -p .); exit 0';
      const { counts } = await recorder.record({ ...quiet, command: ['sh', '-c', script] }, { args: true });
      // What depends on luck: how often a shell is woken, and where things lie in memory.
      const told = counts.filter(({ args }) =>
        args?.every((value) => value !== undefined && value < 0x10000n),
      );
      return new Set(told.map(({ arch, nr, args }) => `${arch} ${nameOf(arch, nr)} ${args}`));
    };
    const now = await seen(ebpf);
    expect(now.size).toBeGreaterThan(20);
    expect(await seen(ebpfWithCopies)).toEqual(now);
    expect(await seen(ebpfWithEvents)).toEqual(now);
  });

  it('says when a program leaves its cgroup', async () => {
    const elsewhere = join(ownCgroup()!, 'cgroup.procs');
    const script = `(true); echo $$ > ${elsewhere}; (true)`;
    expect(await ebpf.record({ ...quiet, command: ['sh', '-c', script] })).toMatchObject({ left: 1 });
    expect(await ebpf.record({ ...quiet, command: ['sh', '-c', '(true); (true)'] })).toMatchObject({
      left: 0,
    });
  });
});

describeWith(['strace'], 'recorder strace', () => {
  it('removes what a killed callgate has left, and nothing else', async () => {
    const used = temporaryFolder('strace');
    const other = join(tmpdir(), ownNameOfNobody('other'));
    const abandoned = join(tmpdir(), ownNameOfNobody('strace'));
    for (const folder of [abandoned, other]) mkdirSync(folder);
    for (const folder of [abandoned, other, used]) writeFileSync(join(folder, 'log'), '');
    await strace.record({ ...quiet, command: ['true'] });
    expect([abandoned, other, used].map((path) => existsSync(path))).toEqual([false, true, true]);
    for (const folder of [other, used]) rmSync(folder, { recursive: true });
  });
});
