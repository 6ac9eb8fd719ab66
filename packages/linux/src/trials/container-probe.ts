import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeccompChoice, StartedContainer } from '../container/container-host.ts';
import { ownName } from '../leavings/own-name.ts';
import { interruptible } from './interruptible.ts';
import type { RunProbe } from './probe-runs.ts';
import type { ProfileTest } from './profile-test.ts';

/** Where containers see a program of callgate's: on a file system of their own, since a file is made for the mount. */
const INSIDE = '/dev/callgate-probe';
const TIME_LIMIT_MS = 30_000;

/** A container to take after. */
export type Original = Pick<ProfileTest, 'host' | 'plan' | 'stop'>;

/** Runs a probe in a container of its own, with the image, the options and the user of the one that is tested. */
export function probeRunner(original: Original, seccomp: SeccompChoice): RunProbe {
  return (file) =>
    inSibling(original, seccomp, file, async (container) => {
      const end = await interruptible(original.stop, container.ended(TIME_LIMIT_MS));
      return end ?? { status: undefined, ...(await container.output()) };
    });
}

/** Starts a program of callgate's own in a container like the original, and removes both when it was used. */
export async function inSibling<T>(
  { host, plan }: Original,
  seccomp: SeccompChoice,
  file: Uint8Array,
  use: (container: StartedContainer) => Promise<T>,
): Promise<T> {
  const folder = join(tmpdir(), ownName('probe'));
  mkdirSync(folder, { mode: 0o755 });
  try {
    const path = join(folder, 'probe');
    writeFileSync(path, file, { mode: 0o555 });
    const container = await host.start({
      image: plan.image,
      options: plan.options.filter((option) => !TERMINAL.includes(option)),
      entrypoint: INSIDE,
      command: [],
      seccomp,
      files: { [INSIDE]: path },
    });
    try {
      return await use(container);
    } finally {
      await container.remove();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A terminal would change what the probe writes. */
const TERMINAL = ['-t', '--tty', '--tty=true', '-it', '-ti'];
