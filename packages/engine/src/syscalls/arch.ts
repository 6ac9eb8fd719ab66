/**
 * The ABIs that seccomp can tell apart, by libseccomp's names.
 * Sources: linux/audit.h (AUDIT_ARCH_*), libseccomp's seccomp.h (SCMP_ARCH_*), each ABI's asm/unistd.h (number bases).
 */

export const ABI_NAMES = [
  'x86_64',
  'x86',
  'x32',
  'aarch64',
  'arm',
  'riscv64',
  's390x',
  's390',
  'ppc64le',
  'ppc64',
  'ppc',
  'loongarch64',
  'mips',
  'mipsel',
  'mips64',
  'mipsel64',
  'mips64n32',
  'mipsel64n32',
  'parisc',
  'parisc64',
  'm68k',
  'sh',
  'sheb',
] as const;

export type AbiName = (typeof ABI_NAMES)[number];

/** The number tables: little- and big-endian twins share one. */
export type TableName =
  | 'x86_64'
  | 'x86'
  | 'x32'
  | 'aarch64'
  | 'arm'
  | 'riscv64'
  | 's390x'
  | 's390'
  | 'ppc64'
  | 'ppc'
  | 'loongarch64'
  | 'mips'
  | 'mips64'
  | 'mips64n32'
  | 'parisc'
  | 'parisc64'
  | 'm68k'
  | 'sh';

export interface Abi {
  readonly name: AbiName;
  /** The OCI and libseccomp token, such as SCMP_ARCH_X86_64. */
  readonly token: string;
  /** The value of seccomp_data.arch: AUDIT_ARCH_* of linux/audit.h. */
  readonly auditArch: number;
  readonly endian: 'little' | 'big';
  /** Bits of a system call argument that libseccomp compares: only the low word on 32-bit ABIs and on n32 and x32. */
  readonly bits: 32 | 64;
  readonly table: TableName;
  /** Added to the table's numbers, such as 0x40000000 for x32 and 4000 for mips O32. */
  readonly base: number;
  /** Go's GOARCH, where it has one. */
  readonly go?: string;
  /** Its name in Docker's includes and excludes where that is not Go's (moby's profiles/seccomp: goToNative). */
  readonly docker?: string;
  /** Whether socket and SysV-ipc calls also go through socketcall(2) and ipc(2). */
  readonly multiplexed: boolean;
  /** ABIs that the same kernel and CPU also run. */
  readonly subAbis: readonly AbiName[];
}

function abi(
  name: AbiName,
  token: string,
  auditArch: number,
  bits: 32 | 64,
  more: Partial<Omit<Abi, 'name' | 'token' | 'auditArch' | 'bits'>> = {},
): Abi {
  return {
    name,
    token: `SCMP_ARCH_${token}`,
    auditArch,
    bits,
    endian: 'little',
    table: name as TableName,
    base: 0,
    multiplexed: false,
    subAbis: [],
    ...more,
  };
}

/** On x86_64 kernels a number with this bit set is an x32 call (__X32_SYSCALL_BIT). */
export const X32_BIT = 0x40000000;

const ABI_LIST: readonly Abi[] = [
  abi('x86_64', 'X86_64', 0xc000003e, 64, { go: 'amd64', subAbis: ['x86', 'x32'] }),
  abi('x86', 'X86', 0x40000003, 32, { go: '386', docker: 'x86', multiplexed: true }),
  abi('x32', 'X32', 0xc000003e, 32, { base: X32_BIT }),
  abi('aarch64', 'AARCH64', 0xc00000b7, 64, { go: 'arm64', subAbis: ['arm'] }),
  abi('arm', 'ARM', 0x40000028, 32, { go: 'arm' }),
  abi('riscv64', 'RISCV64', 0xc00000f3, 64, { go: 'riscv64' }),
  abi('s390x', 'S390X', 0x80000016, 64, { go: 's390x', endian: 'big', multiplexed: true, subAbis: ['s390'] }),
  abi('s390', 'S390', 0x16, 32, { go: 's390', endian: 'big', multiplexed: true }),
  abi('ppc64le', 'PPC64LE', 0xc0000015, 64, { go: 'ppc64le', table: 'ppc64', multiplexed: true }),
  abi('ppc64', 'PPC64', 0x80000015, 64, { go: 'ppc64', endian: 'big', multiplexed: true, subAbis: ['ppc'] }),
  abi('ppc', 'PPC', 0x14, 32, { go: 'ppc', endian: 'big', multiplexed: true }),
  abi('loongarch64', 'LOONGARCH64', 0xc0000102, 64, { go: 'loong64', docker: 'loongarch64' }),
  abi('mips', 'MIPS', 0x8, 32, { go: 'mips', endian: 'big', base: 4000, multiplexed: true }),
  abi('mipsel', 'MIPSEL', 0x40000008, 32, {
    go: 'mipsle',
    docker: 'mipsel',
    table: 'mips',
    base: 4000,
    multiplexed: true,
  }),
  abi('mips64', 'MIPS64', 0x80000008, 64, {
    go: 'mips64',
    endian: 'big',
    base: 5000,
    subAbis: ['mips', 'mips64n32'],
  }),
  abi('mipsel64', 'MIPSEL64', 0xc0000008, 64, {
    go: 'mips64le',
    docker: 'mipsel64',
    table: 'mips64',
    base: 5000,
    subAbis: ['mipsel', 'mipsel64n32'],
  }),
  abi('mips64n32', 'MIPS64N32', 0xa0000008, 32, {
    go: 'mips64p32',
    docker: 'mips64n32',
    endian: 'big',
    base: 6000,
  }),
  abi('mipsel64n32', 'MIPSEL64N32', 0xe0000008, 32, {
    go: 'mips64p32le',
    docker: 'mips3l64n32',
    table: 'mips64n32',
    base: 6000,
  }),
  abi('parisc', 'PARISC', 0xf, 32, { go: 'parisc', endian: 'big' }),
  abi('parisc64', 'PARISC64', 0x8000000f, 64, { go: 'parisc64', endian: 'big', subAbis: ['parisc'] }),
  abi('m68k', 'M68K', 0x4, 32, { go: 'm68k', endian: 'big', multiplexed: true }),
  abi('sh', 'SH', 0x4000002a, 32, { go: 'sh', multiplexed: true }),
  abi('sheb', 'SHEB', 0x2a, 32, { go: 'sheb', endian: 'big', table: 'sh', multiplexed: true }),
];

const BY_NAME = new Map(ABI_LIST.map((a) => [a.name, a]));
const BY_TOKEN = new Map(ABI_LIST.map((a) => [a.token, a]));

/** Every ABI, in a fixed order. */
export const ABIS: readonly Abi[] = ABI_LIST;

/**
 * The ABI of that name.
 * @example
 * ```js
 * import { abiOf } from '@callgate/engine';
 * abiOf('x86_64').token; // → 'SCMP_ARCH_X86_64'
 * ```
 */
export function abiOf(name: AbiName): Abi {
  return BY_NAME.get(name)!;
}

/**
 * The ABI that libseccomp calls so, in any case, with or without SCMP_ARCH_.
 * @example
 * ```js
 * import { findAbi } from '@callgate/engine';
 * findAbi('SCMP_ARCH_X86_64')?.name; // → 'x86_64'
 * findAbi('z80'); // → undefined
 * ```
 */
export function findAbi(name: string): Abi | undefined {
  return BY_TOKEN.get(`SCMP_ARCH_${name.toUpperCase().replace(/^SCMP_ARCH_/, '')}`);
}

/** The ABI of an exact SCMP_ARCH_* token, as runc demands it. */
export function abiOfToken(token: string): Abi | undefined {
  return BY_TOKEN.get(token);
}

/** The ABI whose call this is: x32 shares x86_64's AUDIT_ARCH and is told by bit 30 of the number. */
export function abiOfCall(auditArch: number, nr: number): Abi | undefined {
  const arch = auditArch >>> 0;
  const candidates = ABI_LIST.filter((a) => a.auditArch === arch);
  if (candidates.length < 2) return candidates[0];
  return (nr & X32_BIT) !== 0 && nr >>> 0 !== 0xffffffff ? abiOf('x32') : abiOf('x86_64');
}

/** Node's process.arch to the ABI that the kernel calls native. */
export function abiOfNodeArch(nodeArch: string, endian: 'LE' | 'BE'): Abi | undefined {
  const names: Readonly<Record<string, AbiName>> = {
    x64: 'x86_64',
    ia32: 'x86',
    arm64: 'aarch64',
    arm: 'arm',
    riscv64: 'riscv64',
    s390x: 's390x',
    ppc64: endian === 'LE' ? 'ppc64le' : 'ppc64',
    loong64: 'loongarch64',
    mips: 'mips',
    mipsel: 'mipsel',
  };
  const name = names[nodeArch];
  return name && abiOf(name);
}
