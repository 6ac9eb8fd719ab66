import * as v from 'valibot';
import { type Diagnostic, error, type Result } from '../diagnostics/diagnostic.ts';
import { CAPABILITIES, type Capability } from '../profile/capabilities.ts';
import { readJson } from '../source/read-json.ts';
import { quote } from '../source/tree.ts';
import { writeIndentedJson, writeJson } from '../source/write-json.ts';
import { ABI_NAMES, type AbiName, abiOf } from '../syscalls/arch.ts';

/**
 * When in a workload's life a call was made. runtime: by the container runtime, between the loading of the container's filter
 * and its execve; startup, steady, shutdown: by the workload before it first waited for events, from then on, and once it was
 * to end; exec: by a process that joined it later (docker exec), the runtime's part included; run: by a workload that never
 * waited, and wherever the source cannot tell.
 */
export const PHASES = ['runtime', 'startup', 'steady', 'shutdown', 'run', 'exec'] as const;
export type Phase = (typeof PHASES)[number];

/** How often a workload made one system call in one phase: one for each ABI, number and phase. */
export interface Observation {
  readonly arch: AbiName;
  /** As seccomp_data has it, x32's bit 30 included. */
  readonly nr: number;
  /** "" for a number that the tables do not know. */
  readonly name: string;
  /** Calls that reached the kernel. */
  readonly count: number;
  readonly phase: Phase;
  /** Calls that a filter turned away before. */
  readonly denied: number;
  /** The source tells only the name or the number; the ABI, and what follows from it, is an assumption. */
  readonly assumed?: boolean;
  /** Who made the call first, and when, where the source tells. */
  readonly first?: FirstSeen;
  /**
   * The values that were passed where arguments matter (worthwhile-arguments.ts), each tuple once; unsigned, decimal, null
   * where not known.
   */
  readonly args?: readonly SeenArguments[];
}

/** The first of a call's appearances. */
export interface FirstSeen {
  /** comm of the process; up to 15 bytes, chosen by the process itself. */
  readonly process?: string;
  /** ISO 8601 from recorders, as it stood there from logs. */
  readonly time?: string;
}

export interface SeenArguments {
  readonly values: readonly (string | null)[];
  readonly count: number;
}

/** What a recording may lack of a workload's life: how it starts, how it ends. */
export const LIFE_PARTS = ['startup', 'shutdown'] as const;
export type LifePart = (typeof LIFE_PARTS)[number];

/** What a workload did, and how much of it the recorder may have missed. */
export interface Recording {
  readonly schema: typeof RECORDING_SCHEMA;
  readonly machine: RecordedMachine;
  /** The recorder that wrote it, such as "ebpf". */
  readonly recorder: string;
  readonly command: readonly string[];
  /** ISO 8601, UTC; when the program was started. */
  readonly started: string;
  readonly runs: number;
  /** Calls that the recorder knows it lost. */
  readonly lost: number;
  /** How often a process went where the recorder may not have seen it, such as another cgroup. */
  readonly left: number;
  /** Calls whose ABI the source could not tell. */
  readonly ambiguous: number;
  /** false: the recorder could not count denied calls. */
  readonly countsDenied: boolean;
  /** startup: it ran before; shutdown: it went on, or was killed. */
  readonly lacks: readonly LifePart[];
  /** What else the recorder or the log's reader has to say. */
  readonly notes: readonly string[];
  readonly observations: readonly Observation[];
}

export interface RecordedMachine {
  readonly arch: AbiName;
  /** uname -r. */
  readonly kernel: string;
  /** Whether the workload ran in a container, where the recorder knows. */
  readonly container?: boolean;
  /** What a container's first process and its children could have at most, where the recorder knows. */
  readonly capabilities?: readonly Capability[];
}

export const RECORDING_SCHEMA = 'callgate-recording/1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const u32 = v.pipe(count, v.maxValue(0xffffffff));
const decimal = v.pipe(
  v.string(),
  v.regex(/^\d{1,20}$/),
  v.check((text) => !/^\d+$/.test(text) || BigInt(text) <= 0xffff_ffff_ffff_ffffn, 'does not fit 64 bits'),
);
const abi = v.picklist(ABI_NAMES);
/** What a recording's document must be. */
export const recordingSchema = v.object({
  schema: v.literal(RECORDING_SCHEMA),
  machine: v.object({
    arch: abi,
    kernel: v.string(),
    container: v.optional(v.boolean()),
    capabilities: v.optional(v.array(v.picklist(CAPABILITIES))),
  }),
  recorder: v.optional(v.string(), 'unknown'),
  command: v.optional(v.array(v.string()), []),
  started: v.optional(v.string(), ''),
  runs: count,
  lost: count,
  left: v.optional(count, 0),
  ambiguous: count,
  countsDenied: v.optional(v.boolean(), false),
  lacks: v.optional(v.array(v.picklist(LIFE_PARTS)), []),
  notes: v.optional(v.array(v.string()), []),
  observations: v.array(
    v.object({
      arch: abi,
      nr: u32,
      name: v.string(),
      count,
      phase: v.optional(v.picklist(PHASES), 'run'),
      denied: count,
      assumed: v.optional(v.boolean()),
      first: v.optional(v.object({ process: v.optional(v.string()), time: v.optional(v.string()) })),
      args: v.optional(v.array(v.object({ values: v.array(v.nullable(decimal)), count }))),
    }),
  ),
});

/**
 * Reads a recording that `record -o` wrote.
 * @example
 * ```js
 * import { parseRecording } from '@callgate/engine/build';
 * parseRecording('{}').diagnostics[0].code; // → 'not-a-recording'
 * ```
 */
export function parseRecording(text: string): Result<Recording> {
  const syntax = readJson(text);
  if (!syntax.value) return { diagnostics: syntax.diagnostics };
  const result = v.safeParse(recordingSchema, JSON.parse(text));
  if (result.success) return { value: result.output, diagnostics: [] };
  return { diagnostics: result.issues.slice(0, 1).map(notARecording) };
}

function notARecording({ input, expected, ...issue }: v.BaseIssue<unknown>): Diagnostic {
  const at = quote(v.getDotPath({ input, expected, ...issue }) ?? 'the document').slice(1, -1);
  const what = input === undefined ? 'is missing' : `is ${described(input)}`;
  return error(
    'not-a-recording',
    `${at} ${what}${expected && input !== undefined ? `, not ${expected}` : ''}`,
    { start: 0, end: 0 },
    'write one with: callgate record -o FILE -- CMD',
  );
}

function described(input: unknown): string {
  if (typeof input === 'string') return quote(input);
  if (input === null) return 'null';
  if (typeof input === 'object') return Array.isArray(input) ? 'an array' : 'an object';
  return typeof input === 'number' && !Number.isFinite(input) ? 'too large a number' : String(input);
}

/** The recording as JSON text, an observation a line; ends in a newline. */
export function stringifyRecording(recording: Recording): string {
  const { observations, ...head } = recording;
  const lines = observations.map((o) => `    ${writeJson(o)}`);
  return `${writeIndentedJson(head).slice(0, -2)},\n  "observations": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** Whether a text is a recording, by how it begins: its schema is its first key. */
export function looksLikeRecording(head: string): boolean {
  return /^\s*\{\s*"schema"\s*:\s*"callgate-recording\//.test(head);
}

/** How often a recorded workload made each call, denied ones included: weights for the compiler. */
export function weightsOf(recording: Recording): { arch: number; nr: number; weight: number }[] {
  return recording.observations.map(({ arch, nr, count, denied }) => ({
    arch: abiOf(arch).auditArch,
    nr,
    weight: count + denied,
  }));
}

/** Whether a workload ran in a container: its recorder says so, or calls of a container's runtime are among those recorded. */
export function isOfContainer({ machine, observations }: Recording): boolean {
  return machine.container ?? observations.some(({ phase }) => phase === 'runtime' || phase === 'exec');
}

/** What the containers of recordings could have at most, all together; undefined where no recorder knew. */
export function recordedCapabilities(recordings: readonly Recording[]): readonly Capability[] | undefined {
  const known = recordings.flatMap(({ machine: { capabilities } }) => (capabilities ? [capabilities] : []));
  return known.length === 0
    ? undefined
    : CAPABILITIES.filter((name) => known.some((set) => set.includes(name)));
}

/** Whether it shows a container, but not what its runtime called under the filter before the workload began. */
export function lacksRuntime(recording: Recording): boolean {
  return isOfContainer(recording) && !recording.observations.some(({ phase }) => phase === 'runtime');
}
