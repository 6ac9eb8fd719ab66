import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import * as engine from '@callgate/engine';
import * as bpf from '@callgate/engine/bpf';
import * as build from '@callgate/engine/build';
import * as logs from '@callgate/engine/logs';
import * as report from '@callgate/engine/report';
import * as stock from '@callgate/engine/stock';
import * as workload from '@callgate/workload';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = ['engine', 'workload'].map((name) => join(ROOT, 'packages', name, 'src'));
const FACES: Readonly<Record<string, object>> = {
  '@callgate/engine': engine,
  '@callgate/engine/bpf': bpf,
  '@callgate/engine/build': build,
  '@callgate/engine/logs': logs,
  '@callgate/engine/report': report,
  '@callgate/engine/stock': stock,
  '@callgate/workload': workload,
};

/** An example: its imports must be of the faces, and each line that ends in `// → VALUE` must have that value. */
function run(code: string): void {
  const checks: [string, unknown, unknown][] = [];
  const body = code
    .replace(/^import \{([^}]*)\} from '([^']+)';$/gm, (_, names: string, face: string) => {
      for (const name of names
        .split(',')
        .map((n) => n.trim())
        .filter(Boolean))
        if (!(name in FACES[face])) throw new Error(`${face} has no ${name}`);
      return `const {${names}} = faces['${face}'];`;
    })
    .replace(/^(.*); \/\/ → (.*)$/gm, (_, expression: string, value: string) => {
      return `check(${JSON.stringify(expression)}, (${expression}), (${value}));`;
    });
  const check = (text: string, got: unknown, wanted: unknown) => checks.push([text, got, wanted]);
  new Function('faces', 'check', `'use strict';\n${body}`)(FACES, check);
  expect(checks.length).toBeGreaterThan(0);
  for (const [text, got, wanted] of checks) expect(inspect(got), text).toBe(inspect(wanted));
}

interface Example {
  readonly name: string;
  readonly code: string;
}

/** Functions of the sources with the examples in their documentation. */
function examplesOf(file: string): Example[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*?)@example\n \* ```js\n((?: \*.*\n)*?) \* ```\n \*\/\nexport function (\w+)/g,
  );
  return [...found].map((m) => ({
    name: m[3],
    code: m[2].replace(/^ \* ?/gm, ''),
  }));
}

const sources = SOURCES.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
    .map((file) => join(folder, file)),
);
const examples = sources.flatMap(examplesOf);

describe('the example of', () => {
  it.each(examples)('$name', ({ code }) => run(code));
});

describe('docs/library.md', () => {
  const text = readFileSync(join(ROOT, 'docs/library.md'), 'utf8');
  const programs = [...text.matchAll(/^## (.*)\n\n```js\n([\s\S]*?)```$/gm)].map((m) => ({
    title: m[1],
    code: m[2],
  }));

  it('has six programs of at most fifteen lines', () => {
    expect(programs).toHaveLength(6);
    for (const { code } of programs) expect(code.trim().split('\n').length).toBeLessThanOrEqual(15);
  });

  it.each(programs)('$title', ({ code }) => run(code));
});

describe('a face', () => {
  /** Functions whose use needs a file, a page or a stream to be shown; docs/library.md shows them. */
  const SHOWN_ELSEWHERE = ['stringifyRecording', 'completenessOf', 'FilterTooLarge'];

  it.each(['@callgate/engine', '@callgate/engine/bpf', '@callgate/engine/build'])(
    '%s has an example for every function',
    (face) => {
      const functions = Object.entries(FACES[face]).filter(([, value]) => typeof value === 'function');
      const shown = new Set([...examples.map(({ name }) => name), ...SHOWN_ELSEWHERE]);
      expect(functions.map(([name]) => name).filter((name) => !shown.has(name))).toEqual([]);
    },
  );

  it('of the engine has about 45 functions and constants at most', () => {
    expect(Object.keys(engine).length).toBeLessThanOrEqual(45);
  });

  it('exports no function that is not documented', () => {
    const inFaces = new Set(Object.values(FACES).flatMap((face) => Object.keys(face)));
    const undocumented = sources.flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return [...text.matchAll(/(^|\n)(.*)\nexport (?:async )?function (\w+)/g)]
        .filter((m) => inFaces.has(m[3]) && !m[2].trimEnd().endsWith('*/'))
        .map((m) => `${relative(ROOT, file)}: ${m[3]}`);
    });
    expect(undocumented).toEqual([]);
  });
});
