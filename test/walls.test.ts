import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** Which packages may be imported from which; Node's own modules and npm's are named as they are imported. */
const PACKAGES: Readonly<Record<string, { readonly allowed: readonly RegExp[] }>> = {
  engine: { allowed: [/^yaml$/, /^valibot$/] },
  workload: { allowed: [/^@callgate\/engine(\/|$)/] },
  linux: { allowed: [/^@callgate\/engine\//, /^node:/, /^koffi$/] },
  operator: {
    allowed: [/^@callgate\/(engine|workload)\//, /^node:/, /^@kubernetes\/client-node\//],
  },
  cli: {
    allowed: [
      /^@callgate\/(engine|workload|linux|operator)(\/|$)/,
      /^node:(fs|os|path|stream)$/,
      /^commander$/,
      /^picocolors$/,
      /^picomatch$/,
      /^diff$/,
    ],
  },
};

interface Import {
  readonly from: string;
  readonly what: string;
  /** It is gone when the program runs. */
  readonly typeOnly: boolean;
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
  return [...specifiers].map((m) => {
    // What is imported only when it is needed waits for nobody.
    const typeOnly = /^(import|export) type\b/.test(m[0]) || m[2] !== undefined;
    return { from: file, what: m[1] ?? m[2] ?? m[3], typeOnly };
  });
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

/** What a room's README says it may import: rooms of its package, `..` for the files beside it, packages of npm. */
function allowedBy(readme: string): string[] {
  const line = /^- \*\*May import:\*\* (.*)$/m.exec(readme)?.[1];
  if (line === undefined) throw new Error('a README without "May import"');
  return line === 'nothing' ? [] : line.split(', ');
}

/** The room of a file below src; `..` for files that are in none. */
function roomOf(path: string): string {
  return path.includes('/') ? path.split('/')[0] : '..';
}

describe.each(Object.keys(PACKAGES))('the rooms of %s', (name) => {
  const folder = join(ROOT, 'packages', name, 'src');
  const rooms = readdirSync(folder, { withFileTypes: true }).filter((e) => e.isDirectory());

  it.each(rooms.map((room) => room.name))('%s imports only what its README allows', (room) => {
    const readme = readFileSync(join(folder, room, 'README.md'), 'utf8');
    expect(readme.trim().split('\n').length).toBeLessThanOrEqual(15);
    const allowed = allowedBy(readme);
    const outside = sources(join(folder, room))
      .flatMap(importsOf)
      .filter(({ what }) => !/^(node:|@callgate\/)/.test(what))
      .map((i) => ({
        ...i,
        room: i.what.startsWith('.') ? roomOf(relative(folder, resolve(i.from, '..', i.what))) : i.what,
      }))
      .filter((i) => i.room !== room);
    const strangers = outside.filter((i) => !allowed.includes(i.room));
    expect(strangers.map((i) => `${relativeTo(i.from)} imports from ${i.room}`)).toEqual([]);
    const unused = allowed.filter((other) => !outside.some((i) => i.room === other));
    expect(unused, 'rooms that the README names and nobody imports').toEqual([]);
  });
});

it('no file of a package imports itself through others', () => {
  const files = Object.keys(PACKAGES).flatMap((name) => sources(join(ROOT, 'packages', name, 'src')));
  const next = new Map(
    files.map((file) => {
      const own = importsOf(file).filter(({ what, typeOnly }) => what.startsWith('.') && !typeOnly);
      return [file, own.map(({ what }) => resolve(file, '..', what))] as const;
    }),
  );
  expect(circles(next).map((circle) => circle.map(relativeTo))).toEqual([]);
});

/** Every circle that a search in depth meets. */
function circles(next: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file]);
    else if (!done.has(file)) {
      for (const other of next.get(file) ?? []) visit(other, [...path, file]);
      done.add(file);
    }
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}

it('no verb imports another verb', () => {
  const folder = join(ROOT, 'packages/cli/src/commands');
  const imports = sources(folder).flatMap(importsOf);
  expect(imports.filter(({ what }) => what.startsWith('./'))).toEqual([]);
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
