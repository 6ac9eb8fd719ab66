import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Observation, Recording } from '@callgate/engine/internal/recording/recording';
import { spawnCallgate } from '@callgate/testing/callgate';
import {
  Background,
  compile,
  finished,
  recordingIn,
  straced,
  Undo,
  without,
} from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { nginxConfig } from '@callgate/testing/served';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Every recorder that `record -r` knows. */
const RECORDERS = ['ebpf', 'tracefs', 'notify', 'log', 'strace'] as const;
/** The one whose repeated runs tell which calls a workload does not make every time. */
const REFERENCE = process.getuid?.() === 0 ? 'ebpf' : 'notify';
const QUIET_RUNS = 2;
/** Of each kind of disturbance. */
const DISTURBED_RUNS = 2;
/** Of a recorder that disagrees: a call may be a matter of time once, what it can never see or always adds is a fault. */
const COMPARED_RUNS = 3;

const always = new Undo();
let undo = new Undo();
afterEach(async () => {
  const last = undo;
  undo = new Undo();
  await last.run();
});
afterAll(() => always.run());

/** A program that does real work, made in a folder of its own. */
interface Workload {
  readonly name: string;
  readonly needs: readonly Requirement[];
  make(folder: string): readonly string[];
  /** What it cannot do without; "arch/name". */
  readonly calls: readonly string[];
}

/** Asks a server behind a Unix socket or a port for fifty pages. */
const CLIENT = `
import socket, sys
for _ in range(50):
    if sys.argv[1].isdigit():
        s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    else:
        s = socket.socket(socket.AF_UNIX)
        s.connect(sys.argv[1])
    s.sendall(b"GET /index.html HTTP/1.0\\r\\n\\r\\n")
    answer = b""
    while part := s.recv(65536):
        answer += part
    s.close()
    if b" 200 " not in answer.split(b"\\r\\n")[0]:
        sys.exit("no page")
`;

const WORKLOADS: readonly Workload[] = [
  {
    name: 'nginx that serves 50 requests',
    needs: ['root', 'nginx', 'python3'],
    make(folder) {
      mkdirSync(join(folder, 'pages'));
      writeFileSync(join(folder, 'pages/index.html'), 'page\n');
      writeFileSync(join(folder, 'client.py'), CLIENT);
      writeFileSync(
        join(folder, 'nginx.conf'),
        nginxConfig(`unix:${folder}/socket`, join(folder, 'pages'), folder),
      );
      return script(
        folder,
        `rm -f "$1/socket"
nginx -c "$1/nginx.conf" -e stderr 2>/dev/null & server=$!
sleep 0.1; while [ ! -S "$1/socket" ]; do sleep 0.1; done
{ python3 -I "$1/client.py" "$1/socket" && kill -QUIT "$server" || kill -KILL "$server"; } & wait "$server"`,
      );
    },
    calls: ['x86_64/accept4', 'x86_64/epoll_wait', 'x86_64/recvfrom', 'x86_64/writev', 'x86_64/socketpair'],
  },
  {
    name: 'a web server of Python',
    needs: ['python3'],
    make(folder) {
      writeFileSync(join(folder, 'index.html'), 'page\n');
      writeFileSync(join(folder, 'client.py'), CLIENT);
      writeFileSync(
        join(folder, 'server.py'),
        `import http.server, os, sys
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args): pass
os.chdir(sys.argv[1])
server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
with open("port.new", "w") as file: file.write(str(server.server_address[1]))
os.rename("port.new", "port")
for _ in range(50): server.handle_request()
`,
      );
      return script(
        folder,
        `rm -f "$1/port"
python3 -I "$1/server.py" "$1" & server=$!
sleep 0.1; while [ ! -f "$1/port" ]; do sleep 0.1; done
{ python3 -I "$1/client.py" "$(cat "$1/port")" || kill -KILL "$server"; } & wait "$server"`,
      );
    },
    calls: ['x86_64/accept4', 'x86_64/bind', 'x86_64/listen', 'x86_64/rename', 'x86_64/connect'],
  },
  {
    name: 'a program of Go',
    needs: ['go'],
    make(folder) {
      writeFileSync(
        join(folder, 'main.go'),
        `package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"time"
)

// Makes the scheduler do all that it can: preempt, collect, yield, sleep.
func work() {
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			garbage := [][]byte{}
			for start := time.Now(); time.Since(start) < 200*time.Millisecond; {
				garbage = append(garbage[len(garbage)/2:], make([]byte, 1<<14))
			}
		}()
	}
	for i := 0; i < 10; i++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	group.Wait()
}

func main() {
	work()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(connection, connection); connection.Close() }()
		}
	}()
	var group sync.WaitGroup
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			connection, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				os.Exit(2)
			}
			fmt.Fprint(connection, "hello")
			connection.(*net.TCPConn).CloseWrite()
			if answer, _ := io.ReadAll(connection); string(answer) != "hello" {
				os.Exit(3)
			}
		}()
	}
	group.Wait()
}
`,
      );
      const program = join(folder, 'program');
      execFileSync('go', ['build', '-o', program, 'main.go'], {
        cwd: folder,
        env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: join(folder, 'cache') },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return [program];
    },
    calls: ['x86_64/accept4', 'x86_64/epoll_ctl', 'x86_64/shutdown', 'x86_64/futex'],
  },
  {
    name: 'a static i386 program',
    needs: ['gcc-m32', 'i386'],
    make(folder) {
      const source = `#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main() { if (fork() == 0) { getppid(); rmdir(""); _exit(0); } wait(0); puts("done"); }`;
      return [compile(folder, 'program', source, '-m32', '-static')];
    },
    calls: ['x86/getppid', 'x86/rmdir', 'x86/write', 'x86/exit_group'],
  },
  {
    name: 'a storm of 500 short children',
    needs: ['gcc'],
    make(folder) {
      const source = `#include <sys/wait.h>
#include <unistd.h>
int main() {
  for (int i = 0; i < 500; i++) { if (fork() == 0) { if (i == 499) getsid(0); _exit(0); } wait(0); }
}`;
      return [compile(folder, 'program', source)];
    },
    calls: ['x86_64/clone', 'x86_64/wait4', 'x86_64/getsid', 'x86_64/exit_group'],
  },
];

function script(folder: string, text: string): readonly string[] {
  writeFileSync(join(folder, 'workload.sh'), `${text}\n`);
  return ['sh', join(folder, 'workload.sh'), folder];
}

/** A call as a recorder saw it; an assumed one has a number or a name that may belong to another ABI. */
type Seen = Pick<Observation, 'arch' | 'nr' | 'name' | 'assumed'>;

const label = (call: Seen) => `${call.arch}/${call.name || call.nr}${call.assumed ? ' (assumed)' : ''}`;

/** Whether two recorders speak of one call: the same ABI and number, or what is left where one of them could not tell. */
function isSame(a: Seen, b: Seen): boolean {
  if (a.assumed || b.assumed) return a.nr === b.nr || (a.name !== '' && a.name === b.name);
  return a.arch === b.arch && a.nr === b.nr;
}

const has = (calls: readonly Seen[], call: Seen) => calls.some((one) => isSame(one, call));
const seenIn = (recording: Recording): readonly Seen[] => recording.observations.filter((o) => o.count > 0);

/** What some runs saw: in every one, and in any. */
class Runs {
  readonly all: readonly (readonly Seen[])[];
  constructor(all: readonly (readonly Seen[])[]) {
    this.all = all;
  }
  get ever(): readonly Seen[] {
    return this.all.flat();
  }
  get stable(): readonly Seen[] {
    return this.all[0]!.filter((call) => this.all.every((run) => has(run, call)));
  }
}

let files = 0;

async function record(recorder: string, command: readonly string[], before?: readonly string[]) {
  const file = join(undo.folder(), `${++files}.json`);
  await finished(undo, ['record', '-q', '-r', recorder, '-o', file, '--', ...command], before);
  const recording = recordingIn(file);
  expect(recording.recorder).toBe(recorder);
  return recording;
}

/**
 * Runs of the reference, some of them on one processor and some on all, while others keep those busy: what differs
 * between the runs depends on time (signals, futexes, preemption), and is the whole tolerance that other recorders get.
 */
async function reference(command: readonly string[]): Promise<Runs> {
  const runs: Recording[] = [];
  for (let i = 0; i < QUIET_RUNS; i++) runs.push(await record(REFERENCE, command));
  for (const where of [['taskset', '-c', '0'], []]) {
    const busy = Array.from({ length: 2 * availableParallelism() }, () => {
      const [program, ...args] = [...where, 'sh', '-c', 'while :; do :; done'];
      return spawn(program!, args, { stdio: 'ignore' });
    });
    try {
      for (let i = 0; i < DISTURBED_RUNS; i++) runs.push(await record(REFERENCE, command, where));
    } finally {
      for (const one of busy) one.kill('SIGKILL');
    }
  }
  for (const { lost, left } of runs) expect([lost, left]).toEqual([0, 0]);
  return new Runs(runs.map(seenIn));
}

/** Why a recorder cannot work here; undefined when it can, and also when callgate does not know it. */
function unavailable(recorder: string): string | undefined {
  const { status, stderr } = spawnCallgate(['record', '-q', '-r', recorder, '--', 'true']);
  return status === 0 ? undefined : /cannot record here: (.*)/.exec(stderr)?.[1];
}

const required = (process.env.CALLGATE_REQUIRE ?? '').split(',');
const ROWS = RECORDERS.filter((id) => id !== REFERENCE).map((id) => ({ id, why: unavailable(id) }));

describe.each(WORKLOADS)('$name', ({ needs, make, calls }) => {
  describeWith([...needs, 'util-linux'], 'is the same to every recorder', () => {
    let command: readonly string[] = [];
    let expected = new Runs([]);
    beforeAll(async () => {
      command = make(always.folder());
      expected = await reference(command);
    }, 300_000);

    it(`is what ${REFERENCE} says it is`, () => {
      expect(without(calls, new Set(expected.stable.map(label)))).toEqual([]);
    });

    for (const { id, why } of ROWS) {
      const demanded = required.includes('all') || required.includes(id);
      const title = `for ${id}${why ? ` (${why})` : ''}`;
      it.skipIf(why !== undefined && !demanded)(title, { timeout: 300_000 }, async () => {
        const recordings: Recording[] = [];
        let differing: { added: readonly Seen[]; missing: readonly Seen[] };
        do {
          recordings.push(await record(id, command));
          const runs = new Runs(recordings.map(seenIn));
          differing = {
            added: runs.stable.filter((call) => !has(expected.ever, call)),
            // What a recorder says it lost may be missing; what it does not say may not.
            missing:
              id === 'log' && recordings.some(({ lost }) => lost > 0)
                ? []
                : expected.stable.filter((call) => !has(runs.ever, call)),
          };
        } while (recordings.length < COMPARED_RUNS && differing.added.length + differing.missing.length > 0);
        expect({ added: differing.added.map(label), missing: differing.missing.map(label) }).toEqual({
          added: [],
          missing: [],
        });
        // An ABI that cannot be told is counted, never guessed.
        for (const { ambiguous, observations } of recordings)
          expect(ambiguous > 0).toBe(observations.some((o) => o.assumed === true));
        if (id === 'ebpf' || id === 'notify' || id === 'log')
          for (const { ambiguous } of recordings) expect(ambiguous).toBe(0);
      });
    }

    describeWith(['strace'], 'and to strace itself', () => {
      it('by number', { timeout: 300_000 }, () => {
        const log = join(undo.folder(), 'strace.log');
        const [one, two] = [straced(command, log), straced(command, log)];
        const known = new Set(expected.ever.map((call) => call.nr));
        const extra = [...one].filter(([nr]) => two.has(nr) && !known.has(nr));
        expect(extra.map(([nr, name]) => `${name} (${nr})`)).toEqual([]);
        const missing = expected.stable.filter((call) => !one.has(call.nr) && !two.has(call.nr));
        expect(missing.map(label)).toEqual([]);
      });
    });
  });
});

describe('a log of one run', () => {
  const undo = new Undo();
  afterEach(() => undo.run());

  describeWith(['strace', 'gcc'], 'of strace', () => {
    it('read by callgate, makes with a recording the profile that the recording makes alone', async () => {
      const folder = undo.folder();
      const [file, log] = [join(folder, 'rec.json'), join(folder, 'strace.log')];
      const program = compile(
        folder,
        'program',
        '#include <unistd.h>\nint main() { getppid(); return rmdir("") == 0; }',
      );
      await finished(undo, ['record', '-q', '-o', file, '--', program]);
      straced([program], log);
      const built = (...from: string[]) => {
        const { status, stdout, stderr } = spawnCallgate(['build', ...from, '-q', '-o', '-']);
        expect([status, stderr]).toEqual([0, '']);
        return JSON.parse(stdout);
      };
      expect(built(file, log)).toEqual(built(file));
      const read = join(folder, 'read.json');
      expect(spawnCallgate(['read', log, '-o', read]).status).toBe(0);
      expect(built(file, read)).toEqual(built(file));
      expect(JSON.stringify(built(log))).toContain('"rmdir"');
    });
  });
});

describe('an unknown recorder', () => {
  it('is refused with the names of all', async () => {
    const run = new Background(undo, ['record', '-r', 'nosuch', '--', 'true']);
    expect(await run.status()).toBe(125);
    for (const id of RECORDERS) expect(run.stderr).toContain(id);
  });
});
