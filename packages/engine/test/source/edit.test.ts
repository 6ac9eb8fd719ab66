import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, Editor, type EditStyle, type TextEdit, type Value } from '../../src/source/edit.ts';
import { readDocuments, readSource, type SourceFormat } from '../../src/source/read.ts';
import type { Tree } from '../../src/source/tree.ts';

const RUNS = Number(process.env.CALLGATE_FUZZ ?? 600);
const SEED = Number(process.env.CALLGATE_SEED ?? 1);

function plain(tree: Tree): Value {
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

function read(text: string, format: SourceFormat): Tree {
  const { value, diagnostics } = readSource(text, format);
  if (!value) throw new Error(`${diagnostics[0].message} in:\n${text}`);
  return value;
}

const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom('read', 'SCMP_ACT_ALLOW', 'a b', 'yes', '- x', 'k: v', '#no', '', "it's", '1', 'ü'),
);
const key = fc.constantFrom('names', 'action', 'args', 'comment', 'x y', 'no', '1', 'ä');
const value: fc.Arbitrary<Value> = fc.letrec<{ any: Value }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(key, tie('any'), { maxKeys: 4 }),
  ),
})).any;
const document = fc.oneof(
  fc.dictionary(key, value, { minKeys: 1, maxKeys: 4 }),
  fc.array(value, { minLength: 1, maxLength: 4 }),
);

/** Chooses how to write things, from a stream of numbers. */
type Choose = (many: number) => number;

function writeJson(item: Value, choose: Choose): string {
  const gap = () => ['', ' ', '\n', '\n    ', '\t', '\r\n  '][choose(6)];
  if (item !== null && typeof item === 'object') {
    const [open, close] = Array.isArray(item) ? '[]' : '{}';
    const parts = Array.isArray(item)
      ? item.map((one) => writeJson(one, choose))
      : Object.entries(item).map(([k, v]) => `${JSON.stringify(k)}${gap()}:${gap()}${writeJson(v, choose)}`);
    return `${open}${gap()}${parts.join(`${gap()},${gap()}`)}${gap()}${close}`;
  }
  return typeof item === 'bigint' ? item.toString() : JSON.stringify(item);
}

/** Block style where it can be, with comments that are counted. */
function writeYaml(item: Value, choose: Choose, indent: string): string[] {
  const flow = (one: Value) => (typeof one === 'bigint' ? [one.toString()] : [flowText(one)]);
  if (item === null || typeof item !== 'object' || Object.keys(item).length === 0 || choose(5) === 0)
    return flow(item);
  const lines: string[] = [];
  const comment = () => choose(4) === 0 && lines.push(`${indent}# comment ${choose(1000)}`);
  const trail = () => (choose(5) === 0 ? ` # trailing ${choose(1000)}` : '');
  const put = (head: string, child: Value) => {
    comment();
    const inner = writeYaml(child, choose, `${indent}  `);
    if (inner.length === 1 && !/^\s/.test(inner[0]) && !isBlockLine(child, inner[0]))
      lines.push(`${indent}${head} ${inner[0]}${trail()}`);
    else if (head === '-' && choose(2) === 0 && !inner[0].trimStart().startsWith('#'))
      lines.push(`${indent}- ${inner[0].trimStart()}`, ...inner.slice(1));
    else lines.push(`${indent}${head}${trail()}`, ...inner);
  };
  if (Array.isArray(item)) for (const one of item) put('-', one);
  else for (const [k, v] of Object.entries(item)) put(`${JSON.stringify(k)}:`, v);
  return lines;
}

function isBlockLine(child: Value, line: string): boolean {
  return child !== null && typeof child === 'object' && !/^[[{]/.test(line);
}

function flowText(one: Value): string {
  if (typeof one === 'bigint') return one.toString();
  if (one === null || typeof one !== 'object') return JSON.stringify(one);
  if (Array.isArray(one)) return `[${one.map(flowText).join(', ')}]`;
  return `{${Object.entries(one)
    .map(([k, v]) => `${JSON.stringify(k)}: ${flowText(v)}`)
    .join(', ')}}`;
}

interface Change {
  readonly edit: TextEdit;
  readonly wanted: Value;
}

/** One random change, as an edit of the text and as the same change of the value. */
function change(tree: Tree, item: Value, editor: Editor, choose: Choose, put: Value): Change {
  const inside = (child: Tree, childItem: Value, wrap: (changed: Value) => Value): Change => {
    const { edit, wanted } = change(child, childItem, editor, choose, put);
    return { edit, wanted: wrap(wanted) };
  };
  if (tree.kind === 'array') {
    const items = item as readonly Value[];
    const index = choose(items.length + 1);
    const act = choose(3);
    if (act === 0 && index < items.length)
      return inside(tree.items[index], items[index], (c) => items.toSpliced(index, 1, c));
    if (act === 1 && index < items.length)
      return { edit: editor.remove(tree, index), wanted: items.toSpliced(index, 1) };
    return { edit: editor.insert(tree, index, put), wanted: items.toSpliced(index, 0, put) };
  }
  if (tree.kind === 'object') {
    const object = item as Readonly<Record<string, Value>>;
    const keys = tree.entries.map((entry) => entry.key);
    const name = keys[choose(keys.length)];
    const act = choose(4);
    if (act === 0 && name !== undefined) {
      const child = tree.entries.find((entry) => entry.key === name)!;
      return inside(child.value, object[name], (c) => ({ ...object, [name]: c }));
    }
    if (act === 1 && name !== undefined) {
      const { [name]: _, ...rest } = object;
      return { edit: editor.unset(tree, name), wanted: rest };
    }
    const target = act === 2 && name !== undefined ? name : 'fresh';
    return { edit: editor.set(tree, target, put), wanted: { ...object, [target]: put } };
  }
  return { edit: editor.replace(tree, put), wanted: put };
}

const numbers = fc.infiniteStream(fc.nat());
const chooser =
  (stream: Iterator<number>): Choose =>
  (many) =>
    many === 0 ? 0 : stream.next().value % many;

function check(
  format: SourceFormat,
  style: EditStyle,
  text: string,
  item: Value,
  choose: Choose,
  put: Value,
): void {
  const tree = read(text, format);
  expect(plain(tree)).toEqual(item);
  const { edit, wanted } = change(tree, item, new Editor(text, format, style), choose, put);
  const edited = applyEdits(text, [edit]);
  expect(plain(read(edited, format)), `${text}\n---\n${edited}`).toEqual(wanted);
  expect(edited.slice(0, edit.span.start)).toBe(text.slice(0, edit.span.start));
  const tail = text.length - edit.span.end;
  expect(edited.slice(edited.length - tail)).toBe(text.slice(edit.span.end));
}

describe.each<EditStyle>(['one-line', 'as-neighbours'])(
  'an edit of a text, read again, is the edit of its value, written %s',
  (style) => {
    it('in JSON', () => {
      fc.assert(
        fc.property(document, value, numbers, (item, put, stream) => {
          const choose = chooser(stream[Symbol.iterator]());
          check('json', style, writeJson(item, choose), item, choose, put);
        }),
        { numRuns: RUNS, seed: SEED },
      );
    });

    it('in YAML', () => {
      fc.assert(
        fc.property(document, value, numbers, (item, put, stream) => {
          const choose = chooser(stream[Symbol.iterator]());
          const lines = writeYaml(item, choose, '');
          const newline = ['\n', '\r\n'][choose(2)];
          check('yaml', style, lines.join(newline) + ['', newline][choose(2)], item, choose, put);
        }),
        { numRuns: RUNS, seed: SEED },
      );
    });
  },
);

describe('comments and layout', () => {
  const yaml = `# mine
defaultAction: SCMP_ACT_ERRNO   # strict
syscalls:
  # files
  - names:
      - read    # bytes in
      - write
    action: SCMP_ACT_ALLOW
  - names: [ mkdir ]
    action: SCMP_ACT_LOG
`;
  const rules = (text: string) => {
    const tree = read(text, 'yaml');
    if (tree.kind !== 'object') throw new Error('no object');
    const found = tree.entries.find((entry) => entry.key === 'syscalls')!.value;
    if (found.kind !== 'array') throw new Error('no array');
    return found;
  };
  const namesOf = (rule: Tree) => {
    const names = rule.kind === 'object' && rule.entries.find((entry) => entry.key === 'names')!.value;
    if (names === false || names.kind !== 'array') throw new Error('no names');
    return names;
  };

  it('stay when names come and go', () => {
    const editor = new Editor(yaml, 'yaml');
    const [first, second] = rules(yaml).items.map(namesOf);
    const edits = [
      editor.insert(first, 1, 'openat'),
      editor.remove(first, 1),
      editor.insert(second, 1, 'rmdir'),
    ];
    expect(applyEdits(yaml, [edits[0], edits[2]])).toBe(
      yaml
        .replace('      - write', '      - "openat"\n      - write')
        .replace('[ mkdir ]', '[ mkdir, "rmdir" ]'),
    );
    expect(applyEdits(yaml, [edits[1]])).toBe(yaml.replace('      - write\n', ''));
  });

  it('stay when rules come and go', () => {
    const editor = new Editor(yaml, 'yaml');
    expect(applyEdits(yaml, [editor.remove(rules(yaml), 1)])).toBe(
      yaml.replace('  - names: [ mkdir ]\n    action: SCMP_ACT_LOG\n', ''),
    );
    const added = applyEdits(yaml, [
      editor.insert(rules(yaml), 2, { names: ['bpf'], action: 'SCMP_ACT_ERRNO' }),
    ]);
    expect(added).toBe(`${yaml.trimEnd()}\n  - {"names": ["bpf"], "action": "SCMP_ACT_ERRNO"}\n`);
  });

  it('leave a list that is read as empty when the last rule goes, also where dashes stand under their key', () => {
    const rule = '- action: SCMP_ACT_ERRNO\n  names:\n  - mkdir';
    const without = (text: string) => applyEdits(text, [new Editor(text, 'yaml').remove(rules(text), 0)]);
    expect(without(`syscalls:\n${rule} # folders\nother: 1\n`)).toBe('syscalls: [] # folders\nother: 1\n');
    const commented = without(`syscalls:\n# the list\n${rule}\nother: 1\n`);
    expect(commented).toBe('syscalls:\n# the list\n []\nother: 1\n');
    expect(rules(commented).items).toEqual([]);
  });

  it('are those of the neighbours in JSON', () => {
    const text = '{\n  "names": [\n    "read",\n    "write"\n  ]\n}\n';
    const tree = read(text, 'json');
    const names = tree.kind === 'object' && tree.entries[0].value;
    if (names === false || names.kind !== 'array') throw new Error('no array');
    expect(applyEdits(text, [new Editor(text, 'json').insert(names, 2, 'openat')])).toBe(
      '{\n  "names": [\n    "read",\n    "write",\n    "openat"\n  ]\n}\n',
    );
  });

  it('cannot be edited twice in one place', () => {
    expect(() => applyEdits('abc', [edit(0, 2), edit(1, 3)])).toThrow('overlap');
  });
});

describe('as neighbours', () => {
  const set = (text: string, format: SourceFormat, path: readonly string[], value: Value) => {
    let tree = read(text, format);
    for (const step of path.slice(0, -1))
      if (tree.kind === 'object') tree = tree.entries.find((entry) => entry.key === step)!.value;
    if (tree.kind !== 'object') throw new Error('no object');
    return applyEdits(text, [new Editor(text, format, 'as-neighbours').set(tree, path.at(-1)!, value)]);
  };
  const value = { profile: { type: 'Default', paths: ['a/b.json', 'yes'] } };

  it('a block goes into a block, behind comments that are deeper, with its indentation and line ends', () => {
    const text = 'spec:\r\n    list:\r\n    - 1 # one\r\n      # two\r\n    # three\r\n';
    expect(set(text, 'yaml', ['spec', 'context'], value)).toBe(
      text.replace(
        '# two\r\n',
        '# two\r\n    context:\r\n        profile:\r\n            type: Default\r\n            paths:\r\n            - a/b.json\r\n            - "yes"\r\n',
      ),
    );
  });

  it('a block follows a block scalar, and does not lengthen it', () => {
    expect(set('spec:\n  script: |\n    a\n\n    b\n', 'yaml', ['spec', 'x'], 'z')).toBe(
      'spec:\n  script: |\n    a\n\n    b\n  x: z\n',
    );
  });

  it('takes the place of nothing behind its comment, and of braces in braces', () => {
    expect(set('spec:\n  context: # mine\n  b: 1\n', 'yaml', ['spec', 'context'], { a: 1n })).toBe(
      'spec:\n  context: # mine\n    a: 1\n  b: 1\n',
    );
    expect(set('spec:\n  context: {} # mine\n  b: 1\n', 'yaml', ['spec', 'context'], { a: 1n })).toBe(
      'spec:\n  context: {a: 1} # mine\n  b: 1\n',
    );
    expect(set('{"a": 1}\n', 'yaml', ['b'], { c: 'd' })).toBe('{"a": 1, "b": {"c": "d"}}\n');
    expect(set('{a: 1}\n', 'yaml', ['b'], { c: 'd' })).toBe('{a: 1, b: {c: d}}\n');
  });

  it('JSON in lines gets lines, with its indentation', () => {
    expect(set('{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n', 'json', ['a', 'c'], { d: [1n], e: {} })).toBe(
      '{\n\t"a": {\n\t\t"b": 1,\n\t\t"c": {\n\t\t\t"d": [\n\t\t\t\t1\n\t\t\t],\n\t\t\t"e": {}\n\t\t}\n\t}\n}\n',
    );
    expect(set('{"a":1}', 'json', ['c'], { d: [1n] })).toBe('{"a":1, "c": {"d": [1]}}');
  });
});

function edit(start: number, end: number): TextEdit {
  return { span: { start, end }, text: '' };
}

describe('YAML', () => {
  it('may hold many documents, each with places of the whole text', () => {
    const text = 'a: 1\n---\n# nothing\n---\nb: 2\n';
    const { value } = readDocuments(text, 'yaml');
    expect(value!.map(plain)).toEqual([{ a: 1n }, { b: 2n }]);
    expect(value![1].span.start).toBe(text.indexOf('b'));
  });

  it('may repeat a value by its anchor', () => {
    expect(plain(read('a: &x [1, 2]\nb: *x\n', 'yaml'))).toEqual({ a: [1n, 2n], b: [1n, 2n] });
  });

  it('cannot stand for endlessly much', () => {
    const bomb = ['a0: &a0 [1,1,1,1,1,1,1,1,1,1]'];
    for (let i = 1; i < 9; i++)
      bomb.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
      );
    expect(readSource(bomb.join('\n'), 'yaml').diagnostics[0].code).toBe('too-large');
    expect(readSource('a: &a [*a]', 'yaml').diagnostics[0].code).toMatch(/too-deep|yaml-syntax/);
    expect(readSource('a: *nobody', 'yaml').diagnostics[0].code).toBe('yaml-syntax');
  });
});
