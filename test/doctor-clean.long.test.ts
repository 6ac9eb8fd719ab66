import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnCallgate } from '@callgate/testing/callgate';
import { BUSYBOX, Containers, PODMAN_RUN } from '@callgate/testing/containers';
import { leftOnMachine } from '@callgate/testing/left-on-machine';
import { Random } from '@callgate/testing/random-programs';
import { CALLGATE } from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { afterAll, describe, expect, it } from 'vitest';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261129);
/** How often each verb is killed. */
const KILLS = Number(process.env.CALLGATE_KILLS ?? 1);
/** What waits for something that does not come is killed within that time. */
const LONGEST_MS = 4000;
const PROFILE = join(import.meta.dirname, 'fixtures/profiles/actions.json');

interface Way {
  readonly args: readonly string[];
  readonly needs?: readonly Requirement[];
  /** The engine whose image stands for {image}. */
  readonly engine?: 'docker' | 'podman';
}

const SHORT = ['--', 'sh', '-c', 'for i in 1 2 3; do ls / >/dev/null; done; (sleep 0.1); true'];

/** For what callgate is asked for itself: its name is the test's, so that the test can remove it. */
const OWN_CONTAINER = `killed-${process.pid}`;
const IN_CONTAINER = ['/bin/busybox', 'sleep', '0.5'];
const SPEC = '{}/test.yaml';

/** A test of a container, by each of those who can start one. */
const testBy = (host: string, needs: readonly Requirement[], engine?: Way['engine']): Way => ({
  args: ['test', SPEC, '--engine', host],
  needs: ['root', 'busybox', ...needs],
  engine,
});

/** Everything that makes something on the machine; {} is a folder of its own, which has a root file system with busybox. */
const WAYS: Readonly<Record<string, Way>> = {
  'record, ebpf': {
    args: ['record', '-r', 'ebpf', '-o', '{}/r.json', ...SHORT],
    needs: ['root', 'ebpf', 'bpftool'],
  },
  'record, tracefs': {
    args: ['record', '-r', 'tracefs', '-o', '{}/r.json', ...SHORT],
    needs: ['root', 'tracefs'],
  },
  'record, log': { args: ['record', '-r', 'log', '-o', '{}/r.json', ...SHORT], needs: ['root', 'audit'] },
  'record, strace': { args: ['record', '-r', 'strace', '-o', '{}/r.json', ...SHORT], needs: ['strace'] },
  'record, notify': { args: ['record', '-r', 'notify', '-o', '{}/r.json', ...SHORT] },
  'record --container --wait': {
    args: ['record', '--container', 'callgate-nobody', '--wait', '-o', '{}/r.json'],
    needs: ['root', 'ebpf', 'bpftool', 'docker'],
  },
  'record -- docker run': {
    args: [
      ...['record', '-o', '{}/r.json', '--', 'docker', 'run', '--rm', '--network=none'],
      ...['--name', OWN_CONTAINER, '{image}', ...IN_CONTAINER],
    ],
    needs: ['root', 'ebpf', 'bpftool', 'docker', 'busybox'],
    engine: 'docker',
  },
  'record -- podman run': {
    args: [
      ...['record', '-o', '{}/r.json', '--', 'podman', ...PODMAN_RUN, '--rm'],
      ...['--name', OWN_CONTAINER, '{image}', ...IN_CONTAINER],
    ],
    needs: ['root', 'ebpf', 'bpftool', 'podman', 'busybox'],
    engine: 'podman',
  },
  'test, host': { args: ['test', '-p', 'stock:docker', '--', 'true'] },
  'test, docker': testBy('docker', ['docker'], 'docker'),
  'test, podman': testBy('podman', ['podman'], 'podman'),
  'test, containerd': testBy('containerd', ['containerd']),
  'test, runc': testBy('runc', ['runc']),
  'test, crun': testBy('crun', ['crun']),
  'try, docker': {
    args: [
      ...['try', '--duration', '1s', '-o', '{}/q.json', '--'],
      ...['docker', 'run', '--network=none', '{image}', ...IN_CONTAINER],
    ],
    needs: ['root', 'ebpf', 'bpftool', 'docker', 'busybox'],
    engine: 'docker',
  },
  'try, podman': {
    args: [
      ...['try', '--duration', '1s', '-o', '{}/q.json', '--'],
      ...['podman', ...PODMAN_RUN, '{image}', ...IN_CONTAINER],
    ],
    needs: ['root', 'ebpf', 'bpftool', 'podman', 'busybox'],
    engine: 'podman',
  },
  'watch, ebpf': {
    args: ['watch', '--source', 'ebpf', '--exec', 'true'],
    needs: ['root', 'ebpf', 'bpftool'],
  },
  'watch, kernel log': { args: ['watch', '--source', 'kernel-log', '--metrics', ':0'], needs: ['root'] },
  ps: { args: ['ps', '-a', '--all-processes'], needs: ['root'] },
  why: { args: ['why', '--profile', 'stock:docker', '--call', 'mount'] },
  init: { args: ['init', '{}/sub', '--force', '--engine', 'kubernetes', '--ci', 'github'] },
  run: { args: ['run', '-p', 'stock:docker', ...SHORT] },
  'run --log': { args: ['run', '--log', '-p', 'stock:docker', ...SHORT] },
  'verify, libseccomp': { args: ['verify', 'stock:docker'], needs: ['libseccomp'] },
  'verify, runc': { args: ['verify', 'stock:docker', '--against', 'runc'], needs: ['root', 'runc'] },
  'verify, crun': { args: ['verify', 'stock:docker', '--against', 'crun'], needs: ['root', 'crun'] },
  shrink: { args: ['shrink', '{}/p.json', '--trials', '1', '-o', '{}/q.json', '--', 'true'] },
  tour: { args: ['tour', '--', 'true'] },
  build: { args: ['build', '{}/r.json', '-o', '{}/p.json'] },
  'hook install': {
    args: ['hook', 'install', '--dir', '{}/hooks', '--out', '/opt/callgate-test-profiles'],
    needs: ['root'],
  },
  doctor: { args: ['doctor'] },
};

const ROWS = Object.entries(WAYS).map(([verb, way], index) => ({ verb, index, ...way }));

describe.each(ROWS)('$verb, killed', ({ verb, index, args, engine, needs = [] }) => {
  // For others Podman leaves processes and folders of its own, as soon as it is asked anything.
  describeWith(['root', ...needs], 'at many moments', () => {
    const folder = join(tmpdir(), `killed-${process.pid}-${verb.replace(/\W+/g, '-')}`);
    const temporary = join(folder, 'tmp');
    const work = join(folder, 'work');
    const mark = `CALLGATE_KILLED=${process.pid}-${verb}`;
    const [name, value] = mark.split('=');
    const env = { ...process.env, NO_COLOR: '1', TMPDIR: temporary, [name]: value };
    const containers = engine && new Containers(engine);
    afterAll(() => {
      containers?.remove();
      rmSync(folder, { recursive: true, force: true });
      rmSync('/opt/callgate-test-profiles', { recursive: true, force: true });
    });

    const start = () => {
      const image = containers?.imageName ?? '';
      const words = args.map((word) => word.replace('{}', work).replace('{image}', image));
      return spawn(process.execPath, [CALLGATE, ...words], { env, cwd: work, stdio: 'ignore' });
    };

    it('leaves nothing that doctor --clean does not find and remove', { timeout: 600_000 }, async () => {
      for (const one of [temporary, work]) mkdirSync(one, { recursive: true });
      writeFileSync(join(work, 'p.json'), readFileSync(PROFILE));
      spawnCallgate(['record', '-q', '-r', 'notify', '-o', join(work, 'r.json'), '--', 'true']);
      spawnCallgate(['build', join(work, 'r.json'), '-o', join(work, 'p.json')]);
      containers?.create();
      const root = rootFileSystem(join(work, 'root'));
      const where = containers
        ? { image: containers.imageName, options: optionsOf(engine!) }
        : { rootfs: root };
      writeFileSync(join(work, 'test.yaml'), JSON.stringify({ ...where, ...TEST }));
      const random = new Random(SEED + index);
      const begin = performance.now();
      const whole = start();
      await Promise.race([once(whole, 'exit'), sleep(LONGEST_MS)]);
      whole.kill();
      const usual = performance.now() - begin;
      for (let kill = 0; kill < KILLS; kill++) {
        const callgate = start();
        const ended = once(callgate, 'exit');
        const moment = (usual * random.below(1000)) / 1000;
        await sleep(moment);
        // Sometimes with all that it has started, as when a machine has no memory left.
        const others = (index + kill) % 2 === 1 ? treeOf(callgate.pid!) : [callgate.pid!];
        for (const pid of others) spawnSync('kill', ['-KILL', String(pid)]);
        await ended;
        // What somebody asked for with words of his own is his.
        if (engine) spawnSync(engine, ['rm', '-f', OWN_CONTAINER]);
        const { status, stdout } = spawnCallgate(['doctor', '--clean', '--json', ...foldersIn(work)], {
          cwd: work,
          env,
        });
        const about = `seed ${SEED} + ${index}, kill ${kill} after ${Math.round(moment)} of ${Math.round(usual)} ms: ${stdout}`;
        expect(status, about).toBe(0);
        const started = { mark: value, temporary, pids: [callgate.pid!] };
        const wait = performance.now() + 2000;
        // What the program itself started may run on for a moment.
        while (leftOnMachine(started).length > 0 && performance.now() < wait) await sleep(50);
        expect(leftOnMachine(started), about).toEqual([]);
        expect(halfWritten(work), about).toEqual([]);
      }
    });
  });
});

const TEST = {
  profile: 'stock:docker',
  command: ['/bin/busybox', 'sleep', '60'],
  functions: [{ run: ['/bin/busybox', 'true'] }],
  security: [{ attack: 'mount' }],
};

/** What a container of that engine needs on this machine. */
function optionsOf(engine: 'docker' | 'podman'): string[] {
  return engine === 'docker'
    ? ['--network=none']
    : PODMAN_RUN.filter((word) => /^--(?:ulimit|network)/.test(word));
}

function rootFileSystem(folder: string): string {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  if (existsSync(BUSYBOX)) copyFileSync(BUSYBOX, join(folder, 'bin/busybox'));
  return folder;
}

function treeOf(root: number): number[] {
  const { stdout } = spawnSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = stdout.split('\n').map((row) => row.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) tree.push(...rows.filter(([, ppid]) => ppid === parent).map(([pid]) => pid));
  return tree;
}

/** A folder and all below it: what is half written is looked for where somebody says. */
function foldersIn(folder: string): string[] {
  const below = readdirSync(folder, { recursive: true, withFileTypes: true });
  return [folder, ...below.filter((entry) => entry.isDirectory()).map((e) => join(e.parentPath, e.name))];
}

function halfWritten(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('callgate-'),
  );
}
