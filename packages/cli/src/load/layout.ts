import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hasErrors } from '@callgate/engine/internal/diagnostics/diagnostic';
import { MOST_LAYER_BYTES } from '@callgate/workload/internal/carriers/artifact';
import { type LayoutFile, readLayout } from '@callgate/workload/internal/carriers/oci-layout';
import { isTar, readTar } from '@callgate/workload/internal/carriers/tar';
import { contentBytes } from '@callgate/workload/internal/carriers/utf8';
import { type Context, InputFaults } from '../context.ts';
import { located, writeFaults } from './faults.ts';

/** Whether a name is that of a folder with an OCI image layout. */
export function isLayout(context: Context, name: string): boolean {
  return name !== '-' && existsSync(join(resolve(context.cwd, name), 'oci-layout'));
}

/** The text of the profile in a folder that is an OCI image layout; undefined for other names. */
export function layoutText(context: Context, name: string): string | undefined {
  if (!isLayout(context, name)) return undefined;
  const folder = resolve(context.cwd, name);
  return profileText(context, name, (path) => {
    const size = sizeOfFile(join(folder, path));
    return size === undefined || size > MOST_LAYER_BYTES ? undefined : readFileSync(join(folder, path));
  });
}

/** The same of the bytes of a tar archive; undefined for other bytes. */
export function archivedText(context: Context, name: string, bytes: Uint8Array): string | undefined {
  if (!isTar(bytes)) return undefined;
  const files = new Map(readTar(bytes).map(({ path, content }) => [path, contentBytes(content)]));
  return profileText(context, name, (path) => files.get(path));
}

function profileText(context: Context, name: string, file: LayoutFile): string {
  const { text, diagnostics } = readLayout(file);
  const faults = located(diagnostics, name, text ?? '');
  if (text === undefined || hasErrors(diagnostics)) throw new InputFaults(faults, '');
  writeFaults(context, faults, text, '');
  return text;
}

function sizeOfFile(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
}
