/** Removes what was compiled from a source that is gone: an import of it would still pass here, and fail on a new machine. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

for (const name of readdirSync('packages')) {
  const folder = join('packages', name, 'dist');
  if (!existsSync(folder)) continue;
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const [, source] = /^(?:types\/)?(.*)\.(?:d\.ts|js)(?:\.map)?$/.exec(file) ?? [];
    if (source !== undefined && !existsSync(join('packages', name, 'src', `${source}.ts`)))
      rmSync(join(folder, file));
  }
}
