import { ALLOW_WORD, actionOfWord, actionWord } from '../bpf/action.ts';
import type { Diagram, NodeId } from '../diagram/diagram.ts';

/**
 * What stacked filters decide together, the newest first: the lowest signed action wins, ties keep the newest filter's
 * data (kernel/seccomp.c: seccomp_run_filters). No filter at all allows everything.
 */
export function stackFilters(diagram: Diagram, newestFirst: readonly NodeId[]): NodeId {
  return newestFirst.reduce(
    (decided, older) =>
      diagram.combine(decided, older, (a, b) => (signedAction(b) < signedAction(a) ? b : a)),
    diagram.terminal(ALLOW_WORD),
  );
}

/**
 * The same decisions with every word replaced by the plainest one that the kernel treats alike: unknown actions kill
 * the process, only ERRNO, TRACE and TRAP have data, an errno above 4095 counts as 4095 (__seccomp_filter).
 */
export function plainWords(diagram: Diagram, root: NodeId): NodeId {
  return diagram.map(root, plainWord);
}

const MAX_ERRNO = 4095;

function plainWord(word: number): number {
  const { kind, data } = actionOfWord(word);
  if (kind === 'ERRNO') return actionWord({ kind, data: Math.min(data, MAX_ERRNO) });
  return actionWord({ kind, data: kind === 'TRACE' || kind === 'TRAP' ? data : 0 });
}

/** ACTION_ONLY: the action half of a word, as a signed number. */
function signedAction(word: number): number {
  return (word & 0xffff_0000) | 0;
}
