import { readDocuments, readSource } from '@callgate/engine/internal/source/read';
import type { Tree } from '@callgate/engine/internal/source/tree';
import { writeYaml, writeYamlDocuments } from '@callgate/workload/internal/carriers/write-yaml';
import fc from 'fast-check';
import { expect, it } from 'vitest';

/** A tree as the value that it stands for. */
function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case 'object':
      return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
    case 'array':
      return tree.items.map(plain);
    case 'number':
      return BigInt(tree.text);
    case 'null':
      return null;
    default:
      return tree.value;
  }
}

const text = fc.oneof(
  fc.string(),
  fc.constantFrom(
    'yes',
    'NO',
    'null',
    '1m',
    '0x1',
    '-f',
    'a: b',
    'a #b',
    '~',
    '',
    ' x',
    'a\nb\n',
    'a\n\n  b\n',
    '\n',
    'x\n\n',
    'é\n',
  ),
  fc.stringMatching(/^[a-z/][\w./:@-]{0,8}$/),
);
const key = fc.string({ minLength: 1 }).filter((word) => word !== '__proto__' && word !== '<<');
const { document } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
  document: fc.dictionary(key, tie('value'), { minKeys: 1, maxKeys: 4 }),
}));

it('is read again as what was written', () => {
  fc.assert(
    fc.property(document, (value) => {
      const written = writeYaml(value as object);
      const { value: tree, diagnostics } = readSource(written, 'yaml');
      expect(diagnostics, written).toEqual([]);
      expect(plain(tree!), written).toEqual({ ...(value as object) });
    }),
    { numRuns: 500 },
  );
});

it('is short where it can be, and leaves out what is undefined', () => {
  expect(writeYaml({ a: [1, 'b'], c: [{ d: 1, e: { f: [] } }], g: undefined, h: 'x\ny\n', i: {} })).toBe(
    'a: [1, b]\nc:\n  - d: 1\n    e:\n      f: []\nh: |\n  x\n  y\ni: {}\n',
  );
});

it('puts documents behind one another', () => {
  const { value } = readDocuments(writeYamlDocuments([{ a: 'x\n' }, { b: true }]), 'yaml');
  expect(value!.map(plain)).toEqual([{ a: 'x\n' }, { b: true }]);
});
