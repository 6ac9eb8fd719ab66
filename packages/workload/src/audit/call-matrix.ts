import type { Judged, Passing } from '@callgate/engine/internal/lint/judged';
import { type NotableCategory, notableCallsByCategory } from '@callgate/engine/internal/syscalls/notable';
import { capabilityWords } from '../kubernetes/capability-set.ts';
import type { AuditedContainer } from './audit.ts';

/** Containers that have the same filter. */
export interface FilterColumn {
  /** Such as no filter, the default of containerd, or the name of a file. */
  readonly name: string;
  /** Undefined: without a filter. */
  readonly filter?: Judged;
  readonly containers: readonly AuditedContainer[];
}

/** A call that an attacker likes, and what each filter makes of it. */
export interface CallRow {
  readonly category: NotableCategory;
  readonly call: string;
  /** What it gives away. */
  readonly why: string;
  /** By column. */
  readonly passes: readonly Passing[];
}

/** Which notable calls pass in which containers. */
export interface CallMatrix {
  readonly columns: readonly FilterColumn[];
  readonly rows: readonly CallRow[];
}

/** The matrix of containers that run, of which it is known under what. */
export function callMatrix(containers: readonly AuditedContainer[]): CallMatrix {
  const columns = columnsOf(containers);
  const rows = notableCallsByCategory().map(({ category, name, why }) => ({
    category,
    call: name,
    why,
    passes: columns.map(({ filter }) => passing(filter, name)),
  }));
  return { columns, rows };
}

function passing(filter: Judged | undefined, call: string): Passing {
  return filter ? filter.passes(filter.native, call) : 'always';
}

function columnsOf(containers: readonly AuditedContainer[]): FilterColumn[] {
  const columns = new Map<Judged | 'none', AuditedContainer[]>();
  for (const container of containers) {
    const key = container.effective.type === 'Unconfined' ? 'none' : container.filter;
    if (key) columns.set(key, [...(columns.get(key) ?? []), container]);
  }
  return [...columns].map(([filter, mine]) => ({
    name: nameOf(mine[0]),
    ...(filter !== 'none' && { filter }),
    containers: mine,
  }));
}

function nameOf({ effective: { type, profile }, runtime, capabilities }: AuditedContainer): string {
  if (type === 'Unconfined') return 'no filter';
  if (type === 'Localhost') return profile ?? 'a profile';
  const differing = capabilityWords(runtime, capabilities);
  return `the default of ${runtime}${differing === '' ? '' : ` ${differing}`}`;
}
