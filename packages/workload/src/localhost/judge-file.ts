import type { Diagnostic, Target } from '@callgate/engine';
import type { Finding } from '@callgate/engine/internal/lint/finding';
import type { Judged, Usual } from '@callgate/engine/internal/lint/judged';
import { lintText } from '@callgate/engine/internal/lint/lint-text';
import { missingAtStart } from '@callgate/engine/internal/lint/missing-at-start';
import type { Runtime } from '@callgate/engine/internal/runtime/target';
import { readJson } from '@callgate/engine/internal/source/read-json';
import type { NodeRuntime, StartedBy } from '../kubernetes/cluster-node.ts';
import { shapeOfProfile } from './profile-shape.ts';

/** Who reads a file and starts a container with what it says. */
export interface FileReader {
  readonly runtime: NodeRuntime;
  readonly startedBy: StartedBy;
  /** The machine, and the container's bounding set. */
  readonly target: Target;
  readonly noNewPrivs: boolean;
  /** The runtime's default on the same machine. */
  readonly usual?: Usual;
}

/** What becomes of a file that is there. */
export type FileVerdict =
  /** It becomes a filter under which the container starts. */
  | {
      readonly kind: 'loads';
      readonly judged: Judged;
      readonly findings: readonly Finding[];
      readonly dropped: boolean;
    }
  /** The container starts without a filter. */
  | { readonly kind: 'no-filter'; readonly why: string }
  /** The container does not start, as what is said of the file shows. */
  | { readonly kind: 'refused'; readonly why: string; readonly diagnostics: readonly Diagnostic[] }
  /** The filter is loaded, and the runtime itself cannot go on under it. */
  | { readonly kind: 'cannot-start'; readonly calls: readonly string[]; readonly judged: Judged };

/** Reads the file of a profile as the runtime of a node does, and tries what the runtime itself would call. */
export function judgeFile(name: string, text: string, reader: FileReader): FileVerdict {
  const { value: tree, diagnostics } = readJson(text, () => {});
  if (!tree) return { kind: 'refused', why: decodeWords(reader), diagnostics };
  const shape = shapeOfProfile(tree);
  if (shape.kind === 'none') return withoutFilter(shape.why, reader);
  if (shape.kind === 'no-object') return { kind: 'refused', why: shape.why, diagnostics: [] };
  const target = { ...reader.target, runtime: dialectOf(reader) };
  const [linted] = lintText(name.endsWith('.json') ? name : `${name}.json`, text, {
    target,
    usual: reader.usual,
  });
  const { judged, faults, findings } = linted;
  if (!judged)
    return { kind: 'refused', why: `${reader.startedBy} refuses what it says`, diagnostics: faults };
  const missing = missingAtStart(judged, reader.startedBy, reader.noNewPrivs);
  if (missing.length > 0) return { kind: 'cannot-start', calls: missing, judged };
  return { kind: 'loads', judged, findings, dropped: dropsKeys(judged, reader) };
}

function decodeWords({ runtime }: FileReader): string {
  return runtime === 'crio'
    ? 'setup seccomp: unable to load local profile'
    : runtime === 'containerd'
      ? 'decoding seccomp profile failed'
      : 'the file is no JSON';
}

/** Podman's and CRI-O's library, and runc, take an empty profile for none; crun wants an action. */
function withoutFilter(why: string, { runtime, startedBy }: FileReader): FileVerdict {
  const isTakenForNone = startedBy === 'runc' || runtime === 'crio' || runtime === 'podman';
  if (isTakenForNone) return { kind: 'no-filter', why };
  return { kind: 'refused', why: `${why}, and crun says: invalid seccomp action`, diagnostics: [] };
}

function dialectOf({ runtime, startedBy }: FileReader): Runtime {
  if (runtime !== 'containerd') return { name: runtime };
  return startedBy === 'runc' ? { name: 'containerd' } : { name: 'crun', behind: 'containerd' };
}

/** Whether rules lose what Docker's or Podman's keys say of them. */
function dropsKeys({ profile }: Judged, { runtime }: FileReader): boolean {
  const ofDocker =
    profile.rules.some(({ includes, excludes }) => includes || excludes) || profile.archMap.length > 0;
  return runtime === 'containerd' && ofDocker;
}
