import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Tool } from '@callgate/engine/internal/report/finding-formats/finding-format';
import type { Context } from '../context.ts';

/** What callgate's own package.json says it is. */
export function ownPackage({ script }: Context): Tool {
  const path = join(dirname(script), '../package.json');
  const { name, version, homepage } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  return { name, version, ...(homepage && { informationUri: homepage }) };
}
