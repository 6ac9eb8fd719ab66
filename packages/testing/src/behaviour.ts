import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionOfWord } from '@callgate/engine/internal/bpf/action';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { parseKernel } from '@callgate/engine/internal/profile/profile';
import { formatAction } from '@callgate/engine/internal/report/action';
import { parseRelease, type RuntimeName, type Target } from '@callgate/engine/internal/runtime/target';
import { type Abi, type AbiName, abiOf, findAbi } from '@callgate/engine/internal/syscalls/arch';
import { parseArgument } from '@callgate/engine/internal/syscalls/arguments';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';

const PROFILES = join(import.meta.dirname, '../../../test/fixtures/profiles');

/** What behaviour rows are stated for: an x86_64 machine with Linux 6.18, no capabilities. */
const TARGET: Target = {
  native: 'x86_64',
  kernel: { major: 6, minor: 18 },
  capabilities: [],
};

/** One row: this call must get this answer. */
interface BehaviourRow {
  readonly text: string;
  readonly abi: Abi;
  readonly nr: number;
  readonly args: readonly bigint[];
  /** As formatAction writes it. */
  readonly wanted: string;
}

/** The rows of a profile on one target. */
export interface Fixture {
  readonly name: string;
  readonly target: Target;
  readonly policy: Policy;
  readonly program: Program;
  readonly rows: readonly BehaviourRow[];
}

/** A profile and a target on which its runtime refuses it. */
export interface Refusal {
  readonly name: string;
  readonly text: string;
  readonly target: Target;
}

export function fixtureText(name: string): string {
  return readFileSync(join(PROFILES, `${name}.json`), 'utf8');
}

/** The names of all profiles of test/fixtures/profiles. */
export function fixtureNames(): string[] {
  return readdirSync(PROFILES)
    .filter((file) => file.endsWith('.rows'))
    .map((file) => file.replace(/\.rows$/, ''));
}

/**
 * A profile of test/fixtures/profiles and the rows beside it. A row is `ABI CALL ARGS… -> ACTION`, or `refused`; a
 * line such as `@ runtime=crun native=aarch64 arch=x86,x32 caps=CAP_X kernel=4.7` is the target of those that follow.
 */
export function loadFixture(name: string): { fixtures: Fixture[]; refusals: Refusal[] } {
  const text = fixtureText(name);
  const fixtures: Fixture[] = [];
  const refusals: Refusal[] = [];
  let target = TARGET;
  let label = name;
  let rows: BehaviourRow[] | undefined;
  for (const line of readFileSync(join(PROFILES, `${name}.rows`), 'utf8').split('\n')) {
    if (!line.trim() || line.startsWith('#')) continue;
    if (line.startsWith('@')) {
      target = parseTarget(line.slice(1).trim());
      label = `${name} ${line}`;
      rows = undefined;
    } else if (line.trim() === 'refused') {
      refusals.push({ name: label, text, target });
    } else {
      if (!rows) {
        rows = [];
        const policy = lowerText(text, target);
        const program = compilePolicy(policy).program;
        fixtures.push({ name: label, target, policy, program, rows });
      }
      rows.push(parseRow(line));
    }
  }
  return { fixtures, refusals };
}

function parseTarget(text: string): Target {
  const parts = new Map(text.split(/\s+/).map((part) => part.split('=', 2) as [string, string]));
  const list = (key: string) => parts.get(key)?.split(',').filter(Boolean);
  const [runtime, release] = parts.get('runtime')?.split('@') ?? [];
  return {
    native: (parts.get('native') as AbiName | undefined) ?? TARGET.native,
    abis: list('arch') as AbiName[] | undefined,
    kernel: parseKernel(parts.get('kernel') ?? '') ?? TARGET.kernel,
    capabilities: list('caps') ?? [],
    runtime: runtime
      ? { name: runtime as RuntimeName, release: release ? parseRelease(release) : undefined }
      : undefined,
  };
}

/** The policy of a profile's text on TARGET, or another target. */
export function lowerText(text: string, target: Partial<Target> = {}): Policy {
  const parsed = parseProfile(text, { unknownNames: 'skip' });
  if (!parsed.value) throw new Error(parsed.diagnostics[0].message);
  const lowered = lowerProfile(parsed.value, { ...TARGET, ...target });
  if (!lowered.value) throw new Error(lowered.diagnostics.find((d) => d.severity === 'error')!.message);
  return lowered.value;
}

/** A filter's answer as rows write it. */
export function answer(word: number | undefined): string {
  if (word === undefined) return 'executed';
  const { kind, data } = actionOfWord(word);
  return formatAction(kind, data);
}

/** A row such as `x86_64 socket AF_UNIX -> ERRNO(EPERM)`. */
export function parseRow(line: string): BehaviourRow {
  const [call, wanted] = line.split('->').map((part) => part.trim());
  const [abiName, name, ...args] = call.split(/\s+/);
  const abi = abiOf(findAbi(abiName)!.name);
  const nr =
    /^(0x)?[0-9a-f]+$/i.test(name) && !Number.isNaN(Number(name)) ? Number(name) : numberOf(abi.name, name);
  if (nr === undefined) throw new Error(`${line}: ${abiName} has no ${name}`);
  const values = args.map((text) => parseArgument(text)!);
  while (values.length < 6) values.push(0n);
  return { text: line, abi, nr, args: values, wanted };
}
