import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ownCgroup } from '@callgate/linux/internal/process/cgroup';
import { Background, Undo } from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { until } from '@callgate/testing/until';
import { afterEach, describe, expect, it } from 'vitest';

const undo = new Undo();
afterEach(() => undo.run());

/** The names of the living processes that a test's callgate has started, it itself and its keeper included. */
function living(callgate: Background): string[] {
  return callgate.processes().flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/comm`, 'latin1').trim()];
    } catch {
      return [];
    }
  });
}

/** Cgroups and tracing instances of a callgate. */
function traces(pid: number): string[] {
  const folders = [ownCgroup(), '/sys/kernel/tracing/instances'].filter(
    (f) => f !== undefined && existsSync(f),
  );
  return folders.flatMap((folder) =>
    readdirSync(folder!).filter((name) => name.startsWith(`callgate-${pid}-`)),
  );
}

/** It makes calls all the time, in a child of a child. */
const BUSY = ['sh', '-c', '(while :; do ls / >/dev/null; done) & wait'];

interface Way {
  readonly args: readonly string[];
  readonly needs: readonly Requirement[];
}

const WAYS: Readonly<Record<string, Way>> = {
  notify: { args: ['record', '-q', '-r', 'notify'], needs: [] },
  ebpf: { args: ['record', '-q', '-r', 'ebpf'], needs: ['root', 'ebpf'] },
  log: { args: ['record', '-q', '-r', 'log'], needs: ['root'] },
  tracefs: { args: ['record', '-q', '-r', 'tracefs'], needs: ['root'] },
  'run --log': { args: ['run', '-q', '--log', '-p', 'stock:docker'], needs: [] },
};

describe.each(Object.entries(WAYS))('callgate that is killed: %s', (_, { args, needs }) => {
  describeWith([...needs], 'with a program that goes on', () => {
    it('leaves nothing behind', { timeout: 60_000 }, async () => {
      const callgate = new Background(undo, [...args, '--', ...BUSY]);
      await until('the program', () => living(callgate).includes('ls'));
      callgate.signal('SIGKILL');
      await until(`the end of ${living(callgate).join(', ')}`, () => living(callgate).length === 0);
      await until(`no trace: ${traces(callgate.pid).join(', ')}`, () => traces(callgate.pid).length === 0);
      expect(traces(callgate.pid)).toEqual([]);
    });
  });
});
