import type { UsualCalls } from '../build/runtime-default.ts';
import type { Synthesis } from '../build/synthesize.ts';
import type { Completeness } from '../recording/completeness.ts';
import type { Recording } from '../recording/recording.ts';
import { notable } from '../syscalls/notable.ts';
import { CALL_TABLE_STYLE, callTable } from './html/call-table.ts';
import { escaped, htmlDocument } from './html/document.ts';
import { FIND_BAR_SCRIPT, FIND_BAR_STYLE } from './html/find-bar.ts';
import { RUNS_PLOT_STYLE, runsPlot } from './html/runs-plot.ts';
import { TILES_STYLE, tiles } from './html/tiles.ts';
import { PLAIN } from './style.ts';
import { summaryLines } from './synthesis.ts';
import { plural } from './words.ts';

/** What a report on a built profile shows. */
export interface BuildReport {
  readonly title: string;
  readonly recordings: readonly Recording[];
  readonly synthesis: Synthesis;
  /** Undefined when there was one run. */
  readonly completeness?: Completeness;
  /** What a container would be allowed without the profile. */
  readonly usual: UsualCalls;
}

/**
 * One HTML page that needs nothing else: the runs and how complete they are, why each call is in the profile, with a search,
 * and how it differs from what a runtime allows by default.
 */
export function buildHtml({ title, recordings, synthesis, completeness, ...report }: BuildReport): string {
  // For a container on several kinds of machines, what is looser on any of them.
  const usual = { ...report.usual, looser: synthesis.container?.looser ?? report.usual.looser };
  const body = [
    `<h1>${escaped(title)}</h1>`,
    tiles(synthesis, usual, completeness),
    `<ul>${summaryLines(PLAIN, recordings, synthesis)
      .map((line) => `<li>${escaped(line)}</li>`)
      .join('')}</ul>`,
    ...(completeness
      ? [`<h2>What each run has shown</h2>`, runsText(completeness), runsPlot(recordings, completeness)]
      : []),
    '<h2>Every call, and why it is in</h2>',
    callTable(synthesis.reasons, recordings, usual),
    ...differences(usual),
    '<h2>Recorded</h2>',
    sources(recordings),
  ];
  const style = [TABLES, TILES_STYLE, RUNS_PLOT_STYLE, CALL_TABLE_STYLE, FIND_BAR_STYLE];
  return htmlDocument({ title, body, style, script: FIND_BAR_SCRIPT });
}

const TABLES = `
table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600; color: var(--dim); font-size: .85rem }
td, th { padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top } .num { text-align: right; font-variant-numeric: tabular-nums }
td:first-child { min-width: 8rem; font-family: ui-monospace, monospace; font-size: .92em } .liked td { width: 1% } .liked td + td { width: auto }
.names { columns: 11rem; font-family: ui-monospace, monospace; font-size: .85em; margin-top: .5rem }
`;

function runsText({ runs, seen, estimated, interval, identical }: Completeness): string {
  const [low, high] = interval.map(Math.round);
  const says = identical
    ? `All ${runs} runs show the same ${plural(seen, 'call')}. That tells nothing of runs that would differ: vary the load, the configuration, the faults that the program meets.`
    : `${plural(seen, 'call')} in ${runs} runs. From how many of them one run alone has shown, Chao2 estimates ${Math.round(estimated)} in all (95 %: ${low} to ${high}).`;
  return `<p>${says} Green is what a run was the first to show.</p>`;
}

function differences({ name, looser, closed }: UsualCalls): string[] {
  const liked = closed.flatMap((call) => {
    const why = notable(call);
    return why === undefined ? [] : [`<tr><td>${escaped(call)}</td><td>${escaped(why)}</td></tr>`];
  });
  return [
    `<h2>Beside ${escaped(name)}’s default</h2>`,
    ...(looser.length === 0
      ? []
      : [
          `<p><strong class="bad">Looser:</strong> ${looser.map((call) => `<code>${escaped(call)}</code>`).join(', ')} can be made here, and not under the default, at least with some arguments.</p>`,
        ]),
    `<p>${plural(closed.length, 'call')} that it allows ${closed.length === 1 ? 'is' : 'are'} closed here${liked.length > 0 ? '; an attacker would like these' : ''}.</p>`,
    ...(liked.length > 0 ? [`<table class="liked">${liked.join('')}</table>`] : []),
    `<details><summary>all of them</summary><div class="names">${closed.map(escaped).join('<br>')}</div></details>`,
  ];
}

function sources(recordings: readonly Recording[]): string {
  const rows = recordings.map(({ recorder, command, machine, started, observations, lost, lacks }, i) => {
    const calls = new Set(observations.map((o) => `${o.arch} ${o.nr}`)).size;
    const cells = [
      `run ${i + 1}`,
      recorder,
      command.join(' '),
      machine.kernel,
      started,
      `${calls}`,
      `${lost}`,
      lacks.join(', '),
    ];
    return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
  });
  const heads = ['', 'by', 'command', 'kernel', 'started', 'calls', 'lost', 'not in it'];
  return `<table><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr>\n${rows.join('\n')}\n</table>`;
}
