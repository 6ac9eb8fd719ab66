import type { Completeness } from '../../recording/completeness.ts';
import type { Recording } from '../../recording/recording.ts';
import { plural } from '../words.ts';

const WIDTH = 704;
const HEIGHT = 250;
const LEFT = 40;
const RIGHT = 84;
const TOP = 22;
const BOTTOM = 24;
/** With more runs there is no room for a number on each. */
const MOST_NUMBERED = 24;

/** What one run has shown. */
interface Run {
  readonly calls: number;
  /** Those that no run before it has shown. */
  readonly fresh: number;
  /** With all runs before it. */
  readonly known: number;
}

/** How many calls each run has shown, and how many of them were new; above, how many there may be: a picture as SVG. */
export function runsPlot(recordings: readonly Recording[], { estimated, interval }: Completeness): string {
  const runs = runsOf(recordings);
  const most = Math.max(estimated, Math.min(interval[1], 1.5 * estimated), 1) * 1.08;
  const slot = (WIDTH - LEFT - RIGHT) / runs.length;
  const bar = Math.min(56, 0.72 * slot);
  const x = (i: number) => LEFT + slot * (i + 0.5);
  const y = (calls: number) => HEIGHT - BOTTOM - (calls / most) * (HEIGHT - BOTTOM - TOP);
  const rect = (name: string, i: number, from: number, to: number) =>
    to === from
      ? ''
      : `<rect class="${name}" x="${px(x(i) - bar / 2)}" y="${px(y(to))}" width="${px(bar)}" height="${px(y(from) - y(to))}"/>`;
  const label = (calls: number, words: string) =>
    `<text x="${WIDTH - RIGHT + 6}" y="${px(y(calls) + 4)}">${words}</text>`;
  const [low, high] = [interval[0], Math.min(interval[1], most)];
  const all = runs[runs.length - 1].known;
  const isFar = y(all) - y(estimated) > 14;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="calls that each run has shown">`,
    `<rect class="band" x="${LEFT}" y="${px(y(high))}" width="${WIDTH - LEFT - RIGHT}" height="${px(y(low) - y(high))}"/>`,
    `<line class="axis" x1="${LEFT}" y1="${px(y(0))}" x2="${WIDTH - RIGHT}" y2="${px(y(0))}"/>`,
    ...runs.map(
      ({ calls, fresh, known }, i) =>
        `<g><title>run ${i + 1}: ${plural(calls, 'call')}, ${fresh} of them new</title>${rect('old', i, 0, calls - fresh)}${rect('new', i, calls - fresh, calls)}${runs.length > MOST_NUMBERED ? '' : numbers(x(i), y(known), i, fresh)}</g>`,
    ),
    `<polyline class="known" points="${runs.map((run, i) => `${px(x(i))},${px(y(run.known))}`).join(' ')}"/>`,
    `<line class="guess" x1="${LEFT}" y1="${px(y(estimated))}" x2="${WIDTH - RIGHT}" y2="${px(y(estimated))}"/>`,
    isFar ? label(all, `${all} known`) : '',
    label(estimated, isFar ? `about ${Math.round(estimated)}` : `${all} known`),
    `<text x="${LEFT - 6}" y="${px(y(0))}" text-anchor="end">0</text>`,
    '</svg>',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** Above what is known what was new, below the bar which run. */
function numbers(x: number, top: number, i: number, fresh: number): string {
  return (
    `<text class="${fresh > 0 ? 'up' : 'dim'}" x="${px(x)}" y="${px(top - 5)}" text-anchor="middle">${fresh > 0 ? `+${fresh}` : 'nothing new'}</text>` +
    `<text x="${px(x)}" y="${HEIGHT - 8}" text-anchor="middle">run ${i + 1}</text>`
  );
}

function runsOf(recordings: readonly Recording[]): Run[] {
  const known = new Set<string>();
  return recordings.map(({ observations }) => {
    // What the container runtime calls is not the workload's.
    const calls = new Set(observations.filter((o) => o.phase !== 'runtime').map((o) => `${o.arch} ${o.nr}`));
    const before = known.size;
    for (const call of calls) known.add(call);
    return { calls: calls.size, fresh: known.size - before, known: known.size };
  });
}

/** A coordinate, to a tenth. */
function px(value: number): string {
  return value.toFixed(1);
}

export const RUNS_PLOT_STYLE = `
svg { width: 100%; max-width: 44rem; display: block } svg text { fill: var(--dim); font: 11px system-ui, sans-serif } .old { fill: var(--old) } .new { fill: var(--new) } .band { fill: var(--guess); opacity: .14 } .guess { stroke: var(--guess); stroke-dasharray: 5 4 } .axis { stroke: var(--line) } .known { fill: none; stroke: var(--ink); stroke-width: 1.5 }
svg .up { fill: var(--new); font-weight: 600 }
`;
