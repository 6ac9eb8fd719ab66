import { resolve } from 'node:path';
import { type Origins, originsFile, parseOrigins } from '@callgate/engine/internal/build/origins';
import { readSmallFile } from '@callgate/linux/internal/files/read-file';
import type { Context } from '../context.ts';

/** A sidecar has a line for each of some hundred calls. */
const MAX_BYTES = 1024 * 1024;

/** What stands beside a profile about why its calls are in; undefined when nothing readable does. */
export function readOrigins(context: Context, profile: string): Origins | undefined {
  const file = resolve(context.cwd, originsFile(profile));
  const bytes = profile === '-' ? undefined : readSmallFile(file, MAX_BYTES);
  return bytes && parseOrigins(bytes.toString());
}
