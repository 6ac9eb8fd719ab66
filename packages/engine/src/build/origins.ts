import * as v from 'valibot';
import { PHASES } from '../recording/recording.ts';
import { readJson } from '../source/read-json.ts';
import { writeJson } from '../source/write-json.ts';
import type { Reason } from './demand.ts';
import type { Synthesis } from './synthesize.ts';

/** Beside a built profile: for each of its calls why it is in. */
export interface Origins {
  readonly schema: typeof ORIGINS_SCHEMA;
  /** How many runs the profile rests on. */
  readonly runs: number;
  readonly calls: Readonly<Record<string, readonly Reason[]>>;
}

export const ORIGINS_SCHEMA = 'callgate-origins/1';

/** Numbers of runs and calls. */
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const names = v.array(v.string());
const reason = v.variant('kind', [
  v.object({
    kind: v.literal('seen'),
    count: whole,
    runs: whole,
    phases: v.array(v.picklist(PHASES)),
    process: v.optional(v.string()),
    time: v.optional(v.string()),
  }),
  v.object({ kind: v.literal('base'), why: v.string() }),
  v.object({ kind: v.literal('floor'), runtime: v.string(), why: v.string() }),
  v.object({ kind: v.literal('projection'), from: names, why: v.string() }),
  v.object({ kind: v.literal('forecast'), from: names, why: v.string() }),
  v.object({ kind: v.literal('hand'), why: v.string() }),
]);
const origins = v.object({
  schema: v.literal(ORIGINS_SCHEMA),
  runs: whole,
  calls: v.pipe(
    v.custom<object>((value) => typeof value === 'object' && !Array.isArray(value)),
    v.record(v.string(), v.array(reason)),
  ),
});

/** Where the origins of a profile lie: web.json has web.callgate.json. */
export function originsFile(profile: string): string {
  return profile.replace(/(?:\.json|\.ya?ml)?$/, '.callgate.json');
}

/** The sidecar's text; ends in a newline. */
export function stringifyOrigins({ reasons }: Synthesis, runs: number): string {
  const calls = [...reasons].map(([name, list]) => `    ${writeJson(name)}: ${writeJson(list)}`);
  return `{\n  "schema": "${ORIGINS_SCHEMA}",\n  "runs": ${runs},\n  "calls": {\n${calls.join(',\n')}\n  }\n}\n`;
}

/** Reads a sidecar; undefined when it is none. */
export function parseOrigins(text: string): Origins | undefined {
  if (!readJson(text).value) return undefined;
  const result = v.safeParse(origins, JSON.parse(text));
  return result.success ? result.output : undefined;
}
