import { type Observation, RECORDING_SCHEMA, type Recording } from '../recording/recording.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { nameOf, numberOf } from '../syscalls/lookup.ts';
import { type LogContents, type LoggedCall, plus } from './log-tally.ts';

/** Names in a note. */
const MOST_HOMELESS = 20;

/** What a log is taken for. */
export interface LogOrigin {
  /** The format's id; it stands as the recorder. */
  readonly format: string;
  /** The ABI that calls are assumed to be made on where the log does not tell. */
  readonly machine: AbiName;
  /** uname -r of the machine that wrote the log; "" when unknown. */
  readonly kernel: string;
}

/**
 * A log as a recording. A call whose ABI is not known is marked, counted as ambiguous, and put on the machine's own ABI, or
 * on the first other that the machine runs and that has its name. A name that none has is left out, and told in `notes`.
 */
export function recordingOfLog(contents: LogContents, origin: LogOrigin): Recording {
  const observations = new Map<string, Observation>();
  const homeless: string[] = [];
  let ambiguous = 0;
  for (const call of contents.calls) {
    const observation = observationOf(call, origin.machine);
    if (!observation) homeless.push(call.name!);
    else {
      const key = `${observation.arch} ${observation.nr}`;
      const before = observations.get(key);
      observations.set(key, before ? joined(before, observation) : observation);
      if (observation.assumed) ambiguous = plus(ambiguous, plus(call.executed, call.denied));
    }
  }
  const unread =
    contents.unread > 0
      ? [`${contents.unread} ${contents.unread === 1 ? 'line was' : 'lines were'} not understood`]
      : [];
  const nowhere =
    homeless.length > 0
      ? [
          `${origin.machine} has no ${homeless.slice(0, MOST_HOMELESS).join(', ')}${homeless.length > MOST_HOMELESS ? ' …' : ''}: left out`,
        ]
      : [];
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
    countsDenied: contents.calls.some((call) => call.denied > 0),
    lacks: [],
    notes: [...contents.notes, ...unread, ...nowhere],
    observations: [...observations.values()].sort((a, b) =>
      a.arch === b.arch ? a.nr - b.nr : a.arch < b.arch ? -1 : 1,
    ),
  };
}

/** The same call that a log has once by its number and once by its name. */
function joined(a: Observation, b: Observation): Observation {
  const args = [...(a.args ?? []), ...(b.args ?? [])];
  return {
    ...a,
    count: plus(a.count, b.count),
    denied: plus(a.denied, b.denied),
    ...(a.assumed && !b.assumed && b.count > 0 && { assumed: true }),
    ...(args.length > 0 && { args }),
  };
}

/** Undefined for a name that no ABI of the machine has. */
function observationOf(call: LoggedCall, machine: AbiName): Observation | undefined {
  const place = call.arch === undefined ? assumedPlace(call, machine) : { arch: call.arch, nr: call.nr! };
  if (!place) return undefined;
  const [process, time] = [call.process, call.time].map((text) => text && fromUtf8(text));
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

/** Logs are read byte by byte; what they say is UTF-8 more often than not. */
export function fromUtf8(bytes: string): string {
  try {
    return decodeURIComponent(bytes.replace(/[%\u0080-\u00ff]/g, (c) => `%${c.charCodeAt(0).toString(16)}`));
  } catch {
    return bytes;
  }
}
