import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What a test started: processes with the mark in their environment, which have the temporary folder. */
export interface Started {
  readonly mark: string;
  readonly temporary: string;
  /** The numbers that callgate's own process had. */
  readonly pids: readonly number[];
}

/** Where containerd listens: by itself, and as Docker starts it. */
const CONTAINERD = ['/run/containerd/containerd.sock', '/run/docker/containerd/containerd.sock'].filter(
  (socket) => existsSync(socket),
);

/** What is on this machine of what was started, found without any of callgate's code, one a line. */
export function leftOnMachine({ mark, temporary, pids }: Started): string[] {
  const isTheirs = (name: string) => pids.some((pid) => name.includes(`callgate-${pid}-`));
  const processes = entries('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      if (/^State:\s*[ZX]/m.test(text(`/proc/${pid}/status`))) return false;
      const texts = ['environ', 'cmdline', 'mountinfo'].map((file) => text(`/proc/${pid}/${file}`));
      return (
        texts[0].includes(mark) ||
        isTheirs(texts[1]) ||
        texts[2].includes(temporary) ||
        isTheirs(executable(pid))
      );
    });
  return [
    ...processes.map((pid) => `process ${pid}: ${text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`),
    ...lines('find', '/sys/fs/cgroup', '-name', '*callgate-*', '-type', 'd').filter(isTheirs),
    ...entries('/sys/kernel/tracing/instances').filter(isTheirs),
    ...entries(temporary).map((name) => join(temporary, name)),
    ...lines('docker', 'ps', '-a', '--format', 'docker container {{.Names}}').filter(isTheirs),
    ...lines('docker', 'images', '--format', 'docker image {{.Repository}}:{{.Tag}}').filter(isTheirs),
    ...lines('podman', 'ps', '-a', '--format', 'podman container {{.Names}}').filter(isTheirs),
    ...lines('podman', 'images', '--format', 'podman image {{.Repository}}:{{.Tag}}').filter(isTheirs),
    ...CONTAINERD.flatMap((socket) =>
      lines('ctr', '-a', socket, '-n', 'callgate', 'containers', 'ls', '-q').filter(isTheirs),
    ),
    ...programsOfNobody(),
  ];
}

/** BPF programs with callgate's names that no process holds, as bpftool lists them, a moment long. */
function programsOfNobody(): string[] {
  const listed = ownPrograms();
  const held = new Set(
    entries('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => entries(`/proc/${pid}/fdinfo`).map((fd) => text(`/proc/${pid}/fdinfo/${fd}`)))
      .map((info) => Number(/^prog_id:\s*(\d+)/m.exec(info)?.[1])),
  );
  const free = listed.filter(({ id }) => !held.has(id));
  if (free.length === 0) return [];
  // Other tests may just have let theirs go.
  spawnSync('sleep', ['0.5']);
  const still = new Set(ownPrograms().map(({ id }) => id));
  return free.filter(({ id }) => still.has(id)).map(({ id, name }) => `BPF program ${id} ${name}`);
}

function ownPrograms(): { readonly id: number; readonly name?: string }[] {
  const { stdout } = spawnSync('bpftool', ['prog', 'show', '--json'], { encoding: 'utf8' });
  const programs: { id: number; name?: string }[] = JSON.parse(stdout || '[]');
  return programs.filter(({ name }) => name?.startsWith('callgate_'));
}

function executable(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}

function lines(program: string, ...args: readonly string[]): string[] {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter(Boolean);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
