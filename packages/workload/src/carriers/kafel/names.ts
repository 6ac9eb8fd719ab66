import type { AbiName } from '@callgate/engine/internal/syscalls/arch';

/** kafel calls system calls by the functions of the kernel; where those are called otherwise than the calls. */
const CALLS: Readonly<Record<string, string>> = {
  newstat: 'stat',
  newlstat: 'lstat',
  newfstat: 'fstat',
  newuname: 'uname',
  umount: 'umount2',
  oldumount: 'umount',
  sysctl: '_sysctl',
  llseek: '_llseek',
};
/** Machines whose sendfile is the kernel's sendfile64. */
const WITH_ONE_SENDFILE: readonly AbiName[] = [
  'x86_64',
  'aarch64',
  'riscv64',
  's390x',
  'ppc64le',
  'loongarch64',
];

/** The call that kafel means by a name, on all machines or on some. */
export function callNamed(name: string): { readonly name: string; readonly native?: AbiName }[] {
  if (name !== 'sendfile64') return [{ name: Object.hasOwn(CALLS, name) ? CALLS[name] : name }];
  return [
    ...WITH_ONE_SENDFILE.map((native) => ({ name: 'sendfile', native })),
    { name, native: 'x86' as const },
    { name, native: 'arm' as const },
  ];
}

/** What kafel calls a call on a machine with 64 bits; undefined for one that its language cannot name. */
export function kafelName(call: string): string | undefined {
  if (call === 'sendfile') return 'sendfile64';
  const other = Object.entries(CALLS).find(([, name]) => name === call)?.[0];
  if (other !== undefined) return other;
  return Object.hasOwn(CALLS, call) || !/^[A-Za-z]\w*$/.test(call) ? undefined : call;
}
