import type { Style } from './style.ts';
import { listed, plural } from './words.ts';

/** Threads that are confined otherwise than the first process of their container. */
export interface DifferingThreads {
  readonly mode: 'none' | 'strict' | 'filter';
  readonly filters: number;
  readonly threads: number;
  /** The id of one of them. */
  readonly example: number;
  /** As many filters as the first, but not the same. */
  readonly isOther: boolean;
}

/** How a process or a container is confined, beside what its filter means. */
export interface ConfinementSummary {
  readonly mode: 'none' | 'strict' | 'filter';
  readonly filters: number;
  readonly noNewPrivs: boolean;
  readonly capabilities: readonly string[];
  readonly processes: number;
  readonly threads: number;
  readonly differing: readonly DifferingThreads[];
  /** Threads whose filters could not be compared. */
  readonly unread: number;
}

/** "2 of 14 threads have no filter", once for each kind. */
export function differingText({ differing, threads }: ConfinementSummary): string[] {
  return differing.map((group) => {
    const have = group.threads === 1 ? 'has' : 'have';
    return `${group.threads} of ${plural(threads, 'thread')} ${have} ${whatOf(group)}`;
  });
}

function whatOf({ mode, filters, isOther }: DifferingThreads): string {
  if (mode === 'none') return 'no filter';
  if (mode === 'strict') return 'strict mode';
  return isOther ? 'another filter' : plural(filters, 'filter');
}

/** Lines under a verification: what differs among threads, and what else confines them. */
export function confinementText(
  style: Style,
  summary: ConfinementSummary,
  privileged: boolean | undefined,
): string {
  const { mode, filters, noNewPrivs, capabilities, processes, threads, unread, differing } = summary;
  const where =
    threads === 1
      ? 'its one thread'
      : `${plural(threads, 'thread')} of ${plural(processes, 'process', 'processes')}`;
  const facts = [
    mode === 'filter' ? plural(filters, 'filter') : mode === 'none' ? 'no filter' : 'strict mode',
    `no_new_privs ${noNewPrivs ? 'on' : 'off'}`,
    ...(privileged === undefined ? [] : [privileged ? 'privileged' : 'not privileged']),
    capabilitiesText(capabilities),
  ];
  const under = mode === 'filter' ? 'under it' : mode === 'none' ? 'without a filter' : 'in strict mode';
  const all =
    differing.length === 0
      ? [`  ${threads === 1 ? '' : 'all '}${where} ${threads === 1 ? 'is' : 'are'} ${under}`]
      : [];
  return [
    ...differingText(summary).map(
      (line, i) => `  ${style.red(line)}, such as thread ${differing[i].example}`,
    ),
    ...(unread > 0
      ? [`  ${style.yellow(`the filters of ${plural(unread, 'thread')} could not be compared`)}`]
      : all),
    `  ${style.dim(facts.join(' · '))}`,
    '',
  ].join('\n');
}

/** Names in a line; a privileged container has all. */
const MOST_NAMED = 14;

function capabilitiesText(capabilities: readonly string[]): string {
  if (capabilities.length === 0) return 'no capabilities';
  const names = capabilities.map((name) => name.replace(/^CAP_/, '').toLowerCase());
  return `capabilities: ${listed(names, MOST_NAMED)}`;
}
