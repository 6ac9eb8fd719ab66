import type { HeardCall } from '../logs/log-tally.ts';
import { LogStream } from '../logs/read-log.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { nameOf, numberOf } from '../syscalls/lookup.ts';
import type { DeniedCall, Outcome } from './denied-call.ts';

/** What a log tells of denied calls. */
export interface DenialsInLog {
  /** The format that it is in, in words. */
  readonly format: string;
  /** Each call once for each program that made it and each way in which it ended, the first that was told of first. */
  readonly calls: readonly DeniedCall[];
  /** Denials beyond those that are kept. */
  readonly more: number;
}

/** Different ones: nobody reads more. */
const MOST_CALLS = 200;
/** These tell of denials and nothing else, though not of how each ended. */
const OF_DENIALS = new Set(['spo']);
/** What may stand before a record that somebody passes on. */
const LONGEST_PREFIX = 2048;
/** Where a record begins in the text of somebody who passes it on. */
const RECORD_START = /\btype=(?:1326|SECCOMP) (?:msg=)?audit\(/;

/** Collects denied calls, and sums up those that are alike. */
class Denials {
  more = 0;
  private readonly machine: AbiName;
  private readonly calls = new Map<string, DeniedCall>();
  private readonly others: HeardCall[] = [];

  constructor(machine: AbiName) {
    this.machine = machine;
  }

  hear(call: HeardCall): void {
    if (call.denied || call.action !== undefined) this.add(call);
    else if (this.others.length < MOST_CALLS) this.others.push(call);
  }

  /** The calls; of a format that tells of denials alone, all that it told of. */
  result(format: string): readonly DeniedCall[] {
    if (OF_DENIALS.has(format)) for (const call of this.others) this.add(call);
    return [...this.calls.values()];
  }

  private add(heard: HeardCall): void {
    const call = deniedCall(heard, this.machine);
    if (!call) return;
    const { arch, nr, outcome, program } = call;
    const key = [arch, nr, JSON.stringify(outcome), program.comm, program.exe].join('\0');
    const known = this.calls.get(key);
    if (!known && this.calls.size >= MOST_CALLS) this.more += 1;
    else this.calls.set(key, known ? { ...known, times: known.times + 1 } : call);
  }
}

/** The denials that a log of any format tells of; undefined where it is in none that callgate knows. Latin1, a byte a character. */
export function denialsInLog(text: string, machine: AbiName): DenialsInLog | undefined {
  const whole = read(text, machine);
  if (whole && whole.calls.length > 0) return whole;
  const lines = text.split('\n').flatMap((line) => {
    const start = RECORD_START.exec(line.slice(0, LONGEST_PREFIX));
    return start ? [line.slice(start.index)] : [];
  });
  return lines.length > 0 ? (read(lines.join('\n'), machine) ?? whole) : whole;
}

function read(text: string, machine: AbiName): DenialsInLog | undefined {
  const denials = new Denials(machine);
  const stream = new LogStream({ machine, listener: (call) => denials.hear(call) });
  stream.push(text.endsWith('\n') ? text : `${text}\n`);
  const end = stream.end();
  if (!end) return undefined;
  const calls = denials.result(end.format.id);
  return { format: end.format.about, calls, more: denials.more };
}

function deniedCall(heard: HeardCall, machine: AbiName): DeniedCall | undefined {
  const { process, exe, pid, ip, time } = heard;
  const place = placeOf(heard, machine);
  if (!place) return undefined;
  return {
    ...place,
    name: nameOf(place.arch, place.nr) ?? String(place.nr),
    outcome: outcomeOf(heard),
    times: 1,
    program: {
      ...(process !== undefined && { comm: process }),
      ...(exe !== undefined && { exe }),
      ...(pid !== undefined && { pid }),
      ...(ip !== undefined && { ip }),
    },
    ...(time !== undefined && { time }),
  };
}

function outcomeOf({ action }: HeardCall): Outcome {
  return action === undefined ? { kind: 'unknown' } : { kind: 'action', action };
}

/** What does not tell the ABI is taken for the machine's own, or the first of its others that has such a call. */
function placeOf(
  { arch, nr, name }: HeardCall,
  machine: AbiName,
): Pick<DeniedCall, 'arch' | 'nr'> | undefined {
  if (arch !== undefined && nr !== undefined) return { arch, nr };
  if (name === undefined) return nr === undefined ? undefined : { arch: machine, nr };
  for (const abi of arch === undefined ? [machine, ...abiOf(machine).subAbis] : [arch]) {
    const number = numberOf(abi, name);
    if (number !== undefined) return { arch: abi, nr: number };
  }
  return undefined;
}
