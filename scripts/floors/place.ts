import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cgroup } from '@callgate/linux/internal/process/cgroup';

/** Where a runtime lives and starts containers: this machine, or a Debian in a folder. */
export interface Place {
  /** What goes before a command that is to run there. */
  readonly enter: readonly string[];
  /** A folder for bundles, as this process sees it, and as the place does. */
  readonly outside: string;
  readonly inside: string;
  readonly close: () => Promise<void>;
}

/** crun refuses machines that mount both kinds of cgroups; in a mount namespace of its own it sees only the second. */
const WITH_CGROUP2_ALONE = existsSync('/sys/fs/cgroup/unified')
  ? ['unshare', '-m', 'sh', '-c', 'mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup && exec "$@"', 'sh']
  : [];

export function thisMachine(runtime: 'runc' | 'crun'): Place {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-floors-'));
  return {
    enter: runtime === 'crun' ? WITH_CGROUP2_ALONE : [],
    outside: folder,
    inside: folder,
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A Debian as test/machines/folder.ts makes them; nothing that happens there changes it. `programs` go before its own. */
export async function debianIn(folder: string, programs: string): Promise<Place> {
  const scratch = mkdtempSync(join(tmpdir(), 'callgate-floors-root-'));
  const outside = mkdtempSync(join(tmpdir(), 'callgate-floors-'));
  const cgroup = Cgroup.create();
  const script = join(import.meta.dirname, '../../test/machines/enter-folder.sh');
  const keep = ['sh', '-c', 'echo ready; exec cat'];
  const keeper = spawn(
    'sh',
    [script, cgroup.path, scratch, folder, '/bin/busybox', outside, programs, ...keep],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await Promise.race([once(keeper.stdout!, 'data'), once(keeper, 'exit')]);
  if (keeper.exitCode !== null) throw new Error(`${folder} cannot be entered`);
  return {
    enter: ['nsenter', '-t', String(keeper.pid), '-m', '-C', '-u', '-i', '-r', '-w', '--'],
    outside,
    inside: '/callgate',
    close: () => closeDebian(keeper, cgroup, [scratch, outside]),
  };
}

async function closeDebian(keeper: ChildProcess, cgroup: Cgroup, folders: readonly string[]): Promise<void> {
  keeper.stdin!.end();
  if (keeper.exitCode === null) await once(keeper, 'exit');
  cgroup.killAll();
  for (let i = 0; i < 100 && cgroup.isPopulated(); i++) await new Promise((r) => setTimeout(r, 20));
  cgroup.remove();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
