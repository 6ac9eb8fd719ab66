import { printable } from '@callgate/engine/internal/report/words';
import { meantCall } from '@callgate/engine/internal/syscalls/meant-call';
import { CliFailure } from '../context.ts';

/** The failure for a name that no architecture has. */
export function noSuchCall(name: string): CliFailure {
  const meant = meantCall(name);
  const hint = meant ? `; did you mean ${meant}?` : '';
  return new CliFailure(`there is no system call "${printable(name)}"${hint}`);
}
