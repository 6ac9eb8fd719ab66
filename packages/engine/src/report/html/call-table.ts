import type { Reason } from '../../build/demand.ts';
import type { UsualCalls } from '../../build/runtime-default.ts';
import { PHASES, type Phase, type Recording } from '../../recording/recording.ts';
import { nameOf } from '../../syscalls/lookup.ts';
import { formatReason } from '../origin.ts';
import { grouped, plural } from '../words.ts';
import { escaped } from './document.ts';
import { type Choice, findBar } from './find-bar.ts';

/** With more recordings, only how many of them show a call. */
const MOST_CELLS = 24;
/** What is not in a recording has no phase. */
const NOT_SEEN = 'unseen';

const USUALLY = { always: 'allowed', conditionally: 'under conditions', never: 'denied' } as const;

/** Every call of a profile: when it was made, in which runs and how often, what the runtime's default says, and why it is in. */
export function callTable(
  reasons: ReadonlyMap<string, readonly Reason[]>,
  recordings: readonly Recording[],
  usual: UsualCalls,
): string {
  const seen = recordings.map(seenIn);
  const runs = recordings.reduce((sum, recording) => sum + recording.runs, 0);
  const rows = [...reasons].map(([name, why]) => {
    const phases = PHASES.filter((phase) => seen.some((run) => run.get(name)?.phases.has(phase)));
    const counts = seen.map((run) => run.get(name)?.count ?? 0);
    const total = counts.reduce((a, b) => a + b, 0);
    const usually = usual.calls.get(name) ?? 'never';
    return [
      `<tr${why[0].kind === 'seen' ? '' : ' class="added"'} data-when="${phases.join(' ') || NOT_SEEN}">`,
      `<td>${escaped(name)}</td>`,
      `<td>${phases.map((phase) => `<span class="pill">${phase}</span>`).join('')}</td>`,
      `<td class="runs">${cells(counts)}</td>`,
      `<td class="num">${total === 0 ? '' : grouped(total)}</td>`,
      `<td${usually === 'never' ? ' class="bad"' : ''}>${USUALLY[usually]}</td>`,
      `<td>${why.map((reason) => escaped(formatReason(reason, runs))).join('<br>')}</td></tr>`,
    ].join('');
  });
  return `${search(seen)}
<table id="calls"><thead><tr><th>call</th><th>when</th><th>runs</th><th class="num">times</th><th>${escaped(usual.name)}’s default</th><th>why it is in</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>`;
}

/** What one recording says of a call. */
interface SeenInRun {
  count: number;
  readonly phases: Set<Phase>;
}

function seenIn({ observations }: Recording): Map<string, SeenInRun> {
  const calls = new Map<string, SeenInRun>();
  for (const { arch, nr, count, phase } of observations) {
    const name = nameOf(arch, nr);
    if (name === undefined || count === 0) continue;
    const call = calls.get(name) ?? { count: 0, phases: new Set() };
    calls.set(name, call);
    call.count += count;
    call.phases.add(phase);
  }
  return calls;
}

/** A cell for each run, the fuller the more often. */
function cells(counts: readonly number[]): string {
  const showing = counts.filter((count) => count > 0).length;
  if (showing === 0) return '';
  if (counts.length > MOST_CELLS) return `${showing} of ${counts.length}`;
  return counts
    .map((count, i) => {
      const title = `title="run ${i + 1}: ${plural(count, 'time')}"`;
      if (count === 0) return `<span class="run none" ${title}></span>`;
      const share = Math.min(1, 0.35 + Math.log10(count) / 6);
      return `<span class="run" style="opacity:${share.toFixed(2)}" ${title}></span>`;
    })
    .join('');
}

function search(seen: readonly ReadonlyMap<string, SeenInRun>[]): string {
  const phases = PHASES.filter((phase) =>
    seen.some((run) => [...run.values()].some((c) => c.phases.has(phase))),
  );
  return findBar('find a call, a process, a reason', [
    ...phases.map((phase): Choice => [phase, phase]),
    [NOT_SEEN, 'not seen'],
  ]);
}

export const CALL_TABLE_STYLE = `
tr.added td { color: var(--dim) } .pill { display: inline-block; border-radius: 1rem; padding: 0 .55rem; font-size: .8rem; background: var(--box); border: 1px solid var(--line); margin-right: .25rem; white-space: nowrap }
.runs { white-space: nowrap } .run { display: inline-block; width: .7rem; height: .95rem; margin-right: 2px; border-radius: 2px; background: var(--new); vertical-align: -2px }
.run.none { background: none; outline: 1px solid var(--line); outline-offset: -1px }
`;
