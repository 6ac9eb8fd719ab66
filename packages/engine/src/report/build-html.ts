import type { Synthesis } from '../build/synthesize.ts';
import type { Completeness } from '../recording/completeness.ts';
import type { Recording } from '../recording/recording.ts';
import { curveSvg } from './completeness.ts';
import { formatReason } from './origin.ts';

/** What a report on a built profile shows. */
export interface BuildReport {
  readonly title: string;
  readonly recordings: readonly Recording[];
  readonly synthesis: Synthesis;
  /** Undefined when there was one run. */
  readonly completeness?: Completeness;
}

/** One HTML page that needs nothing else: the runs, how complete they are, and why each call is in the profile. */
export function buildHtml({ title, recordings, synthesis, completeness }: BuildReport): string {
  const runs = recordings.reduce((sum, r) => sum + r.runs, 0);
  const calls = [...synthesis.reasons].map(
    ([name, reasons]) =>
      `<tr class="${reasons[0].kind}"><td>${text(name)}</td><td>${reasons.map((r) => text(formatReason(r, runs))).join('<br>')}</td></tr>`,
  );
  const sources = recordings.map(
    (r) =>
      `<tr><td>${text(r.recorder)}</td><td>${text(r.command.join(' '))}</td><td>${text(r.machine.kernel)}</td><td>${new Set(r.observations.map((o) => `${o.arch} ${o.nr}`)).size}</td><td>${r.lost}</td><td>${r.lacks.join(', ')}</td></tr>`,
  );
  const curve = completeness
    ? `<h2>How complete</h2><p>${completeness.seen} calls were seen in ${completeness.runs} runs; Chao2 estimates ${completeness.estimated.toFixed(1)} (95 %: ${completeness.interval.map((n) => n.toFixed(1)).join(' to ')}).${completeness.identical ? ' <strong>The runs are identical: they say nothing of others.</strong>' : ''}</p>${curveSvg(completeness)}`
    : '';
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${text(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #eee; vertical-align: top }
td:first-child { font-family: monospace } tr:not(.seen) td { color: #667 } svg { max-width: 40rem; width: 100% }
</style>
<h1>${text(title)}</h1>
<p>${synthesis.reasons.size} calls allowed${synthesis.newer.length > 0 ? `; ${synthesis.newer.length} newer than the recorded kernel answer ENOSYS` : ''}; everything else fails with EPERM.</p>
${curve}
<h2>Recorded</h2>
<table><tr><th>by</th><th>command</th><th>kernel</th><th>calls</th><th>lost</th><th>not in it</th></tr>
${sources.join('\n')}
</table>
<h2>Why each call is in</h2>
<table>
${calls.join('\n')}
</table>
</html>
`;
}

function text(value: string): string {
  return value
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
