import { createHash } from 'node:crypto';
import { sha256 } from '@callgate/workload/internal/carriers/sha256';
import fc from 'fast-check';
import { expect, it } from 'vitest';

it('is what OpenSSL says, at every length around the ends of blocks', () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);
    expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});

it('is what OpenSSL says of any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
    }),
  );
});
