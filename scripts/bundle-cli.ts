/**
 * Writes packages/cli/dist: the command line in a few files instead of some three hundred, because finding and reading
 * modules takes longer than most verbs work. One file a verb, and what verbs share; of npm's packages only koffi stays
 * outside, and what few need and install themselves. Part of npm run build.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { rolldown } from 'rolldown';

const CLI = join(import.meta.dirname, '../packages/cli');
const OUT = join(CLI, 'dist');
const MODULES = `${sep}node_modules${sep}`;

const bundle = await rolldown({
  input: { main: join(CLI, 'src/main.ts') },
  platform: 'node',
  external: ['koffi', /^@kubernetes\/client-node\//],
  resolve: {
    conditionNames: ['@callgate/source', 'import', 'default'],
    // For Node the package offers CommonJS alone, which cannot be shaken.
    alias: { yaml: join(import.meta.dirname, '../node_modules/yaml/browser/index.js') },
  },
});
const old = existsSync(OUT) ? readdirSync(OUT).filter((file) => file.endsWith('.cjs')) : [];
for (const file of old) rmSync(join(OUT, file));
const { output } = await bundle.write({
  dir: OUT,
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  // Names stay, so that a stack still says something.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
});

const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
writeFileSync(join(OUT, 'LICENSES.txt'), licences(modules));

/** The licences of what is in the bundle and is not ours. */
function licences(files: readonly string[]): string {
  const folders = new Set(files.filter((file) => file.includes(MODULES)).map(packageFolder));
  return [...folders]
    .sort()
    .map((folder) => `${name(folder)}\n\n${licence(folder)}`)
    .join('\n----\n\n');
}

function packageFolder(file: string): string {
  let folder = dirname(file);
  while (!dirname(folder).endsWith(`${sep}node_modules`)) folder = dirname(folder);
  return folder;
}

function licence(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.\w+)?$/i.test(name));
  if (file === undefined) throw new Error(`${folder} has no licence`);
  return readFileSync(join(folder, file), 'utf8');
}

function name(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `${name} ${version}`;
}
