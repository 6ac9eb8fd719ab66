import type { Duplex } from 'node:stream';
import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { thisMachine } from '../machine.ts';
import { bytesOf, failedStart, startProgram, wordsIn } from './start-program.ts';
import { type CallEnd, readEnds, type TrialOptions, trialProgram } from './trial-program.ts';

/** A system call to make under a filter, or under none. */
export interface CallTrial {
  readonly filter?: Program;
  /** Installed before that one, the oldest first. */
  readonly older?: readonly Program[];
  /** SECCOMP_FILTER_FLAG_* for all of them. */
  readonly flags?: number;
  readonly nr: number;
  readonly args: readonly bigint[];
  /** Made as i386 programs make theirs; on x86_64 alone. */
  readonly gate?: 'x86';
}

/** How many calls one process is told to make. */
const AT_ONCE = 256;

/**
 * Makes each call in a process of its own, under its filter; how each ended, in their order. Arguments may point into
 * `constants`, which lie at CONSTANTS_AT there; with `rights` they are made without any others that callgate has.
 */
export async function tryCalls(trials: readonly CallTrial[], options: TrialOptions = {}): Promise<CallEnd[]> {
  const ends: CallEnd[] = [];
  for (let i = 0; i < trials.length; i += AT_ONCE)
    ends.push(...(await tryAtOnce(trials.slice(i, i + AT_ONCE), options)));
  return ends;
}

async function tryAtOnce(trials: readonly CallTrial[], options: TrialOptions): Promise<CallEnd[]> {
  const { endian } = thisMachine().abi;
  const plans = trials.map((trial) => {
    return {
      ...trial,
      filter: trial.filter && encodeProgram(trial.filter, endian),
      older: trial.older?.map((program) => encodeProgram(program, endian)),
    };
  });
  const child = startProgram((nr, wordSize) => trialProgram(plans, nr, wordSize, options), {
    stdio: 'ignore',
  });
  if (child.pid === undefined) throw await failedStart(child);
  return readEnds(wordsIn(await bytesOf(child.stdio[3] as Duplex)), trials.length);
}
