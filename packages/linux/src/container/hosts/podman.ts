import { existsSync, readFileSync } from 'node:fs';
import { findProgram } from '../../process/find-program.ts';
import { processStatus } from '../../process/processes.ts';
import { engineHost } from './engine.ts';

/** Podman, with root or without. */
export const podman = engineHost('podman', () => ({
  name: 'podman',
  global: podmanOptions(),
  run: [...openFilesAndProcesses(), ...processesOfCgroup()],
}));

/** Options before every verb, by which containers start on this machine. */
export function podmanOptions(): string[] {
  return [...runtime(), ...(existsSync('/run/systemd/system') ? [] : ['--cgroup-manager=cgroupfs'])];
}

/** crun refuses machines that have both versions of cgroups. */
function runtime(): string[] {
  if (!existsSync('/sys/fs/cgroup/unified')) return [];
  try {
    return ['--runtime', findProgram('runc', `/usr/sbin:/sbin:${process.env.PATH ?? ''}`)];
  } catch {
    return [];
  }
}

const CAP_SYS_RESOURCE = 24n;

/** Podman raises limits for its containers, which not every root may: it is told to keep to what this process has. */
function openFilesAndProcesses(): string[] {
  const may = (processStatus('self').effectiveCapabilities >> CAP_SYS_RESOURCE) & 1n;
  const isRoot = process.geteuid!() === 0;
  if (may || !isRoot) return [];
  const [, files] = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
  return [`--ulimit=nofile=${files ?? 1024}:${files ?? 1024}`, '--ulimit=nproc=4096:4096'];
}

/** Where cgroups cannot count processes, Podman must not be asked to limit them. */
function processesOfCgroup(): string[] {
  try {
    const controllers = readFileSync('/sys/fs/cgroup/cgroup.controllers', 'latin1').split(/\s+/);
    return controllers.includes('pids') ? [] : ['--pids-limit=0'];
  } catch {
    // Not the second version of cgroups, which counts them in one place of its own.
    return [];
  }
}
