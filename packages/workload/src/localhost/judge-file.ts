import type { Diagnostic, Target } from '@callgate/engine';
import type { Finding } from '@callgate/engine/internal/lint/finding';
import type { Judged, Usual } from '@callgate/engine/internal/lint/judged';
import { lintText } from '@callgate/engine/internal/lint/lint-text';
import { missingAtStart } from '@callgate/engine/internal/lint/missing-at-start';
import type { Runtime } from '@callgate/engine/internal/runtime/target';
import { readJson } from '@callgate/engine/internal/source/read-json';
import type { Tree } from '@callgate/engine/internal/source/tree';
import type { NodeRuntime, StartedBy } from '../kubernetes/cluster-node.ts';

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
  const shape = shapeOf(tree);
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

type Shape =
  | { readonly kind: 'profile' }
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'no-object'; readonly why: string };

/** Whether Go finds a profile in it: it takes what it knows, in any case, and leaves everything else. */
function shapeOf(tree: Tree): Shape {
  if (tree.kind === 'null') return { kind: 'none', why: 'it is null' };
  if (tree.kind !== 'object') return { kind: 'no-object', why: 'it is no JSON object' };
  const valueOf = (key: string) => tree.entries.find((entry) => entry.key.toLowerCase() === key)?.value;
  const action = valueOf('defaultaction');
  const syscalls = valueOf('syscalls');
  const hasAction = action !== undefined && action.kind !== 'null' && !isEmptyText(action);
  const hasRules = syscalls?.kind === 'array' && syscalls.items.length > 0;
  if (hasAction || hasRules) return { kind: 'profile' };
  return { kind: 'none', why: whatItIs(tree) };
}

function isEmptyText(tree: Tree): boolean {
  return tree.kind === 'string' && tree.value === '';
}

function whatItIs(tree: Tree & { kind: 'object' }): string {
  const has = (key: string) => tree.entries.some((entry) => entry.key === key);
  if (tree.entries.length === 0) return 'it is an empty object';
  if (has('apiVersion') && has('kind'))
    return 'it is an object of Kubernetes, and no profile: what is in its spec is not looked at';
  if (has('linux') || has('ociVersion'))
    return "it is a runtime's config.json, and no profile: linux.seccomp is not looked at";
  return 'it has neither defaultAction nor syscalls';
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
