import { quote } from '../source/tree.ts';
import { type Probe, USUAL_PATIENCE_MS } from './spec.ts';
import type { WrittenFunction } from './spec-schema.ts';

/** The probe that an entry with one of its keys describes. */
export function probeOf(written: WrittenFunction): Probe {
  const { http, tcp, run, log, alive, ends, output } = written;
  if (http !== undefined)
    return { kind: 'http', url: http, status: written.status ?? 200, ...has('body', written.body) };
  if (tcp !== undefined) return { kind: 'tcp', port: tcp };
  if (run !== undefined)
    return {
      kind: 'run',
      command: run as [string, ...string[]],
      exit: written.exit ?? 0,
      ...has('output', output),
    };
  if (log !== undefined) return { kind: 'log', text: log };
  if (alive !== undefined) return { kind: 'alive', ms: alive };
  if (ends !== undefined) return { kind: 'ends', exit: ends, ...has('output', output) };
  return { kind: 'health' };
}

/** A command is run once, unless somebody says how long it may take to work; what listens is waited for. */
export function patienceOf(probe: Probe, within: number | undefined): number {
  return within ?? (probe.kind === 'run' ? 0 : USUAL_PATIENCE_MS);
}

/** What a probe looks for, for those who gave it no name. */
export function probeName(probe: Probe): string {
  switch (probe.kind) {
    case 'http':
      return `${probe.url} answers ${probe.status}${wanted(probe.body)}`;
    case 'tcp':
      return `port ${probe.port} takes connections`;
    case 'run':
      return `${probe.command.join(' ')} ${probe.exit === 0 ? 'works' : `ends with ${probe.exit}`}${wanted(probe.output)}`;
    case 'log':
      return `it writes ${quote(probe.text)}`;
    case 'health':
      return 'the health check of the image passes';
    case 'alive':
      return `it still runs after ${probe.ms / 1000} s`;
    case 'ends':
      return `it ends with ${probe.exit}${wanted(probe.output)}`;
  }
}

function wanted(text: string | undefined): string {
  return text === undefined ? '' : ` with ${quote(text)}`;
}

function has<K extends string>(key: K, value: string | undefined): { readonly [key in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: string });
}
