import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { nameOf, numberOf } from '../syscalls/lookup.ts';
import type { LogContents, LoggedCall } from './log-tally.ts';
import { type Observation, RECORDING_SCHEMA, type Recording } from './observation.ts';

/** What a log is taken for. */
export interface LogOrigin {
  /** The format's id; it stands as the recorder. */
  readonly format: string;
  /** The ABI that calls are assumed to be made on where the log does not tell. */
  readonly machine: AbiName;
  /** uname -r of the machine that wrote the log; "" when unknown. */
  readonly kernel: string;
}

/** A log as a recording: a call whose ABI is not known is marked, counted as ambiguous, and put on the machine's own. */
export function recordingOfLog(contents: LogContents, origin: LogOrigin): Recording {
  const observations: Observation[] = [];
  const homeless: string[] = [];
  let ambiguous = 0;
  for (const call of contents.calls) {
    const observation = observationOf(call, origin.machine);
    if (!observation) homeless.push(call.name!);
    else {
      observations.push(observation);
      if (observation.assumed) ambiguous += call.executed + call.denied;
    }
  }
  const unread = contents.unread > 0 ? [`${contents.unread} lines were not understood`] : [];
  const nowhere = homeless.length > 0 ? [`${origin.machine} has no ${homeless.join(', ')}: left out`] : [];
  return {
    schema: RECORDING_SCHEMA,
    machine: { arch: origin.machine, kernel: origin.kernel },
    recorder: origin.format,
    command: [],
    started: '',
    runs: 1,
    lost: contents.lost,
    left: 0,
    ambiguous,
    countsDenied: observations.some((o) => o.denied > 0),
    notes: [...contents.notes, ...unread, ...nowhere],
    observations: observations.sort((a, b) => (a.arch === b.arch ? a.nr - b.nr : a.arch < b.arch ? -1 : 1)),
  };
}

/** Undefined for a name that no ABI of the machine has. */
function observationOf(call: LoggedCall, machine: AbiName): Observation | undefined {
  const place = call.arch === undefined ? assumedPlace(call, machine) : { arch: call.arch, nr: call.nr! };
  if (!place) return undefined;
  const { process, time } = call;
  return {
    ...place,
    name: nameOf(place.arch, place.nr) ?? '',
    count: call.executed,
    phase: 'run',
    denied: call.denied,
    ...(call.arch === undefined && { assumed: true }),
    ...((process || time) && { first: { ...(process && { process }), ...(time && { time }) } }),
    ...(call.args && {
      args: call.args.map(({ values, count }) => ({
        values: values.map((v) => v?.toString() ?? null),
        count,
      })),
    }),
  };
}

function assumedPlace({ name, nr }: LoggedCall, machine: AbiName) {
  if (nr !== undefined) return { arch: machine, nr };
  for (const arch of [machine, ...abiOf(machine).subAbis]) {
    const found = numberOf(arch, name!);
    if (found !== undefined) return { arch, nr: found };
  }
  return undefined;
}
