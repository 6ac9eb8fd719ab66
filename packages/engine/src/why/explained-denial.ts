import { executes } from '../bpf/action.ts';
import type { ProfileText } from '../policy/text-meaning.ts';
import { compareKernels, parseKernel } from '../profile/profile.ts';
import { worthOf } from '../recording/worthwhile-arguments.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import type { Subject } from '../subject/subject.ts';
import { sinceOf } from '../syscalls/arguments.ts';
import type { DeniedCall } from './denied-call.ts';
import { type Judgement, judgeDenial } from './judge-denial.ts';
import { type Confinement, type OtherCause, otherCauses } from './other-causes.ts';
import { type SmallestChange, smallestChange } from './smallest-change.ts';
import { type Opening, whatItOpens } from './what-it-opens.ts';

/** A filter that can have answered, and the text that it was made from, where there is one. */
export interface SuspectFilter extends Subject {
  readonly text?: ProfileText;
}

/** A denial with everything that is known of it. */
export interface ExplainedDenial {
  readonly call: DeniedCall;
  readonly judgement: Judgement;
  /** The filter that answers so. */
  readonly filter?: SuspectFilter;
  /** What lets the call pass, and what else that does; undefined where nothing is to be changed or no change of one profile does. */
  readonly change?: SmallestChange & { readonly opening: Opening };
  /** What can have refused it, where no filter has. */
  readonly causes: readonly OtherCause[];
  /** Whether arguments would tell more: the filter decides by them, and they are not known. */
  readonly wantsArguments: boolean;
}

/** Explains one denial by the filters that can have answered; the first is the workload's own. */
export function explainDenial(
  call: DeniedCall,
  filters: readonly SuspectFilter[],
  confinement: Confinement,
): ExplainedDenial {
  const judgement = withKernel(judgeDenial(call, filters), call, confinement);
  const filter = judgement.filter === undefined ? undefined : filters[judgement.filter];
  const { verdict } = judgement;
  const isDenied = verdict !== undefined && !executes(verdict.action);
  const change =
    verdict && verdict.action !== 'ALLOW' && filter?.text ? smallestChange(filter.text, call) : undefined;
  return {
    call,
    judgement,
    ...(filter && { filter }),
    ...(change && {
      change: { ...change, opening: whatItOpens(filter!.text!, call, change, confinement.capabilities) },
    }),
    causes: judgement.by === 'not-seccomp' ? otherCauses(call, confinement) : [],
    wantsArguments:
      call.args === undefined &&
      (judgement.passing !== undefined || (isDenied && worthOf(call.name) !== undefined)),
  };
}

const EPERM = 1;

/** A kernel that has a call does not answer ENOSYS: a filter that nobody named did. */
function withKernel(
  judgement: Judgement,
  { name, outcome, isPlain }: DeniedCall,
  { kernel }: Confinement,
): Judgement {
  // Nor does any refuse a thread or a process for lack of a right.
  const isUnasked = isPlain && name === 'clone' && outcome.kind === 'errno' && outcome.errno === EPERM;
  if (isUnasked && judgement.by === 'not-seccomp') return { ...judgement, by: 'second-filter' };
  const isEnosys = outcome.kind === 'errno' && outcome.errno === ENOSYS;
  const since = parseKernel(sinceOf(name) ?? '');
  const isThere = kernel !== undefined && since !== undefined && compareKernels(since, kernel) <= 0;
  return judgement.by === 'not-seccomp' && isEnosys && isThere
    ? { ...judgement, by: 'second-filter' }
    : judgement;
}

/** Whether the call was made all the same: an action such as LOG was told of, or is what the filter answers. */
export function wasExecuted({ call: { outcome }, judgement: { verdict } }: ExplainedDenial): boolean {
  if (outcome.kind === 'action') return executes(outcome.action);
  return outcome.kind === 'unknown' && verdict !== undefined && executes(verdict.action);
}

/** Of several calls one of which was refused, the likeliest, and the others that are refused alike. */
export interface Likeliest {
  readonly denial: ExplainedDenial;
  readonly alike: readonly string[];
}

/** The first that a filter answers as it was told; where it answers none so, the first that it denies otherwise, else the first that passes. */
export function likeliest(all: readonly ExplainedDenial[]): Likeliest | undefined {
  const answered = all.filter(({ judgement: j }) => j.filter !== undefined && !j.isOtherwise);
  const otherwise = all.filter(({ judgement }) => judgement.isOtherwise);
  const passing = all.filter(({ judgement: { answers } }) =>
    answers.every(({ verdicts }) => verdicts.every(({ action }) => executes(action))),
  );
  const found = [answered, otherwise, passing].find((some) => some.length > 0);
  const [denial, ...others] = found ?? all;
  return denial && { denial, alike: answered.length > 0 ? others.map(({ call }) => call.name) : [] };
}
