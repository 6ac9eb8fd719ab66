import { join } from 'node:path';
import { cached } from './cache.ts';
import { output } from './commands.ts';
import type { Cpu } from './payload.ts';

/** Node's program of a release such as 22 or 20.19, as npm has it. */
export async function nodeOf(release: string, cpu: Cpu): Promise<string> {
  const name = `node-linux-${cpu}`;
  const prefix = await cached(`${name}-${release}`, async (folder) => {
    // It may be for another machine than this.
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--force', '--os=linux', `--cpu=${cpu}`];
    await output('npm', ['install', '--prefix', folder, ...flags, `${name}@${release}`]);
  });
  return join(prefix, 'node_modules', name, 'bin/node');
}
