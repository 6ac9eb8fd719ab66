import { callLabel } from '@callgate/engine/internal/report/call';
import type { CheckOutcome } from '@callgate/engine/internal/report/test-report';
import { listed } from '@callgate/engine/internal/report/words';
import { thisMachine } from '../machine.ts';
import { endWords } from './end-words.ts';
import type { AttackTrial, AttackWay, WayEnd, WayTrial } from './trial.ts';

type Verdict = Pick<CheckOutcome, 'state' | 'confined' | 'control' | 'credit' | 'why' | 'details'>;

/**
 * What attacks that were tried say of a profile. Refused without it as well is no merit of the profile: then it counts what the
 * profile would do by its own meaning. Calls that this kernel does not have are left out, where it has others.
 */
export function judgeAttack(trials: readonly AttackTrial[], denies: (way: AttackWay) => boolean): Verdict {
  const all = trials.flatMap((trial) => trial.ways);
  const here = all.filter(({ control }) => !isAbsent(control));
  const ways = here.length > 0 ? here : all;
  const ends = {
    confined: summary(ways.map(({ confined }) => confined)),
    control: summary(ways.map(({ control }) => control)),
    details: details(trials, ways),
  };
  const untried = ways.filter(({ confined }) => confined.kind === 'untried');
  const open = ways.filter((way) => way.credit === 'none' && !untried.includes(way));
  const stopped = ways.filter(({ credit }) => credit === 'profile');
  if (open.length > 0) {
    const found = trials.filter((trial) => trial.ways.some((way) => open.includes(way)));
    const names = found.map(({ attack }) => attack.id);
    const what = trials.length > 1 ? listed(names, MOST_LABELS) : `${passing(open)}${though(stopped)}`;
    return { ...ends, details: details(found, ways), state: 'failed', credit: 'none', why: `open: ${what}` };
  }
  if (untried.length > 0) {
    const why = `${labels(untried)} could not be tried: ${whyUntried(untried)}`;
    return { ...ends, state: 'not run', credit: 'none', why };
  }
  const byKernel = ways.filter(({ credit }) => credit === 'kernel');
  const passed = byKernel.filter(({ way }) => !denies(way));
  const isHere = here.length > 0;
  if (passed.length > 0) {
    const who = isHere
      ? 'only the kernel refuses it, with or without the profile'
      : 'this kernel has no such call';
    return {
      ...ends,
      state: 'failed',
      credit: 'kernel',
      why: `${who}; the profile lets ${labels(passed)} pass`,
    };
  }
  if (stopped.length > 0)
    return { ...ends, state: 'passed', credit: 'profile', why: 'denied by the profile' };
  const anyway = isHere
    ? 'the kernel refuses it without the profile as well'
    : 'this kernel has no such call anyway';
  return { ...ends, state: 'passed', credit: 'kernel', why: `denied by the profile; ${anyway}` };
}

/** A call that the kernel does not have, on an ABI that it does not serve or since it is too old. */
function isAbsent(control: WayEnd): boolean {
  return control.kind === 'returned' && control.result === -ENOSYS;
}

function passing(ways: readonly WayTrial[]): string {
  const names = labelsOf(ways);
  return `${listed(names, MOST_LABELS)} ${names.length === 1 ? 'passes' : 'pass'}`;
}

/** Other ABIs are worth a word only where the machine's own is closed. */
function though(stopped: readonly WayTrial[]): string {
  const native = thisMachine().abi.name;
  const names = labelsOf(stopped.filter(({ way }) => way.abi === native));
  if (names.length === 0) return '';
  return `, though ${listed(names, MOST_LABELS)} ${names.length === 1 ? 'is' : 'are'} denied`;
}

/**
 * What a call that was made says: stopped by the profile where it ends in another way without it. Where both refuse it, the two
 * cannot be told apart by how it ends, and what counts is whether the profile denies it by its own meaning.
 */
export function judgeCall(
  { way, confined, control }: WayTrial,
  expected: 'denied' | 'allowed',
  denies: (way: AttackWay) => boolean,
): Verdict {
  const [under, without] = [endWords(confined), endWords(control)];
  const ends = { confined: under, control: without };
  const untried = [confined, control].find((end) => end.kind === 'untried');
  if (untried?.kind === 'untried')
    return {
      ...ends,
      state: 'not run',
      credit: 'none',
      why: `${label(way)} could not be tried: ${untried.why}`,
    };
  const isDenied = denies(way);
  const isSame = under === without;
  const isFree = isSame ? !(isRefusal(confined) && isDenied) : !isDenied && isAnswer(confined);
  const seen = isSame ? under : `${under}; ${without} without the profile`;
  if (expected === 'allowed') {
    if (isFree) return { ...ends, state: 'passed', credit: 'none', why: `it gets to the kernel: ${seen}` };
    const credit = isRefusal(control) ? 'kernel' : 'profile';
    const why = isRefusal(control)
      ? `the profile denies it; the kernel refuses it without the profile as well: ${without}`
      : `the profile denies it: ${under}, and ${without} without it`;
    return { ...ends, state: 'failed', credit, why };
  }
  if (!isFree)
    return isRefusal(control)
      ? {
          ...ends,
          state: 'passed',
          credit: 'kernel',
          why: `denied by the profile; ${refusedAnyway(control)}`,
        }
      : { ...ends, state: 'passed', credit: 'profile', why: 'denied by the profile' };
  return isSame && isRefusal(confined)
    ? {
        ...ends,
        state: 'failed',
        credit: 'kernel',
        why: `only the kernel refuses it, with or without the profile (${under}); the profile lets it pass`,
      }
    : { ...ends, state: 'failed', credit: 'none', why: `open: it gets to the kernel (${seen})` };
}

function refusedAnyway(control: WayEnd): string {
  return isAbsent(control)
    ? 'this kernel has no such call anyway'
    : 'the kernel refuses it without the profile as well';
}

const SIGSYS = 31;
const ENOSYS = 38n;
/** EPERM, EACCES, ENOSYS: what a call answers that somebody may not make, or that there is not. */
const REFUSALS = [1, 13, 38];

/**
 * Whether it is the kernel's answer and no filter's: one and the same call may answer in another way without the profile, such as
 * one that waits for as long as it is let, or one that ends its process.
 */
function isAnswer(end: WayEnd): boolean {
  if (end.kind === 'signal') return end.signal !== SIGSYS;
  return end.kind === 'ended' || (end.kind === 'returned' && !isRefusal(end));
}

function isRefusal(end: WayEnd): boolean {
  return end.kind === 'returned' && REFUSALS.includes(Number(-end.result));
}

const MOST_LABELS = 4;

function labels(ways: readonly WayTrial[]): string {
  return listed(labelsOf(ways), MOST_LABELS);
}

/** Each call once: with its ABI only where the machine's own is not meant as well. */
function labelsOf(ways: readonly WayTrial[]): string[] {
  const native = thisMachine().abi.name;
  const isNative = (syscall: string) => ways.some(({ way }) => way.abi === native && way.syscall === syscall);
  const told = ways.filter(({ way }) => way.abi === native || !isNative(way.syscall));
  return [...new Set(told.map(({ way }) => label(way)))];
}

function label({ abi, nr }: AttackWay): string {
  return callLabel(abi, nr, thisMachine().abi.name);
}

function whyUntried(ways: readonly WayTrial[]): string {
  const [end] = ways.map(({ confined }) => confined);
  return end.kind === 'untried' ? end.why : '';
}

/** All ends in a few words, the most frequent first. */
function summary(ends: readonly WayEnd[]): string {
  const counts = new Map<string, number>();
  for (const text of ends.map(endWords)) counts.set(text, (counts.get(text) ?? 0) + 1);
  return listed(
    [...counts].sort(([, a], [, b]) => b - a).map(([text]) => text),
    3,
  );
}

/** A line for all calls that ended alike. */
function details(trials: readonly AttackTrial[], told: readonly WayTrial[]): string[] {
  return trials.flatMap(({ attack, ways }) => {
    const of = trials.length > 1 ? `${attack.id}: ` : '';
    const alike = new Map<string, WayTrial[]>();
    for (const way of ways.filter((one) => told.includes(one))) {
      const [under, without] = [endWords(way.confined), endWords(way.control)];
      const ends =
        under === without ? `${under}, as without the profile` : `${under}, without the profile ${without}`;
      alike.set(ends, [...(alike.get(ends) ?? []), way]);
    }
    return [...alike].map(
      ([ends, same]) =>
        `${of}${listed([...new Set(same.map(({ way }) => label(way)))], MOST_IN_DETAILS)}: ${ends}`,
    );
  });
}

/** More than any attack has, so that all of them are told. */
const MOST_IN_DETAILS = 40;
