import fc from 'fast-check';

/** Any character but half of a surrogate pair; fast-check's own unit for that takes a second to make. */
export const character = fc
  .oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff }))
  .map((point) => String.fromCodePoint(point >= 0xd800 && point < 0xe000 ? 0xfffd : point));
