import { readFileSync } from 'node:fs';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { parseRelease } from '@callgate/engine/internal/runtime/target';
import { firstRelease, stockProfile } from '@callgate/engine/internal/stock/stock-profiles';
import { askProgram } from '../container/ask-program.ts';

/** What an engine loads when nobody names a profile. */
export interface EngineDefault {
  /** As it says itself, such as 20.10.24+dfsg1; undefined where it does not. */
  readonly release?: string;
  readonly profile: Profile;
  /** What the newest release that is known loads. */
  readonly newest: Profile;
  /** Where it was found: a file of this machine, or "the sources of docker 20.10.24". */
  readonly source: string;
}

const RELEASE_FORMAT = { docker: '{{.Server.Version}}', podman: '{{.Client.Version}}' };
/** Longer than any. */
const MAX_BYTES = 1024 * 1024;

/** The default profile of an engine of this machine: Podman's own file, else that of its release. */
export async function engineDefault(engine: 'docker' | 'podman'): Promise<EngineDefault> {
  const release = await said(engine, ['version', '--format', RELEASE_FORMAT[engine]]);
  const file =
    engine === 'podman'
      ? await said(engine, ['info', '--format', '{{.Host.Security.SECCOMPProfilePath}}'])
      : undefined;
  const own = file === undefined ? undefined : profileIn(file);
  const newest = parseProfile(await stockProfile(engine)!.text(), { unknownNames: 'skip' }).value!;
  if (own) return { release, newest, profile: own, source: file! };
  const known = parseRelease(release ?? '');
  const stock = stockProfile(engine, known) ?? stockProfile(engine, parseRelease(firstRelease(engine)!))!;
  const { value } = parseProfile(await stock.text(), { unknownNames: 'skip' });
  return { release, newest, profile: value!, source: stock.source };
}

function profileIn(file: string): Profile | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return text.length > MAX_BYTES ? undefined : parseProfile(text, { unknownNames: 'skip' }).value;
  } catch {
    return undefined;
  }
}

async function said(engine: string, args: readonly string[]): Promise<string | undefined> {
  const answer = await askProgram(engine, args);
  return (answer?.status === 0 && answer.stdout.trim()) || undefined;
}
