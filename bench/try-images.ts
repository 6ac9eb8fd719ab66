/**
 * Makes images of six programs from Debian's packages, finds the profile of each with callgate try, and prints the table of
 * docs/try.md. Needs root, Docker (or Podman: --engine podman), Go, and the packages' mirror. After `npm run build`:
 *   npx tsx -C @callgate/source bench/try-images.ts [--engine podman] [NAME…]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { IMAGES, type LocalImage, makeImage } from './try/images.ts';

const BIN = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const words = process.argv.slice(2);
const engine = words[0] === '--engine' && words[1] === 'podman' ? 'podman' : 'docker';
const asked = words.filter((word) => word !== '--engine' && word !== engine);
const chosen = IMAGES.filter(({ name }) => asked.length === 0 || asked.includes(name));

console.log(
  '| image | size | runs | calls seen | allowed | default | filter | default | smaller by | looser |',
);
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |');
for (const image of chosen) console.log(rowOf(image));

function rowOf(image: LocalImage): string {
  const tag = `callgate-bench-${image.name}:local`;
  const size = makeImage(engine, image, tag);
  const { name, options = [], command, health } = image;
  try {
    const checks = health === undefined ? [] : ['--health', health];
    const run = [engine, 'run', '--network', 'none', ...options, tag, ...command];
    const { stdout, stderr } = spawnSync(process.execPath, [BIN, 'try', '--json', ...checks, '--', ...run], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    const said = JSON.parse(stdout);
    if (!said.ok) throw new Error(`${name}: ${said.failed ?? JSON.stringify(said)}\n${stderr}`);
    const { calls, instructions, looser } = said.comparison;
    const less = `${Math.round((1 - instructions.own / instructions.bound) * 100)} %`;
    const cells = [
      name,
      `${Math.round(size / 1e6)} MB`,
      said.steps.length,
      said.steps[0].calls,
      calls.own,
      calls.bound,
      instructions.own,
      instructions.bound,
      less,
      looser.length === 0 ? 'never' : looser.length,
    ];
    return `| ${cells.join(' | ')} |`;
  } finally {
    spawnSync(engine, ['rmi', '-f', tag], { stdio: 'ignore' });
  }
}
