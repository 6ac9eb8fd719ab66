import { suggest } from '@callgate/engine/diagnostics/suggest';
import type { AbiName } from '@callgate/engine/syscalls/arch';
import { allNames, nameOf } from '@callgate/engine/syscalls/lookup';
import { thisMachine } from '@callgate/linux/machine';
import { CliFailure } from '../context.ts';
import { printable } from '../terminal/style.ts';

/** The number that a text is, decimal or 0x…; undefined for a name. */
export function callNumber(text: string): number | undefined {
  return /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : undefined;
}

/** The failure for a name that no architecture has. */
export function noSuchCall(name: string): CliFailure {
  const meant = suggest(name, allNames());
  const hint = meant ? `; did you mean ${meant}?` : '';
  return new CliFailure(`there is no system call "${printable(name)}"${hint}`);
}

/** A call as people read it: its name, or its number, with the ABI in front where that is not the machine's own. */
export function callLabel(arch: AbiName, nr: number, native = thisMachine().abi.name): string {
  return (arch === native ? '' : `${arch}/`) + (nameOf(arch, nr) ?? nr);
}
