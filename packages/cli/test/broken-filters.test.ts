import { callgate } from '@callgate/testing/callgate';
import { ALLOW, encode, expectOneLine, filter } from '@callgate/testing/filter-files';
import { describe, it } from 'vitest';

describe('what is no filter', () => {
  const BROKEN: Readonly<Record<string, Buffer>> = {
    empty: Buffer.alloc(0),
    'of an odd length': encode([[0x06, 0, 0, ALLOW]]).subarray(0, 7),
    garbage: Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 151 + 77) % 256)),
    'longer than the kernel takes': encode(Array.from({ length: 4097 }, () => [0x06, 0, 0, ALLOW])),
  };
  const VERBS: readonly ((file: string) => string[])[] = [
    (file) => ['diff', file, 'stock:docker'],
    (file) => ['diff', 'stock:none', file],
    (file) => ['decompile', file],
    (file) => ['optimize', file, '--format', 'asm'],
    (file) => ['explain', file, 'read'],
    (file) => ['verify', 'stock:docker', '--against', file],
  ];

  it.each(Object.keys(BROKEN))('is refused in one line: %s', async (name) => {
    const broken = filter('broken.bpf', BROKEN[name]);
    for (const verb of VERBS) expectOneLine(await callgate(verb(broken)), /broken\.bpf/);
  });

  it.each(['empty', 'of an odd length'])('cannot be shown either: %s', async (name) => {
    expectOneLine(await callgate(['disasm', filter('broken.bpf', BROKEN[name])]), /broken\.bpf/);
  });
});
