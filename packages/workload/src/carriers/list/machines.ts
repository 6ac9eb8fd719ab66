import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { nameOf } from '@callgate/engine/internal/syscalls/lookup';

/** The ABIs of other programs that a machine runs and one filter can cover, as systemd and LXC count them. */
export const SUB_ARCHITECTURES: Readonly<Partial<Record<AbiName, readonly AbiName[]>>> = {
  x86_64: ['x86', 'x32'],
  aarch64: ['arm'],
  s390x: ['s390'],
  ppc64: ['ppc'],
  mips64: ['mips', 'mips64n32'],
  mipsel64: ['mipsel', 'mipsel64n32'],
  parisc64: ['parisc'],
};

/** Machines whose numbers a list may mean: those that Docker has a name for. */
const NUMBERED: readonly AbiName[] = [
  'x86_64',
  'aarch64',
  'arm',
  'x86',
  'riscv64',
  's390x',
  'ppc64le',
  'loongarch64',
];

/** What a number means: on each machine another call. */
export function callsOfNumber(nr: number): { readonly native: AbiName; readonly name: string }[] {
  return NUMBERED.flatMap((native) => {
    const name = nameOf(native, nr);
    return name === undefined ? [] : [{ native, name }];
  });
}
