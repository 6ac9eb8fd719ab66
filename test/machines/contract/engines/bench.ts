import { type Callgate, type Ended, said } from '../callgate.ts';
import type { EngineArea } from '../finding.ts';
import type { Host } from './engine.ts';

/** What the checks of one engine share. */
export interface Bench {
  readonly callgate: Callgate;
  readonly engine: EngineArea;
  readonly host: Host;
  /** The root file system of its containers. */
  readonly root: string;
  /** The file of a recording of the work outside of any container, by strace. */
  readonly outside: string;
}

/** One thing that must hold for every engine; it throws what is wrong. */
export interface Check {
  readonly name: string;
  /** @throws NotOffered, or what is wrong. */
  run(bench: Bench): Promise<void>;
}

/** It cannot be had with this engine, and why. */
export class NotOffered extends Error {}

/** Throws unless it holds. */
export function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

const MOST_TOLD = 300;

/** Runs callgate, and throws unless it ends with that status. */
export function ended(callgate: Callgate, args: readonly string[], status = 0): Ended {
  const result = callgate.run(...args);
  const told = result.stderr === '' ? `${said(result)}${result.stdout.slice(0, MOST_TOLD)}` : said(result);
  must(result.status === status, `callgate ${args.join(' ')}: ${told}`);
  return result;
}

/** No call of `wanted` is missing in `given`. */
export function mustHold(given: ReadonlySet<string>, wanted: Iterable<string>, who: string): void {
  const missing = [...wanted].filter((name) => !given.has(name));
  must(missing.length === 0, `${who} lacks ${missing.join(' ')}`);
}

/** Whether callgate offers something for this engine, by what it says itself. */
export function names(callgate: Callgate, verb: string, pattern: RegExp): boolean {
  return pattern.test(ended(callgate, [verb, '--help']).stdout.replaceAll(/\s+/g, ' '));
}

/** The work went as it does without callgate. */
export function mustWork({ status, stdout, stderr }: Ended, prints: string, how: string): void {
  must(
    status === 0 && stdout === prints,
    `${how}: status ${status}, ${stderr.trim() || `it printed "${stdout}"`}`,
  );
}
