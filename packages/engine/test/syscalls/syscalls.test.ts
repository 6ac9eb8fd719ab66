import { describe, expect, it } from 'vitest';
import { suggest } from '../../src/diagnostics/suggest.ts';
import { ABIS, abiOfCall, findAbi } from '../../src/syscalls/arch.ts';
import { formatArgument, parseArgument, prototypeOf, sinceOf } from '../../src/syscalls/arguments.ts';
import { allNames, callsOf, nameOf, numberOf } from '../../src/syscalls/lookup.ts';

describe('system call tables', () => {
  it('have 23 ABIs, each found by its names', () => {
    expect(ABIS).toHaveLength(23);
    for (const abi of ABIS) {
      expect(findAbi(abi.name)).toBe(abi);
      expect(findAbi(abi.token)).toBe(abi);
    }
  });

  it('lead from names to numbers and back on every ABI', () => {
    for (const { name: abi } of ABIS)
      for (const [name, nr] of callsOf(abi)) {
        expect(numberOf(abi, name)).toBe(nr);
        expect(numberOf(abi, nameOf(abi, nr)!)).toBe(nr);
      }
  });

  it('tell x32 from x86_64 by bit 30, except for -1', () => {
    expect(abiOfCall(0xc000003e, 39)?.name).toBe('x86_64');
    expect(abiOfCall(0xc000003e, 0x40000027)?.name).toBe('x32');
    expect(abiOfCall(0xc000003e, 0xffffffff)?.name).toBe('x86_64');
    expect(abiOfCall(0x40000003, 20)?.name).toBe('x86');
    expect(abiOfCall(1, 20)).toBeUndefined();
  });

  it('do not take inherited properties for names', () => {
    expect(numberOf('x86_64', 'constructor')).toBeUndefined();
    expect(prototypeOf('toString')).toBeUndefined();
    expect(sinceOf('__proto__')).toBeUndefined();
  });

  it('have a prototype for every x86_64 call', () => {
    for (const [name] of callsOf('x86_64')) expect(prototypeOf(name), name).toBeDefined();
  });
});

describe('arguments', () => {
  it('are read as people write them', () => {
    expect(parseArgument('42')).toBe(42n);
    expect(parseArgument('0x2a')).toBe(42n);
    expect(parseArgument('-1')).toBe(0xffff_ffff_ffff_ffffn);
    expect(parseArgument('AF_UNIX')).toBe(1n);
    expect(parseArgument('CLONE_NEWUSER|SIGCHLD')).toBe(0x10000011n);
    expect(parseArgument('18446744073709551615')).toBe(0xffff_ffff_ffff_ffffn);
    for (const bad of [
      '',
      '18446744073709551616',
      '1e3',
      '0x',
      'AF_NONSENSE',
      '1|',
      'constructor',
      '0x11112222333344445',
    ])
      expect(parseArgument(bad), bad).toBeUndefined();
  });

  it('are written with names where they have some', () => {
    const [domain] = prototypeOf('socket')!;
    expect(formatArgument(domain, 40n, [])).toBe('AF_VSOCK');
    const [flags] = prototypeOf('unshare')!;
    expect(formatArgument(flags, 0x10020000n, [])).toBe('CLONE_NEWNS|CLONE_NEWUSER');
  });

  it.each([
    ['mmap', 3, 0x22n, 'MAP_PRIVATE|MAP_ANONYMOUS'],
    ['mmap', 3, 1n, 'MAP_SHARED'],
    ['mmap', 3, 0x20n, 'MAP_ANONYMOUS'],
    ['socket', 1, 0x80801n, 'SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC'],
    ['socket', 1, 9n, '9'],
    ['openat', 2, 0n, 'O_RDONLY'],
    ['openat', 2, 0x80042n, 'O_RDWR|O_CREAT|O_CLOEXEC'],
    ['clone', 0, 0x0120_0011n, 'SIGCHLD|CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID'],
    ['clone', 0, 0x100n, 'CLONE_VM'],
    ['futex', 1, 0x80n, 'FUTEX_WAIT|FUTEX_PRIVATE_FLAG'],
  ] as const)('%s: argument %d holds a value and flags in %d', (name, index, value, text) => {
    const argument = prototypeOf(name)![index]!;
    expect(formatArgument(argument, value, [])).toBe(text);
    expect(parseArgument(text)).toBe(value);
  });
});

describe('did you mean', () => {
  it.each([
    ['opneat', 'openat'],
    ['raed', 'read'],
    ['epol_wait', 'epoll_wait'],
    ['SETSOCKOPT', 'setsockopt'],
  ])('%s → %s', (wrong, right) => expect(suggest(wrong, allNames())).toBe(right));

  it('stays silent when nothing is near', () => {
    expect(suggest('frobnicate_all', allNames())).toBeUndefined();
    expect(suggest('x'.repeat(100_000), allNames())).toBeUndefined();
  });
});
