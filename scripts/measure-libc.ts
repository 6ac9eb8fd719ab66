/**
 * Measures what C libraries call: real programs and the topics of scripts/libc/calls.c, recorded in folders with four releases
 * of Debian, and Node and the topics under musl. Writes scripts/data/libc-measured.json and, from it, docs/libc.md; prints how
 * scripts/data/libc-calls.json stands to it.
 *   npx tsx -C @callgate/source scripts/measure-libc.ts             needs root, eBPF, debootstrap and a network; 15 minutes
 *   npx tsx -C @callgate/source scripts/measure-libc.ts --compare   measures nothing
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { changesText } from './libc/changes.ts';
import { foresightText } from './libc/foresight.ts';
import { type Image, imageOf, SAME_NODE, SUITES } from './libc/image.ts';
import { type Measured, type MeasuredProgram, type MeasuredTopic, seenIn } from './libc/measured.ts';
import { type Build, build, recordTopics } from './libc/topic-runs.ts';

const FILE = join(import.meta.dirname, 'data/libc-measured.json');
const PAGE = join(import.meta.dirname, '../docs/libc.md');
const RUNS = 3;
const OLDEST = SUITES[0]!;

if (!process.argv.includes('--compare')) writeFileSync(FILE, textOf(await measure()));
const measured: Measured = JSON.parse(readFileSync(FILE, 'utf8'));
writeFileSync(PAGE, changesText(measured));
console.log(foresightText(measured));

async function measure(): Promise<Measured> {
  const work = mkdtempSync(join(tmpdir(), 'callgate-libc-'));
  try {
    const images: Image[] = [];
    for (const suite of SUITES) images.push(await imageOf(suite, work));
    for (const image of images) await build(image);
    const all = await Promise.all(images.map((image) => measureImage(image, work)));
    return {
      provenance: {
        generator: 'scripts/measure-libc.ts',
        date: new Date().toISOString().slice(0, 10),
        kernel: release().replace(/-.*/, ''),
        arch: 'x86_64',
        recorder: 'ebpf',
        runs: RUNS,
        node: SAME_NODE,
      },
      images: all.map(({ image, packages }) => ({ image, packages })),
      programs: all.flatMap(({ programs }) => programs),
      topics: all.flatMap(({ topics }) => topics),
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function measureImage(image: Image, work: string) {
  const packages = await image.releases();
  const names = { glibc: libcName('glibc', packages.libc6!), musl: libcName('musl', packages.musl!) };
  const topics: MeasuredTopic[] = [];
  const builds: readonly (readonly [string, Build])[] = [
    [image.suite, 'glibc'],
    [image.suite, 'musl'],
    [OLDEST, 'glibc'],
  ];
  // In the oldest image the first and the last are one.
  for (const [builtIn, libc] of image.suite === OLDEST ? builds.slice(0, 2) : builds) {
    const found = await recordTopics(image, builtIn, libc, RUNS);
    for (const { topic, runs } of found)
      topics.push({ topic, image: image.suite, libc: names[libc], builtIn, ...seenIn(runs) });
    console.error(`${image.suite}: topics built in ${builtIn} with ${names[libc]}`);
  }
  await image.run(`bash /callgate/scripts/libc/loads.sh /work/${image.suite}-recordings ${RUNS}`);
  console.error(`${image.suite}: programs`);
  const programs = programsIn(join(work, `${image.suite}-recordings`)).map(([program, runs]) => ({
    program,
    image: image.suite,
    libc: program === 'node-musl' ? names.musl : names.glibc,
    ...seenIn(runs),
  }));
  return { image: image.suite, packages, programs: programs satisfies MeasuredProgram[], topics };
}

function libcName(libc: Build, version: string): string {
  return `${libc} ${/^[\d.]+/.exec(version)![0]}`;
}

/** What each program called, run by run, from recordings that are named PROGRAM.STEP.RUN.json. */
function programsIn(folder: string): [string, string[][]][] {
  mkdirSync(folder, { recursive: true });
  const programs = new Map<string, string[][]>();
  for (const file of readdirSync(folder).sort()) {
    const [program, , run] = file.split('.') as [string, string, string];
    const { observations, lost } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    if (lost > 0) throw new Error(`${file}: ${lost} calls were lost`);
    const runs = programs.get(program) ?? Array.from({ length: RUNS }, () => []);
    runs[Number(run) - 1]!.push(...observations.map(({ name }: { name: string }) => name));
    programs.set(program, runs);
  }
  return [...programs];
}

/** JSON with one line for each entry of a list. */
function textOf({ provenance, images, programs, topics }: Measured): string {
  const lines = (list: readonly object[]) =>
    `[\n${list.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n')}\n  ]`;
  return `{
  "provenance": ${JSON.stringify(provenance)},
  "images": ${lines(images)},
  "programs": ${lines(programs)},
  "topics": ${lines(topics)}
}
`;
}
