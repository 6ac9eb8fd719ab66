import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** Which packages may be imported from which; Node's own modules and npm's are named as they are imported. */
const PACKAGES: Readonly<Record<string, { readonly allowed: readonly RegExp[] }>> = {
  engine: { allowed: [/^yaml$/, /^valibot$/] },
  linux: { allowed: [/^@callgate\/engine\//, /^node:/, /^koffi$/] },
  cli: {
    allowed: [/^@callgate\/(engine|linux)\//, /^node:(fs|os|path|stream)$/, /^commander$/, /^picocolors$/],
  },
};

/** Inside the engine a room may import only from these (and from itself). */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  diagnostics: ['source'],
  source: ['diagnostics'],
  syscalls: [],
  profile: ['diagnostics', 'source', 'syscalls'],
  policy: ['diagnostics', 'source', 'syscalls', 'profile'],
  bpf: [],
  compile: ['bpf', 'syscalls', 'policy', 'lift'],
  lift: ['bpf', 'source', 'syscalls', 'profile', 'policy'],
  analysis: ['profile', 'policy', 'bpf', 'syscalls', 'lift', 'compile'],
  record: ['diagnostics', 'source', 'syscalls', 'profile'],
  report: ['diagnostics', 'source', 'syscalls', 'policy', 'bpf', 'analysis', 'record'],
  stock: [],
};

interface Import {
  readonly from: string;
  readonly what: string;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const specifiers = text.matchAll(
    /^(?:import|export)\b[^'";]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm,
  );
  return [...specifiers].map((m) => ({ from: file, what: m[1] ?? m[2] ?? m[3] }));
}

const relativeTo = (file: string) => relative(ROOT, file);

describe.each(Object.entries(PACKAGES))('package %s', (name, { allowed }) => {
  const folder = join(ROOT, 'packages', name, 'src');
  const imports = sources(folder).flatMap(importsOf);

  it('imports only what its walls allow', () => {
    expect(imports.length).toBeGreaterThan(10);
    const strangers = imports.filter(
      ({ what }) => !what.startsWith('.') && !allowed.some((a) => a.test(what)),
    );
    expect(strangers.map((i) => `${relativeTo(i.from)} imports ${i.what}`)).toEqual([]);
  });

  it('does not reach out of its folder', () => {
    const escapes = imports.filter(
      ({ from, what }) =>
        what.startsWith('.') && relative(folder, resolve(from, '..', what)).startsWith('..'),
    );
    expect(escapes.map((i) => `${relativeTo(i.from)} imports ${i.what}`)).toEqual([]);
  });
});

describe('inside the engine', () => {
  const folder = join(ROOT, 'packages/engine/src');
  it.each(Object.entries(ROOMS))('%s imports only from %j', (room, allowed) => {
    const outside = sources(join(folder, room))
      .flatMap(importsOf)
      .filter(({ what }) => what.startsWith('.'))
      .map((i) => ({ ...i, room: relative(folder, resolve(i.from, '..', i.what)).split('/')[0] }))
      .filter((i) => i.room !== room && !allowed.includes(i.room));
    expect(outside.map((i) => `${relativeTo(i.from)} imports from ${i.room}`)).toEqual([]);
  });

  it('every room is named here and has a README', () => {
    const rooms = readdirSync(folder, { withFileTypes: true }).filter((e) => e.isDirectory());
    expect(rooms.map((r) => r.name).sort()).toEqual(Object.keys(ROOMS).sort());
    for (const { name } of rooms)
      expect(
        readFileSync(join(folder, name, 'README.md'), 'utf8')
          .trim()
          .split('\n').length,
      ).toBeLessThanOrEqual(15);
  });
});

it('only bin touches process in the command line', () => {
  const folder = join(ROOT, 'packages/cli/src');
  for (const file of sources(folder))
    expect(
      readFileSync(file, 'utf8').replaceAll(/process\.(pid|kill|getuid|execPath)/g, ''),
      relativeTo(file),
    ).not.toMatch(/\bprocess\.\w/);
});

it('no file is longer than 400 lines, generated ones aside', () => {
  const long = Object.keys(PACKAGES)
    .flatMap((name) => sources(join(ROOT, 'packages', name, 'src')))
    .filter((file) => !file.includes('generated'))
    .map((file) => [relativeTo(file), readFileSync(file, 'utf8').split('\n').length] as const)
    .filter(([, lines]) => lines > 400);
  expect(long).toEqual([]);
});
