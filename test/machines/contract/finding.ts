/** What a machine is asked for: the columns of the table. */
export const AREAS = [
  'ebpf',
  'notify',
  'tracefs',
  'log',
  'strace',
  'auto',
  'run',
  'denials',
  'kills',
  'rows',
  'flags',
  'tour',
] as const;
export type Area = (typeof AREAS)[number];

/** What the contract found: it holds, it is broken, calls were lost and that was said, or doctor says that it is not to be had. */
export interface Finding {
  readonly area: Area;
  readonly is: 'right' | 'wrong' | 'lossy' | 'not offered';
  /** What was wrong, doctor's reason, or what was tried. */
  readonly detail: string;
}

/** Findings go out one a line behind this, among whatever else a console prints. */
const MARK = 'CALLGATE-FINDING ';

export function writeFinding(finding: Finding): string {
  return `${MARK}${JSON.stringify(finding)}\n`;
}

export function readFindings(text: string): Finding[] {
  return text
    .split(/\r?\n/)
    .flatMap((line) =>
      line.includes(MARK) ? [JSON.parse(line.slice(line.indexOf(MARK) + MARK.length))] : [],
    );
}
