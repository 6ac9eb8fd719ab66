import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { cleanPath } from './profiles-folder.ts';

/** What people put before the path that does not belong there. */
const PREFIXES = [/^.*?\/seccomp\//, /^seccomp\//, /^localhost\//, /^\/+/];

/** The file of the folder that somebody means whose path leads to none; undefined where nothing is near. */
export function meantFile(written: string, files: readonly string[]): string | undefined {
  const has = new Set(files);
  const asked = written.trim().slice(0, 4096);
  const shorter = PREFIXES.map((prefix) => asked.replace(prefix, ''));
  const bare = shorter.map((path) => shorterStill(path));
  const forms = [asked, ...shorter, ...bare].map(cleanPath);
  const candidates = [...forms, ...forms.map((path) => `${path}.json`)];
  const exact = candidates.find((path) => path !== written && has.has(path));
  if (exact !== undefined) return exact;
  const name = base(asked);
  const sameName = files.filter((file) => base(file) === name || base(file) === `${name}.json`);
  if (sameName.length > 0) return sameName[0];
  return suggest(asked, files) ?? suggestByName(name, files);
}

/** The prefixes may stand one behind the other. */
function shorterStill(path: string): string {
  return PREFIXES.reduce((left, prefix) => left.replace(prefix, ''), path);
}

function suggestByName(name: string, files: readonly string[]): string | undefined {
  const near = suggest(name, files.map(base));
  return near === undefined ? undefined : files.find((file) => base(file) === near);
}

function base(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
