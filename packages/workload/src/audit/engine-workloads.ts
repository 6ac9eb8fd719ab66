import type { LocatedFinding } from '@callgate/engine/internal/report/findings';
import type { Tree } from '@callgate/engine/internal/source/tree';
import type { AuditedContainer, AuditOptions } from './audit.ts';
import type { Found } from './finding-maker.ts';

/** What is said of a document that is none of Kubernetes. */
export interface EngineWorkloads {
  readonly found: readonly Found[];
  readonly inFiles: readonly LocatedFinding[];
  readonly containers: readonly (Omit<AuditedContainer, 'file' | 'line'> & { readonly at: number })[];
}

/** The containers of compose, of what engines say of theirs, of a runtime's config.json; undefined for other documents. */
export function engineWorkloads(
  _tree: Tree,
  _text: string,
  _file: string,
  _options: AuditOptions,
): EngineWorkloads | undefined {
  return undefined;
}
