import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recording } from '@callgate/engine/internal/recording/recording';
import { processCapabilities } from '@callgate/linux/internal/process/processes';
import { spawnCallgate } from '@callgate/testing/callgate';
import {
  allowedBy,
  Background,
  KernelTraces,
  namesOf,
  recordingIn,
  statusOf,
  Undo,
  without,
} from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import {
  bundleHost,
  containerdHost,
  engineHost,
  type Host,
  makeRoot,
  SERVERS,
  serves,
} from '@callgate/testing/served';
import { until } from '@callgate/testing/until';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/**
 * What runc calls under a container's filter before its execve, without no_new_privs: in every start of runc 1.1.5, and
 * what came in some starts or comes with other releases and users. (2,110 starts, of plain bundles, Docker and Podman.)
 */
const FLOOR = new Set(
  `close openat write getpid epoll_ctl fstatfs getdents64 execve capget capset chdir faccessat2 fcntl fstat getcwd
getppid newfstatat prctl read setgid setgroups setuid`.split(/\s+/),
);
/** crun with create and start, no_new_privs off. */
const CRUN_FLOOR =
  'capset close execve prctl pselect6 read rt_sigaction rt_sigprocmask setresgid setresuid write'.split(' ');
/** In some starts, or in newer releases than this machine's. */
const SOMETIMES =
  'tgkill futex rt_sigreturn sched_yield mmap fchown openat2 statx readlinkat close_range personality'.split(
    ' ',
  );
/**
 * Calls of runc's other threads at that time, which no filter sees: they come together and in every start. Go's runtime may
 * make one of them on the filtered thread too, once in thousands of starts.
 */
const UNFILTERED = ['nanosleep', 'epoll_pwait', 'tgkill', 'madvise', 'munmap', 'clone3'];

/** A call that neither server makes. */
const FOREIGN = ['/bin/busybox', 'ln', '-s', 'target', '/tmp/link'] as const;

const HOSTS: readonly { id: 'docker' | 'podman' | 'containerd' | 'runc'; needs: readonly Requirement[] }[] = [
  { id: 'docker', needs: ['docker'] },
  { id: 'podman', needs: ['podman'] },
  { id: 'containerd', needs: ['containerd'] },
  { id: 'runc', needs: ['runc'] },
];
const NAMES = [
  { server: 'busybox httpd', needs: [] },
  { server: 'nginx', needs: ['nginx'] },
] as const;

let undo = new Undo();
afterEach(async () => {
  const last = undo;
  undo = new Undo();
  await last.run();
});

/** A plain bundle has no name that callgate could ask for: its process, created and not yet started, is given by pid. */
async function recordFromStart(host: Host, command: readonly string[], file: string): Promise<void> {
  const name = host.newName();
  let run: Background;
  if (host.id === 'runc') {
    const runc = host as ReturnType<typeof bundleHost>;
    runc.create(undo, name, { command });
    run = new Background(undo, ['record', '--pid', String(runc.pid(name)), '-o', file]);
    await run.attached();
    runc.begin(name);
  } else {
    run = new Background(undo, ['record', '--container', name, '--wait', '-o', file]);
    await run.waits();
    host.start(undo, name, { command });
  }
  await serves(host.pid(name));
  const had = processCapabilities(host.pid(name));
  await host.stop(name);
  // It ends with the container.
  expect(await run.status()).toBe(0);
  expect(capabilitiesIn(file)).toEqual(had);
}

/** What the container that was recorded could have at most. */
function capabilitiesIn(file: string): readonly string[] {
  return JSON.parse(readFileSync(file, 'utf8')).machine.capabilities;
}

/** A recording of a container that serves already; what the callback does happens while it is made. */
async function recordAttached(
  host: Host,
  command: readonly string[],
  file: string,
  meanwhile: (name: string) => unknown = () => {},
): Promise<void> {
  const name = host.newName();
  host.start(undo, name, { command });
  const pid = host.pid(name);
  await serves(pid);
  const traces = new KernelTraces();
  const target = host.id === 'runc' ? ['--pid', String(pid)] : ['--container', `${host.id}:${name}`];
  const run = new Background(undo, ['record', ...target, '-o', file]);
  await run.attached();
  traces.watch(run.pid);
  await serves(pid);
  await meanwhile(name);
  run.signal('SIGINT');
  expect(await run.status()).toBe(0);
  await until('no process of callgate', () => run.processes().length === 0);
  await traces.expectNone();
  // The container has noticed nothing.
  await serves(pid);
  // By its process alone nobody takes it for a container.
  if (host.id !== 'runc') expect(capabilitiesIn(file)).toEqual(processCapabilities(pid));
  await host.stop(name);
}

function hostOf(id: (typeof HOSTS)[number]['id'], undo: Undo, root: string): Host {
  if (id === 'runc') return bundleHost(id, root);
  return id === 'containerd' ? containerdHost(root) : engineHost(undo, id, root);
}

describe.each(HOSTS)('a profile for $id', ({ id, needs }) => {
  describeWith(
    ['root', 'ebpf', 'curl', 'util-linux', ...needs],
    'from recordings of a server in a container',
    () => {
      for (const { server, needs } of NAMES)
        describeWith(needs, server, () => {
          const always = new Undo();
          const command = SERVERS[server];
          let folder = '';
          let host: Host;
          beforeAll(() => {
            folder = always.folder();
            const root = makeRoot(always, { nginx: server === 'nginx' });
            host = hostOf(id, always, root);
          });
          afterAll(() => always.run());

          const recordings = new Map<string, Promise<string>>();
          /** The file of a recording that is made once. */
          function recorded(
            kind: string,
            make: (host: Host, command: readonly string[], file: string) => Promise<void>,
          ): Promise<string> {
            const file = join(folder, `${kind}.json`);
            const made = recordings.get(kind) ?? make(host, command, file).then(() => file);
            recordings.set(kind, made);
            return made;
          }
          const fromStart = () => recorded('from-start', recordFromStart);
          const attached = () => recorded('attached', recordAttached);

          function built(noNewPrivs: boolean, ...files: string[]): string {
            const profile = join(folder, `profile-${noNewPrivs}-${files.length}.json`);
            const flag = noNewPrivs ? ['--no-new-privs'] : [];
            const { status, stderr } = spawnCallgate([
              'build',
              ...files,
              '--runtime',
              id,
              ...flag,
              '-q',
              '-o',
              profile,
            ]);
            expect([status, stderr]).toEqual([0, '']);
            return profile;
          }
          const names = (profile: string) => allowedBy(JSON.parse(readFileSync(profile, 'utf8')));

          it('serves without any, and may make the call that no recording holds', async () => {
            const name = host.newName();
            host.start(undo, name, { command });
            await serves(host.pid(name));
            await host.stop(name);
            const { status, stderr } = host.run(undo, host.newName(), { command: FOREIGN });
            expect([status, stderr]).toEqual([0, '']);
          });

          it('has the phases of the recording from the start', { timeout: 180_000 }, async () => {
            const recording = recordingIn(await fromStart());
            expect(recording).toMatchObject({ lost: 0, lacks: [] });
            expectFloor(recording, id === 'runc');
            const run = namesOf(recording, 'workload');
            // The program's own start, and its service.
            expect(without(['brk', 'arch_prctl', 'socket', 'bind', 'listen', 'setsockopt'], run)).toEqual([]);
            expect([...run].some((name) => name.startsWith('accept'))).toBe(true);
            expect(phasesOf(recording, /^(bind|listen)$/)).toEqual(new Set(['startup']));
            expect(phasesOf(recording, /^accept4?$/)).toEqual(new Set(['steady']));
            // The runtime's preparation of the container is before the filter, and not in it.
            expect(
              ['pivot_root', 'mount', 'unshare', 'sethostname'].filter((n) => namesOf(recording).has(n)),
            ).toEqual([]);
            expect(['tgkill', 'epoll_pwait', 'capset', 'seccomp'].filter((name) => run.has(name))).toEqual(
              [],
            );
            expect(namesOf(recording, 'exec')).toEqual(new Set());
          });

          it('is no other when it is recorded while it serves', { timeout: 180_000 }, async () => {
            const recording = recordingIn(await attached());
            expect(recording).toMatchObject({ lost: 0, lacks: ['startup', 'shutdown'] });
            expect(namesOf(recording, 'runtime')).toEqual(new Set());
            expect(namesOf(recording, 'exec')).toEqual(new Set());
            const run = namesOf(recording, 'workload');
            expect([...run].some((name) => name.startsWith('accept'))).toBe(true);
            expect(phasesOf(recording, /./)).toEqual(new Set(['steady']));
            expect(['execve', 'listen', 'bind', 'nsenter', 'setns'].filter((name) => run.has(name))).toEqual(
              [],
            );
            expect(without(run, namesOf(recordingIn(await fromStart()), 'workload'))).toEqual([]);
          });

          it.each([
            { noNewPrivs: false, from: 'the start' },
            { noNewPrivs: true, from: 'the start' },
            { noNewPrivs: false, from: 'both' },
          ])(
            'runs it and denies the rest (no_new_privs: $noNewPrivs, from $from)',
            { timeout: 180_000 },
            async ({ noNewPrivs, from }) => {
              const files = [await fromStart(), ...(from === 'both' ? [await attached()] : [])];
              const profile = built(noNewPrivs, ...files);
              expect(names(profile)).not.toContain('symlink');
              const name = host.newName();
              host.start(undo, name, { command, seccomp: profile, noNewPrivs });
              const pid = host.pid(name);
              await serves(pid, 20);
              expect(statusOf(pid, 'Seccomp')).toBe('2');
              expect(statusOf(pid, 'NoNewPrivs')).toBe(noNewPrivs ? '1' : '0');
              await host.stop(name);
              const denied = host.run(undo, host.newName(), {
                command: FOREIGN,
                seccomp: profile,
                noNewPrivs,
              });
              expect(denied.status).not.toBe(0);
              expect(denied.stderr).toMatch(/link.*(not permitted|not implemented)/);
            },
          );

          it('is smaller with no_new_privs by what the runtime needs without', {
            timeout: 180_000,
          }, async () => {
            const file = await fromStart();
            const [without_, with_] = [names(built(false, file)), names(built(true, file))];
            expect(without(with_, without_)).toEqual([]);
            const only = without(without_, with_);
            expect(only).toContain('capset');
            // Podman starts containers with crun or with runc; select is of a crun that is older than this machine's.
            const theirs = id === 'podman' ? [...CRUN_FLOOR, 'select'] : [];
            expect(without(only, new Set([...FLOOR, ...SOMETIMES, ...theirs]))).toEqual([]);
            // Those of runc with no_new_privs, and futex, without which create + start fails.
            for (const name of 'close openat write getpid epoll_ctl fstatfs getdents64 execve futex'.split(
              ' ',
            ))
              expect(with_).toContain(name);
          });

          if (id !== 'runc')
            it('holds the whole of a program that ends at once', { timeout: 180_000 }, async () => {
              const file = join(folder, 'short.json');
              const name = host.newName();
              const run = new Background(undo, ['record', '--container', name, '--wait', '-o', file]);
              await run.waits();
              expect(host.run(undo, name, { command: ['/bin/busybox', 'true'] }).status).toBe(0);
              expect(await run.status()).toBe(0);
              const recording = recordingIn(file);
              expect(recording.lost).toBe(0);
              expectFloor(recording, false);
              expect(without(['brk', 'arch_prctl', 'exit_group'], namesOf(recording, 'workload'))).toEqual(
                [],
              );
            });

          if (id !== 'runc')
            it('knows what was executed in the container later', { timeout: 180_000 }, async () => {
              const file = join(folder, 'exec.json');
              await recordAttached(host, command, file, (name) =>
                host.exec(name, ['/bin/busybox', ...FOREIGN.slice(1)]),
              );
              const recording = recordingIn(file);
              const exec = namesOf(recording, 'exec');
              expect(without(['symlink', 'execve', 'exit_group'], exec)).toEqual([]);
              expectOneThread(exec);
              expect(namesOf(recording, 'workload')).not.toContain('symlink');
              expect(namesOf(recording, 'runtime')).toEqual(new Set());
            });
        });
    },
  );
});

/** Nothing of threads that have no filter. */
function expectOneThread(names: ReadonlySet<string>): void {
  expect(UNFILTERED.filter((name) => names.has(name)).slice(1)).toEqual([]);
}

/** In which phases the calls of a name were made. */
function phasesOf({ observations }: Recording, name: RegExp): Set<string> {
  return new Set(observations.filter((o) => name.test(o.name)).map((o) => o.phase));
}

/** Phase "runtime" is the floor of the runtime's filtered thread, from the filter's loading on or from its middle. */
function expectFloor(recording: Recording, fromTheMiddle: boolean): void {
  const runtime = namesOf(recording, 'runtime');
  expect(without(runtime, new Set([...FLOOR, ...SOMETIMES, ...UNFILTERED]))).toEqual([]);
  expectOneThread(runtime);
  // Whether the execve that ends the phase is the runtime's or the workload's, it is in the recording.
  const missing = without(
    FLOOR,
    new Set([...runtime, ...(namesOf(recording, 'workload').has('execve') ? ['execve'] : [])]),
  );
  if (!fromTheMiddle) expect(missing).toEqual([]);
}
