import type { Action } from '@callgate/engine/internal/bpf/action';
import { Alternatives, type Conjunction, type Test, TooManyAlternatives } from './alternatives.ts';
import { type CargoCall, sameAction } from './cargo-calls.ts';

/** For a list that can only say when a call passes: when that is, and what it gets otherwise. */
export interface Passing {
  /** Any one of them is enough. */
  readonly when: readonly Conjunction[];
  readonly otherwise: Action;
}

/** When a call gets one action; of the others the first is taken, and a test that is too large never holds. */
export function passingOf({ cases, otherwise }: CargoCall, pass: Action): Passing {
  const isPass = (action: Action) => sameAction(action, pass);
  const of = (wanted: boolean): Test => ({
    kind: 'any',
    of: cases
      .filter(({ action }) => isPass(action) === wanted)
      .map(({ conditions }) => ({
        kind: 'all',
        of: conditions.map((c): Test => ({ kind: 'compare', any: [c] })),
      })),
  });
  const test: Test = isPass(otherwise) ? { kind: 'not', of: of(false) } : of(true);
  const other = cases.find(({ action }) => !isPass(action))?.action;
  return { when: alternativesOrNone(test), otherwise: isPass(otherwise) ? (other ?? otherwise) : otherwise };
}

function alternativesOrNone(test: Test): readonly Conjunction[] {
  try {
    return new Alternatives().of(test);
  } catch (fault) {
    if (!(fault instanceof TooManyAlternatives)) throw fault;
    return [];
  }
}
