import { utf8Bytes, utf8Text } from '@callgate/workload/internal/carriers/utf8';
import fc from 'fast-check';
import { expect, it } from 'vitest';

it('writes what TextEncoder writes, also halves of surrogate pairs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Bytes(text)).toEqual(new TextEncoder().encode(text));
    }),
  );
  expect(utf8Bytes('a\ud800b')).toEqual(new TextEncoder().encode('a\ud800b'));
});

it('reads what TextDecoder reads, and nothing that it refuses', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decoded = (bytes: Uint8Array) => {
    try {
      return decoder.decode(bytes);
    } catch {
      return undefined;
    }
  };
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
    fc
      .constantFrom([0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82])
      .map((b) => Uint8Array.from(b)),
  );
  fc.assert(fc.property(anyBytes, (bytes) => void expect(utf8Text(bytes)).toBe(decoded(bytes))));
});
