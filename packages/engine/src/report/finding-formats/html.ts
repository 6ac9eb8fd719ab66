import { escaped, htmlDocument } from '../html/document.ts';
import { type Choice, FIND_BAR_SCRIPT, FIND_BAR_STYLE, findBar } from '../html/find-bar.ts';
import { PROFILE_FINDINGS_STYLE, profileFindings } from '../html/profile-findings.ts';
import { byDegree, DEGREES, SEVERITY_STYLE, severityChips } from '../html/severity-chips.ts';
import { plural } from '../words.ts';
import { byProfile } from './by-profile.ts';
import { type FindingFormat, PROFILES, type ReportSubject } from './finding-format.ts';
import type { Issue } from './issue.ts';
import { summary } from './summary.ts';

/** One page that needs nothing else: how bad each profile is, then what was found in each. */
export const html: FindingFormat = {
  id: 'html',
  about: 'a page to look at, or to print',
  write(report, { tool }) {
    const { subject = PROFILES } = report;
    const profiles = [...byProfile(report)].sort(([, a], [, b]) => compareWorst(a, b));
    const issues = profiles.flatMap(([, mine]) => mine);
    const codes = [...new Set(issues.map(({ code }) => code))].sort();
    const anchors = new Map(codes.map((code, i) => [code, `code-${i + 1}`]));
    const sections = profiles.flatMap(([name, mine], i) =>
      mine.length > 0 ? [profileFindings(idOf(i), name, mine, anchors, subject)] : [],
    );
    const found = issues.length > 0;
    return htmlDocument({
      title: `callgate ${subject.verb}: ${summary(report)}`,
      body: [
        `<h1>callgate ${subject.verb}</h1>`,
        headline(issues, report.profiles.length, subject),
        ...(profiles.length > 1 ? [contents(profiles)] : []),
        ...(found ? [search(issues), ...sections] : []),
        ...(report.appendix ? [report.appendix.body] : []),
        ...(found ? [glossary(anchors, subject)] : []),
        `<p class="dim">${escaped(tool.name)} ${escaped(tool.version)}</p>`,
      ],
      style: [PAGE, SEVERITY_STYLE, PROFILE_FINDINGS_STYLE, FIND_BAR_STYLE, report.appendix?.style ?? ''],
      ...(found && { script: FIND_BAR_SCRIPT }),
    });
  },
};

const PAGE = `
.contents { list-style: none; padding: 0; margin: 1.2rem 0; border-top: 1px solid var(--line) } .contents li { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; padding: .3rem 0; border-bottom: 1px solid var(--line) }
.contents bdi { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere } .contents a { color: inherit; text-decoration: none } .contents a:hover { text-decoration: underline }
.codes { margin: 2.6rem 0 1.6rem } .codes summary { color: inherit; font-size: 1rem } dl { margin: .6rem 0 } dt { font-family: ui-monospace, monospace; font-size: .92em; margin-top: .7rem; overflow-wrap: anywhere } dd { margin: 0; color: var(--dim) } dt:target { color: var(--guess) }
@media print { body { margin: 0; max-width: none } details::details-content { content-visibility: visible; height: auto } }
`;

function idOf(profile: number): string {
  return `profile-${profile + 1}`;
}

/** Negative where the first has more of the worst degree in which they differ. */
function compareWorst(a: readonly Issue[], b: readonly Issue[]): number {
  const [counts, others] = [a, b].map(
    (issues) => new Map(byDegree(issues).map(([d, { length }]) => [d, length])),
  );
  const degree = DEGREES.find((d) => counts.get(d) !== others.get(d));
  return degree ? (others.get(degree) ?? 0) - (counts.get(degree) ?? 0) : 0;
}

/** What was found in all that could be judged, and how much could not. */
function headline(issues: readonly Issue[], judged: number, { unit }: ReportSubject): string {
  const findings = issues.filter(({ kind }) => kind === 'finding');
  const unjudged = new Set(issues.filter(({ kind }) => kind === 'fault').map(({ profile }) => profile));
  const chip = `<span class="chip fault"><b>${unjudged.size}</b> not judged</span>`;
  const found = judged > 0 ? [`${severityChips(findings)} in ${plural(judged, unit)}`] : [];
  return `<p>${[...found, ...(unjudged.size > 0 ? [chip] : [])].join(', ')}</p>`;
}

/** Each profile and how bad it is. */
function contents(profiles: readonly (readonly [string, readonly Issue[]])[]): string {
  const rows = profiles.map(([name, issues], i) => {
    const words = `<bdi>${escaped(name)}</bdi>`;
    const link = issues.length > 0 ? `<a href="#${idOf(i)}">${words}</a>` : words;
    return `<li>${link}<span>${severityChips(issues)}</span></li>`;
  });
  return `<ul class="contents">\n${rows.join('\n')}\n</ul>`;
}

function search(issues: readonly Issue[]): string {
  const degrees = byDegree(issues).map(
    ([degree]): Choice => [degree, degree === 'fault' ? 'not judged' : degree],
  );
  return findBar('find a call, a code, a word', degrees);
}

function glossary(anchors: ReadonlyMap<string, string>, { aboutCode }: ReportSubject): string {
  const entries = [...anchors].map(
    ([code, id]) => `<dt id="${id}">${escaped(code)}</dt><dd>${escaped(aboutCode(code))}</dd>`,
  );
  return `<details class="codes"><summary>What the codes mean</summary><dl>\n${entries.join('\n')}\n</dl></details>`;
}
