/** Where struct seccomp_data has its parts, in bytes (linux/seccomp.h). */
export const NR_OFFSET = 0;
export const ARCH_OFFSET = 4;
export const IP_OFFSET = 8;
export const ARGS_OFFSET = 16;

export type Endian = 'little' | 'big';

/** What a 32-bit load at an offset sees: a part of the structure, and which half where the part has 64 bits. */
export type Word =
  | { readonly part: 'nr' }
  | { readonly part: 'arch' }
  | { readonly part: 'ip'; readonly half: 'high' | 'low' }
  | { readonly part: 'argument'; readonly index: number; readonly half: 'high' | 'low' };

/** The offset of a word in bytes. */
export function offsetOf(word: Word, endian: Endian): number {
  switch (word.part) {
    case 'nr':
      return NR_OFFSET;
    case 'arch':
      return ARCH_OFFSET;
    case 'ip':
      return IP_OFFSET + halfOffset(word.half, endian);
    case 'argument':
      return ARGS_OFFSET + 8 * word.index + halfOffset(word.half, endian);
  }
}

/** The word at an aligned offset below 64. */
export function wordAt(offset: number, endian: Endian): Word {
  if (offset === NR_OFFSET) return { part: 'nr' };
  if (offset === ARCH_OFFSET) return { part: 'arch' };
  const half = ((offset & 4) !== 0) === (endian === 'little') ? 'high' : 'low';
  if (offset < ARGS_OFFSET) return { part: 'ip', half };
  return { part: 'argument', index: (offset - ARGS_OFFSET) >> 3, half };
}

function halfOffset(half: 'high' | 'low', endian: Endian): number {
  return (half === 'high') === (endian === 'little') ? 4 : 0;
}
