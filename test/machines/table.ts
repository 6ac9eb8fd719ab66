import { AREAS, type Area, type Finding } from './contract/finding.ts';

/** How a machine came off. */
export interface Row {
  readonly name: string;
  /** What it was asked for. */
  readonly areas: readonly Area[];
  readonly seconds: number;
  readonly findings: readonly Finding[];
  /** Why it was not run, or came to no end. */
  readonly fault?: string;
}

const SIGNS = { right: '✓', wrong: '✗', lossy: '○', 'not offered': '–' } as const;
const LEGEND = '✓ right, ✗ wrong, ○ lost calls and said so, – not to be had there, · not reached';
const NAME = 16;

/** Tables, one for all machines that were asked for the same, with what is to be said of each below its line. */
export function tablesOf(rows: readonly Row[]): string {
  const headOf = ({ areas }: Row) => `${'machine'.padEnd(NAME)} ${areas.join('  ')}   seconds`;
  const heads = [...new Set(rows.map(headOf))];
  const tables = heads.flatMap((head) => [
    head,
    ...rows.filter((row) => headOf(row) === head).flatMap(linesOf),
  ]);
  return [...tables, LEGEND, ''].join('\n');
}

function linesOf({ name, areas, findings, seconds, fault }: Row): string[] {
  const signs = areas.map((area) => {
    const finding = findings.find((f) => f.area === area);
    return (finding ? SIGNS[finding.is] : '·').padEnd(area.length);
  });
  return [
    `${name.padEnd(NAME)} ${signs.join('  ')}   ${seconds.toFixed(0)}`,
    ...(fault ? [`  ${fault}`] : []),
    ...findings.filter(isWorthTelling).map(({ area, is, detail }) => `  ${SIGNS[is]} ${area}: ${detail}`),
  ];
}

/** What is not right, and what only some machines are asked for, which tells releases. */
function isWorthTelling({ area, is }: Finding): boolean {
  return is !== 'right' || !AREAS.some((usual) => usual === area);
}
