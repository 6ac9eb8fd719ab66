import { AuditSource } from './audit-source.ts';
import { CombinedSource } from './combined-source.ts';
import { EbpfSource } from './ebpf-source.ts';
import { KernelLogSource } from './kernel-log-source.ts';
import type { WatchedProcesses, WatchSource } from './watch-source.ts';

/** The sources that can be asked for. */
export const WATCH_SOURCES = ['auto', 'ebpf', 'audit', 'kernel-log'] as const;
export type WatchSourceName = (typeof WATCH_SOURCES)[number];

/** A source, and why it is that one. */
export interface ChosenSource {
  readonly source: WatchSource;
  readonly because: string;
}

/** What is to be watched. */
export interface WatchWish {
  readonly name: WatchSourceName;
  readonly watched: WatchedProcesses;
  /** With what the kernel log has from then on: milliseconds since 1970. */
  readonly since?: number;
}

/** A source cannot be had. */
export class NoWatchSource extends Error {}

/**
 * The source that is asked for, or the best that this machine and this user have.
 * @throws NoWatchSource with the reason.
 */
export function chooseWatchSource({ name, watched, since }: WatchWish): ChosenSource {
  if (name === 'kernel-log') return { source: kernelLog(since), because: 'it was asked for' };
  if (since !== undefined) {
    if (name !== 'auto') throw new NoWatchSource(`${name} has no past; --since goes with the kernel log`);
    return { source: kernelLog(since), because: 'of the sources only the kernel log has a past' };
  }
  if (name === 'audit')
    return { source: needed('audit', () => new AuditSource()), because: 'it was asked for' };
  if (name === 'ebpf')
    return { source: needed('ebpf', () => new EbpfSource(watched)), because: 'it was asked for' };
  return best(watched);
}

function best(watched: WatchedProcesses): ChosenSource {
  const ebpf = attempt(() => new EbpfSource(watched));
  const audit = attempt(() => new AuditSource());
  if (ebpf.made && audit.made)
    return {
      source: new CombinedSource(ebpf.made, audit.made),
      because: 'eBPF sees every denied call, the audit socket what is logged and who is killed',
    };
  if (ebpf.made)
    return {
      source: ebpf.made,
      because: `eBPF sees every denied call; not seen is what is only logged: ${audit.why}`,
    };
  const unseen = `denials are seen where the filter has SECCOMP_FILTER_FLAG_LOG or kills, since there is no eBPF: ${ebpf.why}`;
  if (audit.made) return { source: audit.made, because: unseen };
  return { source: kernelLog(undefined), because: `${unseen}; and no audit socket: ${audit.why}` };
}

function kernelLog(since: number | undefined): KernelLogSource {
  return needed('kernel-log', () => new KernelLogSource(since));
}

function needed<T>(name: string, make: () => T): T {
  const { made, why } = attempt(make);
  if (made === undefined) throw new NoWatchSource(`${name} cannot be watched: ${why}`);
  return made;
}

function attempt<T>(make: () => T): { readonly made?: T; readonly why?: string } {
  try {
    return { made: make() };
  } catch (fault) {
    return { why: fault instanceof Error ? fault.message : String(fault) };
  }
}
