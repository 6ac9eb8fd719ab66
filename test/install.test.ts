import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { bundleHost, makeRoot, type Result } from '@callgate/testing/served';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CHECKOUT = join(import.meta.dirname, '..');
/** Each after those that it depends on. */
const PACKAGES = ['engine', 'workload', 'linux', 'operator', 'cli'] as const;

type Package = (typeof PACKAGES)[number];

/** What `npm pack --json` says of a tarball. */
interface Tarball {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

interface Manifest {
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

const undo = new Undo();
afterAll(() => undo.run());
let folder: string;
let tarballs: ReadonlyMap<Package, Tarball>;

function npm(...args: string[]): string {
  return execFileSync('npm', [...args, '--loglevel=error', `--logs-dir=${join(folder, 'logs')}`], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

beforeAll(() => {
  folder = undo.folder();
  const paths = PACKAGES.map((name) => join(CHECKOUT, 'packages', name));
  // What `npm test` has built is packed: a build by a script would pull dist from under the other tests.
  const said: Tarball[] = JSON.parse(npm('pack', '--json', '--ignore-scripts', ...paths));
  tarballs = new Map(PACKAGES.map((name, i) => [name, said[i]!]));
});

describe.each(PACKAGES)('what npm ships of %s', (name) => {
  let unpacked: string;
  let manifest: Manifest;
  const pathsOf = () => tarballs.get(name)!.files.map((file) => file.path);

  beforeAll(() => {
    unpacked = undo.folder();
    const archive = join(folder, tarballs.get(name)!.filename);
    execFileSync('tar', ['-xzf', archive, '-C', unpacked, '--strip-components=1']);
    manifest = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'));
  });

  it('has no tests, and nothing that the build keeps for itself', () => {
    expect(pathsOf().length).toBeGreaterThan(5);
    const strangers = pathsOf().filter((path) =>
      /(^|\/)(tests?|fixtures|node_modules)\/|\.test\.|tsbuildinfo|(^|\/)tsconfig|\.tgz$/.test(path),
    );
    expect(strangers).toEqual([]);
  });

  it('does not tell where it was built', () => {
    const telling = pathsOf().filter((path) =>
      readFileSync(join(unpacked, path), 'utf8').includes(`${CHECKOUT}/`),
    );
    expect(telling).toEqual([]);
  });

  it('has every file that its exports name', () => {
    const paths = new Set(pathsOf().map((path) => `./${path}`));
    const targets = Object.values(manifest.exports).map((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    const missing = targets.flatMap((alternatives) => {
      const modules = modulesOf(alternatives, paths);
      // A pattern that finds nothing is a mistake too.
      const named = modules.length === 0 ? ['…'] : modules;
      return alternatives.flatMap((one) => named.map((module) => one.replace('*', module)));
    });
    expect(missing.filter((path) => !paths.has(path))).toEqual([]);
  });

  it('starts by files that are executable', () => {
    for (const path of Object.values(manifest.bin ?? {})) {
      const mode = tarballs.get(name)!.files.find((file) => file.path === path)?.mode ?? 0;
      expect(mode & 0o111, path).toBe(0o111);
      expect(readFileSync(join(unpacked, path), 'utf8')).toMatch(/^#!\/bin\/sh\n/);
    }
    expect(Object.keys(manifest.bin ?? {})).toEqual(name === 'cli' ? ['callgate'] : []);
  });
});

/** What the star of an export's first target stands for; that is the source, as a dist may keep what has gone. */
function modulesOf([first]: readonly string[], paths: ReadonlySet<string>): string[] {
  const [before, after] = first!.split('*');
  if (after === undefined) return [''];
  return [...paths]
    .filter((path) => path.startsWith(before!) && path.endsWith(after))
    .map((path) => path.slice(before!.length, -after.length));
}

describeWith(['root', 'runc'], 'callgate, installed in an empty container', () => {
  let root: string;
  let run: (...command: string[]) => Result;

  beforeAll(() => {
    root = makeRoot(undo);
    addProgram(root, process.execPath, 'usr/bin/node');
    for (const applet of ['bin/sh', 'bin/ls', 'usr/bin/readlink'])
      symlinkSync('/bin/busybox', join(root, applet));
    const files = PACKAGES.map((name) => join(folder, tarballs.get(name)!.filename));
    // Not every npm runs the scripts of dependencies; what needs none works with each.
    const options = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    npm('install', '--global', '--prefix', join(root, 'usr'), ...options, ...files);
    const host = bundleHost('runc', root);
    run = (...command) => host.run(undo, host.newName(), { command });
  }, 120_000);

  function succeeds(...command: string[]): Result {
    const result = run(...command);
    expect(result.status, `${command.join(' ')}: ${result.stdout}${result.stderr}`).toBe(0);
    return result;
  }

  it('tells its version', () => {
    const { version } = tarballs.get('cli')!;
    expect(succeeds('callgate', '--version')).toMatchObject({ stdout: `${version}\n`, stderr: '' });
  });

  it('tells the story of a program of the container', () => {
    const { stdout } = succeeds('callgate', 'tour');
    expect(stdout).toMatch(/\bls\b.* 2 times/);
    expect(stdout).toContain('it works as before: it ended with 0');
    expect(stdout).toMatch(/✓ [1-9]\d+ stopped by the profile/);
    expect(stdout).not.toContain('✗');
  });

  it('records a program and runs it under the profile', () => {
    const recorded = succeeds('callgate', 'record', '--profile', 'p.json', '--', 'ls', '/etc');
    expect(recorded.stdout).toContain('passwd\n');
    const profile = JSON.parse(readFileSync(join(root, 'p.json'), 'utf8'));
    expect(profile.syscalls.flatMap((rule: { names: string[] }) => rule.names)).toContain('getdents64');
    const confined = succeeds('callgate', 'run', '--profile', 'p.json', '--', 'ls', '/etc');
    expect(confined.stdout).toBe(recorded.stdout);
    const denied = run('callgate', 'run', '--profile', 'p.json', '--', 'busybox', 'mkdir', '/made');
    expect(denied.status).not.toBe(0);
    expect(readdirSync(root)).not.toContain('made');
  });

  it('verifies what it can, and says what the container lacks', () => {
    const { status, stdout, stderr } = run('callgate', 'verify', 'stock:docker');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^callgate: [^\n]*no libseccomp[^\n]* install the package libseccomp2\n$/);
  });

  it.each(['engine', 'workload', 'linux', 'operator'] as const)(
    'lets others import every module of %s',
    (name) => {
      const { name: id, files } = tarballs.get(name)!;
      const modules = files.flatMap(({ path }) => /^src\/(.*)\.ts$/.exec(path)?.[1] ?? []);
      expect(modules.length).toBeGreaterThan(10);
      const installed = readFileSync(join(root, 'usr/lib/node_modules', id, 'package.json'), 'utf8');
      const manifest: Manifest = JSON.parse(installed);
      // A worker is a program, which another process starts.
      const faces = Object.keys(manifest.exports).filter((subpath) => !/\*|-worker$/.test(subpath));
      const subpaths = [...faces, ...modules.map((module) => `./internal/${module}`)];
      const program = subpaths.map((subpath) => `await import('${id}${subpath.slice(1)}');\n`).join('');
      writeFileSync(join(root, 'usr/lib/other.mjs'), program);
      expect(succeeds('node', '/usr/lib/other.mjs')).toMatchObject({ stdout: '', stderr: '' });
    },
  );

  describeWith(['libseccomp'], 'with libseccomp', () => {
    it('proves the filter that the library makes', () => {
      const library = '/usr/lib/x86_64-linux-gnu/libseccomp.so.2';
      mkdirSync(dirname(join(root, library)), { recursive: true });
      copyFileSync(library, join(root, library));
      const { stdout } = succeeds('callgate', 'verify', 'stock:docker', '--json');
      expect(JSON.parse(stdout)).toMatchObject({ equal: true, differences: [] });
    });
  });
});

/** Copies a program and its libraries into a root file system. */
function addProgram(root: string, program: string, path: string): void {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/\/\S+\.so\S*/g);
  const files = [[program, path], ...[...libraries].map(([library]) => [library, relative('/', library)])];
  for (const [from, to] of files) {
    mkdirSync(dirname(join(root, to!)), { recursive: true });
    copyFileSync(from!, join(root, to!));
  }
}
