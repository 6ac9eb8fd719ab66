import { suggest } from '@callgate/engine/diagnostics/suggest';
import { printable } from '@callgate/engine/report/words';
import { allNames } from '@callgate/engine/syscalls/lookup';
import { CliFailure } from '../context.ts';

/** The failure for a name that no architecture has. */
export function noSuchCall(name: string): CliFailure {
  const meant = suggest(name, allNames());
  const hint = meant ? `; did you mean ${meant}?` : '';
  return new CliFailure(`there is no system call "${printable(name)}"${hint}`);
}
