import { existsSync } from 'node:fs';
import { cached } from './cache.ts';
import { output } from './commands.ts';
import { NotHere } from './machine.ts';

/** Programs of a Go module: folders of packages below it, built with some tags. */
export interface GoPrograms {
  readonly module: string;
  readonly version: string;
  readonly tags: string;
  readonly programs: readonly string[];
}

/** A folder of the cache with the programs, built when they are asked for the first time. */
export async function goInstalled(all: readonly GoPrograms[]): Promise<string> {
  const name = all.map(({ module, version }) => `${module.replaceAll('/', '.')}@${version}`).join('+');
  return cached(name, async (folder) => {
    if (!existsSync('/usr/include/seccomp.h')) throw new NotHere('it needs libseccomp-dev');
    for (const { module, version, tags, programs } of all) {
      const packages = programs.map((program) => `${module}/${program}`.replace(/\/\.$/, ''));
      const install = ['go', 'install', '-tags', tags, ...packages.map((p) => `${p}@${version}`)];
      await output('env', [`GOBIN=${folder}`, 'CGO_ENABLED=1', ...install]);
    }
  });
}
