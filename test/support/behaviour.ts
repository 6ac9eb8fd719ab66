import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '@callgate/engine/bpf/instruction';
import { compileDiagram } from '@callgate/engine/compile/compile';
import { actionOfWord } from '@callgate/engine/policy/action';
import { lowerProfile } from '@callgate/engine/policy/lower';
import type { Policy } from '@callgate/engine/policy/policy';
import type { Target } from '@callgate/engine/policy/target';
import { parseProfile } from '@callgate/engine/profile/parse';
import { formatAction } from '@callgate/engine/report/action';
import { type Abi, abiOf, findAbi } from '@callgate/engine/syscalls/arch';
import { parseArgument } from '@callgate/engine/syscalls/arguments';
import { numberOf } from '@callgate/engine/syscalls/lookup';

const PROFILES = join(import.meta.dirname, '../fixtures/profiles');

/** What behaviour rows are stated for: an x86_64 machine with Linux 6.18, no capabilities. */
const TARGET: Target = {
  native: 'x86_64',
  kernel: { major: 6, minor: 18 },
  capabilities: new Set(),
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

export interface Fixture {
  readonly name: string;
  readonly policy: Policy;
  readonly program: Program;
  readonly rows: readonly BehaviourRow[];
}

/** A profile of test/fixtures/profiles and the rows beside it: `ABI CALL ARGS… -> ACTION`, one a line. */
export function loadFixture(name: string): Fixture {
  const policy = lowerText(readFileSync(join(PROFILES, `${name}.json`), 'utf8'));
  const program = compileDiagram(policy.diagram, policy.root, policy.endian);
  const rows = readFileSync(join(PROFILES, `${name}.rows`), 'utf8')
    .split('\n')
    .filter((line) => line.trim() && !line.startsWith('#'))
    .map(parseRow);
  return { name, policy, program, rows };
}

/** The policy of a profile's text on TARGET, or another target. */
export function lowerText(text: string, target: Partial<Target> = {}): Policy {
  const parsed = parseProfile(text, 'json');
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

function parseRow(line: string): BehaviourRow {
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
