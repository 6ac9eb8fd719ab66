import type { AbiName } from '@callgate/engine/internal/syscalls/arch';

/**
 * On which machines LXC reads a section; there its calls are for every ABI that the machine has, whichever it names.
 * Source: LXC's parse_config_v2.
 */
export const SECTIONS: Readonly<Record<string, readonly AbiName[] | 'all'>> = {
  all: 'all',
  x86: ['x86', 'x86_64'],
  x32: ['x86_64'],
  x86_64: ['x86_64'],
  arm: ['arm', 'aarch64'],
  arm64: ['aarch64'],
  ppc64le: ['ppc64le'],
  ppc64: ['ppc64'],
  ppc: ['ppc', 'ppc64'],
  mips64: ['mips64'],
  mips64n32: ['mips64'],
  mips: ['mips', 'mips64'],
  mipsel64: ['mipsel64'],
  mipsel64n32: ['mipsel64'],
  mipsel: ['mipsel', 'mipsel64'],
  s390x: ['s390x'],
  s390: ['s390'],
};

/** Those whose name is of an ABI that is but one of several on some machine. */
export const SEEM_NARROWER = new Set([
  'x86',
  'x32',
  'arm',
  'ppc',
  'mips',
  'mips64n32',
  'mipsel',
  'mipsel64n32',
]);
