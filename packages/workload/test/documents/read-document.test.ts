import { stringAt, valueAt } from '@callgate/workload/internal/documents/lookup';
import { type MergeOrder, readDocument } from '@callgate/workload/internal/documents/read-document';
import { describe, expect, it } from 'vitest';

const MERGED = 'base: &base {type: A, more: B}\nown: {type: C, <<: *base}\nlater: {<<: *base, type: C}\n';
const typeOf = (text: string, key: string, merges?: MergeOrder) =>
  stringAt(readDocument(text, merges).tree, key, 'type');

describe('a document', () => {
  it('has the later of what is merged and what is written, as kubectl reads it', () => {
    expect(typeOf(MERGED, 'own')).toBe('A');
    expect(typeOf(MERGED, 'later')).toBe('C');
  });

  it('has what is written, as YAML defines it', () => {
    expect(typeOf(MERGED, 'own', 'keys-win')).toBe('C');
    expect(stringAt(readDocument(MERGED, 'keys-win').tree, 'own', 'more')).toBe('B');
  });

  it('takes the first of several that are merged at once', () => {
    expect(typeOf('a: &a {type: A}\nb: &b {type: B}\nc: {<<: [*a, *b]}\n', 'c')).toBe('A');
  });

  it('takes the last of equal keys, and says where both are', () => {
    const { tree, notes } = readDocument('a: {type: A}\na: {type: B}\n');
    expect(stringAt(tree, 'a', 'type')).toBe('B');
    expect(notes).toEqual([expect.objectContaining({ kind: 'repeated-key', key: 'a' })]);
    const json = readDocument('{"a": {"type": "A"}, "a": {"type": "B"}}');
    expect(stringAt(json.tree, 'a', 'type')).toBe('B');
    expect(json.notes).toHaveLength(1);
  });

  it.each([
    ['yes', true],
    ['Off', false],
    ['n', false],
    ['"yes"', 'yes'],
    ['yess', 'yess'],
  ])('reads the word %s as %s', (word, meant) => {
    const value = valueAt(readDocument(`a: ${word}\n`).tree, 'a');
    expect(value && 'value' in value && value.value).toBe(meant);
  });

  it('gives an alias what stood last before it, with anchors inside', () => {
    const text = 'a: &x {type: A}\nb: &y {inner: *x}\nc: &x {type: C}\nd: *y\ne: *x\n';
    const { tree } = readDocument(text);
    expect(stringAt(tree, 'd', 'inner', 'type')).toBe('A');
    expect(stringAt(tree, 'e', 'type')).toBe('C');
  });

  it.each([
    [
      'a bomb of aliases',
      Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1},`.repeat(9) : 'x'}]`).join('\n'),
    ],
    [
      'ten thousand anchors, each in the next',
      Array.from({ length: 10_000 }, (_, i) => `a${i}: &a${i} {b: ${i ? `*a${i - 1}` : 1}}`).join('\n'),
    ],
    [
      'maps that are merged into the next',
      Array.from(
        { length: 3000 },
        (_, i) => `a${i}: &a${i}\n  k${i}: 1\n${i ? `  <<: *a${i - 1}\n` : ''}`,
      ).join(''),
    ],
    ['ten thousand brackets', `a: ${'['.repeat(10_000)}`],
  ])('ends with a fault: %s', (_, text) => {
    expect(readDocument(text).faults.map(({ code }) => code)).toEqual([expect.stringMatching(/^too-/)]);
  });
});
