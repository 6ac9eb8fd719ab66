import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { launch } from '@callgate/linux/internal/launch/launch';
import { bytesOf } from '@callgate/linux/internal/launch/start-program';
import { thisMachine } from '@callgate/linux/internal/machine';
import type { ProbeRun, RunProbe } from '@callgate/linux/internal/trials/probe-runs';

/** Lends the probe as a file that everybody may read and execute. */
export async function withFile<T>(file: Uint8Array, use: (path: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-probe-'));
  try {
    spawnSync('chmod', ['755', folder]);
    const path = join(folder, 'probe');
    writeFileSync(path, file, { mode: 0o555 });
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs probes under a filter, and stops them after a while where that is said; `started` counts them. */
export function probesUnder(
  filter: Program | undefined,
  timeLimitMs?: number,
): { run: RunProbe; started: () => number } {
  let count = 0;
  const run: RunProbe = (file) =>
    withFile(file, async (path) => {
      count += 1;
      const stop = timeLimitMs === undefined ? undefined : AbortSignal.timeout(timeLimitMs);
      const launched = await launch({
        command: [path],
        env: {},
        stdio: ['ignore', 'pipe', 'ignore'],
        noNewPrivs: true,
        ...(stop && { stop }),
        ...(filter && { filter }),
      });
      const stdout = bytesOf(launched.child.stdout as unknown as Duplex);
      await launched.go();
      const { status } = await launched.ended;
      return { stdout: await stdout, status: stop?.aborted ? undefined : status };
    });
  return { run, started: () => count };
}

/** Runs a probe as another user, or by an emulator of another machine. */
export function spawned(command: readonly string[], uid?: number): RunProbe {
  return (file) =>
    withFile(file, (path): ProbeRun => {
      const [name, ...args] = [...command, path];
      const { stdout, status, signal, error } = spawnSync(name, args, {
        timeout: 60_000,
        ...(uid !== undefined && { uid, gid: uid }),
      });
      if (error) throw error;
      return { stdout, status: status ?? 128 + constants.signals[signal!] };
    });
}

/** The filter of a profile on this machine: what `calls` answers, what all others do. */
export function filterOf(profile: object): Program {
  const { abi, kernel } = thisMachine();
  const target = { native: abi.name, kernel, capabilities: [] };
  const parsed = parseProfile(JSON.stringify(profile));
  return compilePolicy(lowerProfile(parsed.value!, target).value!).program;
}
