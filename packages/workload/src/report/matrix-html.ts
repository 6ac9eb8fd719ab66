import type { Passing } from '@callgate/engine/internal/lint/judged';
import { escaped } from '@callgate/engine/internal/report/html/document';
import type { AuditedContainer } from '../audit/audit.ts';
import type { CallMatrix } from '../audit/call-matrix.ts';

/** More containers make no table that anybody reads. */
const MOST = 500;
const MARKS: Readonly<Record<Passing, string>> = { always: '●', sometimes: '◐', never: '' };
const WORDS: Readonly<Record<Passing, string>> = {
  always: 'passes',
  sometimes: 'passes with some arguments',
  never: 'denied',
};

/** A table of containers and the calls that attackers like, and its CSS. */
export function matrixHtml({ columns, rows }: CallMatrix): { readonly body: string; readonly style: string } {
  const header = rows
    .map(({ call, why }) => `<th title="${escaped(why)}"><span>${escaped(call)}</span></th>`)
    .join('');
  const body = columns
    .flatMap(({ name, containers }, i) => {
      const cells = rows.map(({ call, passes }) => cell(call, passes[i])).join('');
      return containers.slice(0, MOST).map((one) => `<tr>${title(one, name)}${cells}</tr>`);
    })
    .slice(0, MOST);
  return {
    body: `<section><h2>What attackers like and gets through</h2><div class="matrix"><table><thead><tr><th>container</th><th>filter</th>${header}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div><p class="dim">● passes, ◐ with some arguments</p></section>`,
    style: STYLE,
  };
}

function title({ workload, container }: AuditedContainer, filter: string): string {
  return `<td><bdi>${escaped(`${workload} ${container}`)}</bdi></td><td><bdi>${escaped(filter)}</bdi></td>`;
}

function cell(call: string, passes: Passing): string {
  return `<td class="${passes}" title="${escaped(call)}: ${WORDS[passes]}">${MARKS[passes]}</td>`;
}

const STYLE = `
.matrix { overflow-x: auto } .matrix table { font-size: .85rem; width: auto } .matrix td, .matrix th { padding: .15rem .3rem; white-space: nowrap }
.matrix th span { writing-mode: vertical-rl; transform: rotate(180deg); font-family: ui-monospace, monospace; font-weight: 400 }
.matrix td.always, .matrix td.sometimes { text-align: center; color: var(--guess) } .matrix tr > :first-child { position: sticky; left: 0; background: var(--paper, Canvas) }
`;
