import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareReleases, foreseeLibc, type LibcChange } from '@callgate/engine/internal/build/portability';
import { anyOf, grouped, type Measured } from './measured.ts';

const ROWS: readonly LibcChange[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../data/libc-calls.json'), 'utf8'),
);

const OLD_BUILD = ' (old build)';

/** Everything that one topic, with its start, calls under one release, or a program. */
interface Calls {
  readonly what: string;
  readonly libc: 'glibc' | 'musl';
  readonly release: string;
  readonly names: ReadonlySet<string>;
}

/** One topic or program, recorded under one release and run under a neighbour. */
interface Move {
  readonly from: Calls;
  readonly to: Calls;
}

/** How scripts/data/libc-calls.json stands to what was measured, as Markdown. */
export function foresightText(measured: Measured): string {
  const topics = topicCalls(measured);
  const rows = ROWS.filter(({ archs }) => archs === null || archs.includes('x86_64')).map((row) => {
    const seen = row.adds.map((name) => `${name}: ${evidence(row, name, topics)}`);
    return `| ${row.libc} ${row.bracket.join('–')} ${row.toward} | ${row.trigger.join(' ')} | ${seen.join('; ')} |`;
  });
  return [
    '## Rows of libc-calls.json, and the functions that show them',
    ['| row | trigger | adds: seen in |', '| --- | --- | --- |', ...rows].join('\n'),
    '## What the rows do not foresee: C program',
    missing(topics).join('\n') || 'nothing',
    '## What the rows do not foresee: real programs',
    missing(programCalls(measured)).join('\n') || 'nothing',
  ].join('\n\n');
}

/** The oldest image's build is the first of two rows: of what each image built, and of that build in each image. */
function topicCalls({ images, topics }: Measured): Calls[] {
  const oldest = images[0]!.image;
  return topics.flatMap((entry) => {
    const { topic, image, builtIn } = entry;
    const start = topics.find(
      (t) => t.topic === 'start' && t.libc === entry.libc && t.image === image && t.builtIn === builtIn,
    )!;
    const calls = { ...libcOf(entry.libc), names: new Set([...anyOf(start), ...anyOf(entry)]) };
    const whats = [
      ...(builtIn === image ? [topic] : []),
      ...(builtIn === oldest && calls.libc === 'glibc' ? [`${topic}${OLD_BUILD}`] : []),
    ];
    return whats.map((what) => ({ what, ...calls }));
  });
}

function programCalls({ programs }: Measured): Calls[] {
  return programs.map((entry) => ({ what: entry.program, ...libcOf(entry.libc), names: anyOf(entry) }));
}

function libcOf(text: string): Pick<Calls, 'libc' | 'release'> {
  const [libc, release] = text.split(' ') as ['glibc' | 'musl', string];
  return { libc, release };
}

/** From each release to the next one, or to the one before. */
function moves(all: readonly Calls[], toward: LibcChange['toward']): Move[] {
  const groups = grouped(all, ({ libc, what }) => `${libc} ${what}`);
  return [...groups.values()].flatMap((group) => {
    const sorted = group.toSorted((a, b) => compareReleases(a.release, b.release));
    const list = toward === 'newer' ? sorted : sorted.reverse();
    return list.slice(1).map((to, i) => ({ from: list[i]!, to }));
  });
}

/** Where the name came as the row says, or why that was not to be seen. */
function evidence(row: LibcChange, name: string, all: readonly Calls[]): string {
  const [low, high] = row.bracket;
  const spans = (a: Calls, b: Calls) =>
    a.libc === row.libc && compareReleases(a.release, low) <= 0 && compareReleases(b.release, high) >= 0;
  const triggered = moves(all, row.toward)
    .filter(({ from, to }) => (row.toward === 'newer' ? spans(from, to) : spans(to, from)))
    .filter(({ from }) => row.trigger.some((trigger) => from.names.has(trigger)));
  const came = triggered.filter(({ from, to }) => to.names.has(name) && !from.names.has(name));
  if (came.length > 0) return whatsOf(came);
  if (triggered.length === 0) return 'NO TRIGGER';
  return triggered.some(({ from }) => from.names.has(name)) ? 'WAS THERE ALREADY' : 'DID NOT COME';
}

/** Topics of moves; what start does, all do. */
function whatsOf(list: readonly Move[]): string {
  const whats = list.map(({ to }) => to.what);
  if (whats.includes('start')) return 'start';
  return whats
    .filter((what) => !whats.includes(what.replace(OLD_BUILD, '')) || !what.endsWith(OLD_BUILD))
    .join(', ');
}

/** What a profile that foreseeLibc() made for the neighbour would deny there. */
function missing(all: readonly Calls[]): string[] {
  const lines = (['newer', 'older'] as const).flatMap((toward) =>
    moves(all, toward).flatMap(({ from, to }) => {
      const [low, high] = toward === 'newer' ? [from, to] : [to, from];
      const range = { libc: from.libc, from: low.release, to: high.release };
      const foreseen = new Set(foreseeLibc(from.names, range, ['x86_64']).map(({ name }) => name));
      const lost = [...to.names].filter((name) => !from.names.has(name) && !foreseen.has(name));
      return lost.map((name) => ({
        step: `${from.libc} ${from.release} → ${to.release}: ${name}`,
        from,
        to,
      }));
    }),
  );
  return [...grouped(lines, ({ step }) => step)].map(([step, found]) => `- ${step} (${whatsOf(found)})`);
}
