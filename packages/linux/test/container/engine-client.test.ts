import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineFault, NoSuchContainer } from '@callgate/linux/internal/container/container-engine';
import { engineNamed, knownContainers } from '@callgate/linux/internal/container/known-containers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
const path = process.env.PATH;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'callgate-engine-client-'));
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true, force: true });
});

/** A program of that name that answers as an engine's would; the only one in PATH but the shell's. */
function engine(name: string, script: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  process.env.PATH = folder;
}

const ID = 'a'.repeat(64);
const line = (more: unknown[]) => JSON.stringify([ID, '/web', 'running', 4242, 'image:1', ...more]);

describe('docker', () => {
  it('is asked once for all, and believed as far as it is well formed', async () => {
    engine(
      'docker',
      `[ $1 = ps ] && echo ${ID} && exit
printf '%s\\n' '${line([true, ['seccomp=unconfined'], 'runc'])}' 'no json' '{"a":1}' '[1,2]'`,
    );
    expect(await engineNamed('docker').list()).toEqual([
      {
        engine: 'docker',
        id: ID,
        name: 'web',
        aliases: [],
        state: 'running',
        pid: 4242,
        image: 'image:1',
        privileged: true,
        seccomp: 'unconfined',
        runtime: 'runc',
      },
    ]);
  });

  it('may not run, which is no fault', async () => {
    engine('docker', 'echo "Cannot connect to the Docker daemon. Is the docker daemon running?" >&2; exit 1');
    expect(await engineNamed('docker').list()).toEqual([]);
    await expect(engineNamed('docker').find('web')).rejects.toThrow(NoSuchContainer);
  });

  it('that answers with an error is a fault, told once and with others listed all the same', async () => {
    engine('docker', 'echo one >&2; echo "permission denied" >&2; exit 1');
    await expect(engineNamed('docker').list()).rejects.toThrow(EngineFault);
    const { faults } = await knownContainers();
    // Without root there are folders of other engines that may not be read.
    expect(faults.filter((one) => one.engine === 'docker')).toEqual([
      { engine: 'docker', message: 'docker does not answer: permission denied' },
    ]);
  });

  it('may lose a container between two questions', async () => {
    engine(
      'docker',
      `[ $1 = ps ] && echo ${ID} && exit
printf '%s\\n' '${line([false, null, 'runc'])}'; echo "Error: No such container: b" >&2; exit 1`,
    );
    expect(await engineNamed('docker').list()).toMatchObject([{ name: 'web', privileged: false }]);
  });

  it('is never given a name as an option', async () => {
    engine('docker', 'printf "%s\\n" "$@" >&2; exit 1');
    await expect(engineNamed('docker').find('--help')).rejects.toThrow(/does not answer: --help$/);
  });
});
