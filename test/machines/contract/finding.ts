/** What most machines are asked for: the columns of the table. */
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
/** What a machine with container engines is asked for besides. */
export const ENGINE_AREAS = ['docker', 'podman', 'containerd', 'runc', 'crun'] as const;
export type EngineArea = (typeof ENGINE_AREAS)[number];
/**
 * What a cluster is asked for: of its pods, under each kind of seccomp and by each runtime; what audit says of manifests; and
 * what its API answers.
 */
export const CLUSTER_AREAS = ['recorded', 'verified', 'told apart', 'audited', 'asked'] as const;
export type ClusterArea = (typeof CLUSTER_AREAS)[number];
export type Area = (typeof AREAS)[number] | EngineArea | ClusterArea;

/** What the contract found: it holds, it is broken, calls were lost and that was said, or it is not to be had there. */
export interface Finding {
  readonly area: Area;
  readonly is: 'right' | 'wrong' | 'lossy' | 'not offered';
  /** What was wrong, why it is not to be had, or what was tried. */
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
