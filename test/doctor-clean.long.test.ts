import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnCallgate } from '@callgate/testing/callgate';
import { leftOnMachine } from '@callgate/testing/left-on-machine';
import { Random } from '@callgate/testing/random-programs';
import { CALLGATE } from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { afterAll, describe, expect, it } from 'vitest';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261129);
/** How often each verb is killed. */
const KILLS = 8;
/** What waits for something that does not come is killed within that time. */
const LONGEST_MS = 4000;
const PROFILE = join(import.meta.dirname, 'fixtures/profiles/actions.json');

interface Way {
  readonly args: readonly string[];
  readonly needs?: readonly Requirement[];
}

const SHORT = ['--', 'sh', '-c', 'for i in 1 2 3; do ls / >/dev/null; done; (sleep 0.1); true'];

/** Everything that makes something on the machine; {} is a folder of its own. */
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

describe.each(Object.entries(WAYS))('%s, killed', (verb, { args, needs = [] }) => {
  describeWith([...needs], 'at many moments', () => {
    const folder = join(tmpdir(), `killed-${process.pid}-${verb.replace(/\W+/g, '-')}`);
    const temporary = join(folder, 'tmp');
    const work = join(folder, 'work');
    const mark = `CALLGATE_KILLED=${process.pid}-${verb}`;
    const [name, value] = mark.split('=');
    const env = { ...process.env, NO_COLOR: '1', TMPDIR: temporary, [name]: value };
    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
      rmSync('/opt/callgate-test-profiles', { recursive: true, force: true });
    });

    const start = () => {
      const words = args.map((word) => word.replace('{}', work));
      return spawn(process.execPath, [CALLGATE, ...words], { env, cwd: work, stdio: 'ignore' });
    };

    it('leaves nothing that doctor --clean does not find and remove', { timeout: 600_000 }, async () => {
      for (const one of [temporary, work]) mkdirSync(one, { recursive: true });
      writeFileSync(join(work, 'p.json'), readFileSync(PROFILE));
      spawnCallgate(['record', '-q', '-r', 'notify', '-o', join(work, 'r.json'), '--', 'true']);
      spawnCallgate(['build', join(work, 'r.json'), '-o', join(work, 'p.json')]);
      const random = new Random(SEED);
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
        const others = kill % 3 === 2 ? treeOf(callgate.pid!) : [callgate.pid!];
        for (const pid of others) spawnSync('kill', ['-KILL', String(pid)]);
        await ended;
        const { status, stdout } = spawnCallgate(['doctor', '--clean', '--json'], { cwd: work, env });
        const about = `seed ${SEED}, kill ${kill} after ${Math.round(moment)} of ${Math.round(usual)} ms: ${stdout}`;
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

function treeOf(root: number): number[] {
  const { stdout } = spawnSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = stdout.split('\n').map((row) => row.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) tree.push(...rows.filter(([, ppid]) => ppid === parent).map(([pid]) => pid));
  return tree;
}

function halfWritten(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('callgate-'),
  );
}
