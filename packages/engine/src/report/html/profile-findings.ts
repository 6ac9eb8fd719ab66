import type { ReportSubject } from '../finding-formats/finding-format.ts';
import type { Issue } from '../finding-formats/issue.ts';
import { plural } from '../words.ts';
import { escaped } from './document.ts';
import { byDegree, type Degree, severityChips } from './severity-chips.ts';

/** Everything that there is to say of one profile, the worst first; what is only worth knowing is folded up. */
export function profileFindings(
  id: string,
  name: string,
  issues: readonly Issue[],
  anchors: ReadonlyMap<string, string>,
  subject: ReportSubject,
): string {
  return [
    `<section id="${id}" data-group=""><h2><bdi>${escaped(name)}</bdi> ${severityChips(issues)}</h2>`,
    ...byDegree(issues).map(([degree, mine]) => group(degree, mine, anchors, subject)),
    '</section>',
  ].join('\n');
}

function group(
  degree: Degree,
  issues: readonly Issue[],
  anchors: ReadonlyMap<string, string>,
  subject: ReportSubject,
): string {
  const findings = issues.map((issue) => finding(issue, degree, anchors, subject)).join('\n');
  if (degree === 'info')
    return `<details class="group info" data-group=""><summary>${plural(issues.length, 'thing')} worth knowing</summary>\n${findings}</details>`;
  const heading = degree === 'fault' ? 'could not be judged' : degree;
  return `<div class="group ${degree}" data-group=""><h3>${heading}</h3>\n${findings}</div>`;
}

function finding(
  issue: Issue,
  degree: Degree,
  anchors: ReadonlyMap<string, string>,
  { aboutCode }: ReportSubject,
): string {
  const { code, line, column, message, call, fix } = issue;
  return [
    `<article data-when="${degree}"><span class="place" title="line ${line}, column ${column}">${line}:${column}</span>`,
    `<div><p><bdi>${escaped(message)}</bdi></p>`,
    call === undefined ? '' : `<p class="more"><i>call</i><code>${escaped(call)}</code></p>`,
    fix === undefined ? '' : `<p class="more"><i>fix</i><bdi>${escaped(fix)}</bdi></p>`,
    `</div><a class="code" href="#${anchors.get(code)}" title="${escaped(aboutCode(code))}">${escaped(code)}</a></article>`,
  ].join('');
}

export const PROFILE_FINDINGS_STYLE = `
h2 bdi { font-family: ui-monospace, monospace; overflow-wrap: anywhere; margin-right: .5rem } section { margin: 2.6rem 0 } section h2 { margin: 0 0 .4rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line) }
.group { margin: .9rem 0 } h3, summary { font-size: .85rem; font-weight: 600; margin: 0 0 .2rem; color: var(--tone) } summary { cursor: pointer }
article { display: grid; grid-template-columns: 4.2rem minmax(0, 1fr) auto; gap: 0 .8rem; padding: .45rem .8rem; margin: .35rem 0; border-left: 3px solid var(--tone); border-radius: .2rem; background: var(--box); break-inside: avoid }
article[hidden] { display: none } article p { margin: 0; overflow-wrap: anywhere } .more { display: grid; grid-template-columns: 2.2rem minmax(0, 1fr); align-items: baseline; color: var(--dim) } .more i { font-style: normal; color: var(--tone) } .more code { color: var(--ink) }
.place, .code { font-family: ui-monospace, monospace; font-size: .85em; line-height: 1.75; color: var(--dim) } .code { text-decoration: none; overflow-wrap: anywhere } .code:hover { text-decoration: underline }
@media (max-width: 40rem) { article { grid-template-columns: minmax(0, 1fr) auto; padding: .45rem .6rem } article div { grid-column: 1 / -1; grid-row: 1 } .code { text-align: right } }
`;
