import type { KnownProfile } from '@callgate/engine/internal/recognition/recognizer';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { Context } from '../context.ts';
import { loadProfileSubject } from './subject.ts';

/** The profiles of files that are to be recognised. */
export async function knownFiles(
  context: Context,
  names: readonly string[],
  target: Target,
): Promise<KnownProfile[]> {
  const files: KnownProfile[] = [];
  for (const name of names) {
    const { source } = await loadProfileSubject(context, name, target, { allowUnknown: true, quiet: true });
    files.push({ name, profile: source.profile });
  }
  return files;
}
