import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Floor, floorsDuring } from './calls.ts';
import type { Place } from './place.ts';
import { configOf, type Setting } from './setting.ts';

const BUSYBOX = '/bin/busybox';
const PATIENCE_MS = 20_000;

/** How often a runtime made each call in a number of starts. */
export interface Shares {
  readonly starts: number;
  readonly calls: ReadonlyMap<string, number>;
}

/**
 * Starts containers, has a process join each, and removes them. An old runc that a much newer Go has built may start containers
 * and let nobody join them: then there is no `exec`.
 */
export async function sharesOf(
  place: Place,
  runtime: readonly string[],
  setting: Setting,
  starts: number,
): Promise<{ start: Shares; exec?: Shares }> {
  const containers = Array.from({ length: starts }, (_, i) => new Container(place, runtime, setting, i));
  try {
    const start = await floorsDuring(async () => {
      for (const container of containers) await container.start();
      return containers.map(({ pid }) => pid);
    });
    const exec = await floorsDuring(async () => {
      for (const container of containers) await container.exec();
      return start.map(({ id }) => id);
    }).catch((fault: Error) => console.error(`exec: ${fault.message}`));
    return { start: sharesOfFloors(start, starts), ...(exec && { exec: sharesOfFloors(exec, starts) }) };
  } finally {
    for (const container of containers) await container.remove();
  }
}

function sharesOfFloors(floors: readonly Floor[], starts: number): Shares {
  return sharesIn(
    floors.map(({ calls }) => calls),
    starts,
  );
}

/** Of a start whose beginning was not seen, execve is missing, too: it does not count. */
export function sharesIn(all: readonly ReadonlySet<string>[], starts: number): Shares {
  const runs = all.filter((run) => run.has('execve'));
  if (runs.length < starts / 2) throw new Error(`only ${runs.length} of ${starts} starts were seen`);
  const calls = new Map<string, number>();
  for (const run of runs) for (const name of run) calls.set(name, (calls.get(name) ?? 0) + 1);
  return { starts: runs.length, calls };
}

class Container {
  pid = 0;
  private readonly id: string;
  private readonly place: Place;
  private readonly runtime: readonly string[];
  private readonly setting: Setting;
  private readonly said: number;

  constructor(place: Place, runtime: readonly string[], setting: Setting, number: number) {
    this.place = place;
    this.runtime = runtime;
    this.setting = setting;
    this.id = `callgate-floor-${process.pid}-${number}`;
    const rootfs = join(this.outside, 'rootfs');
    for (const name of ['bin', 'proc', 'dev', 'sys']) mkdirSync(join(rootfs, name), { recursive: true });
    copyFileSync(BUSYBOX, join(rootfs, 'bin/busybox'));
    writeFileSync(join(this.outside, 'config.json'), JSON.stringify(configOf(setting)));
    this.said = openSync(join(this.outside, 'said'), 'w');
  }

  async start(): Promise<void> {
    const bundle = join(this.place.inside, this.id);
    const create = ['--bundle', bundle, '--pid-file', join(bundle, 'pid'), this.id];
    // The other end of a terminal is `script`, which lives as long as the container.
    if (this.setting.terminal) void this.run(true, 'run', ...create).catch(() => {});
    else {
      await this.run(false, 'create', ...create);
      await this.run(false, 'start', this.id);
    }
    await this.until(() => existsSync(join(this.outside, 'pid')) && this.readPid() > 0);
    this.pid = this.readPid();
    await this.until(() => readFileSync(`/proc/${this.pid}/cmdline`, 'latin1').includes('sleep'));
  }

  async exec(): Promise<void> {
    const { terminal } = this.setting;
    await this.run(terminal, 'exec', ...(terminal ? ['--tty'] : []), this.id, '/bin/busybox', 'true');
  }

  async remove(): Promise<void> {
    const removed = this.run(false, 'delete', '--force', this.id);
    // One that did not start, and one that `run` removes itself, may be gone.
    await (this.pid === 0 || this.setting.terminal ? removed.catch(() => {}) : removed);
    closeSync(this.said);
    rmSync(this.outside, { recursive: true });
  }

  private readPid(): number {
    return Number(readFileSync(join(this.outside, 'pid'), 'latin1'));
  }

  private async until(isSo: () => boolean): Promise<void> {
    for (let waited = 0; !isSo(); waited += 5) {
      if (waited > PATIENCE_MS) throw new Error(`${this.id} does not start`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  private get outside(): string {
    return join(this.place.outside, this.id);
  }

  private async run(terminal: boolean, ...args: string[]): Promise<void> {
    const command = [...this.place.enter, ...this.runtime, ...args];
    const [program, ...rest] = terminal
      ? ['script', '-qec', command.map(quoted).join(' '), '/dev/null']
      : command;
    const child = spawn(program!, rest, {
      stdio: ['ignore', this.said, this.said],
      timeout: terminal ? 0 : PATIENCE_MS,
    });
    const [status] = await once(child, 'exit');
    if (status === 0) return;
    const said = readFileSync(join(this.outside, 'said'), 'utf8').trim().slice(-500);
    throw new Error(`${command.join(' ')}: ${status}: ${said}`);
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
