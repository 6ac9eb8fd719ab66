import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { describe, expect, it } from 'vitest';

const MANIFESTS = join(import.meta.dirname, '../../testing/manifests');

/** From the mildest to the worst. */
const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
type Severity = (typeof SEVERITIES)[number];

/** What is true of one container; what is left out is not asked. */
interface ExpectedContainer {
  /** Kind/name; Kind/* where only the cluster knows the name. */
  readonly workload?: string;
  readonly namespace?: string;
  readonly container?: string;
  readonly type?: 'RuntimeDefault' | 'Localhost' | 'Unconfined' | 'NeverRuns' | 'Unknown';
  readonly profile?: string;
  readonly baseline?: boolean;
  readonly restricted?: boolean;
}

/** What is true of one document; manifests/README.md has the words. */
interface Expectation {
  readonly flags?: readonly string[];
  readonly status?: number;
  readonly containers: readonly ExpectedContainer[];
  readonly anyRowsOf?: readonly string[];
  readonly says?: readonly string[];
  readonly silent?: readonly string[];
  readonly findings?: 'none' | { readonly atLeast?: Severity; readonly atMost?: Severity };
}

interface AuditedContainer {
  readonly workload: string;
  readonly namespace?: string;
  readonly container: string;
  readonly effective: { readonly type: string; readonly profile?: string; readonly because: string };
  readonly baseline: boolean;
  readonly restricted: boolean;
}

interface Audited {
  readonly findings: readonly {
    readonly code: string;
    readonly severity: Severity;
    readonly message: string;
    readonly fix?: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
  }[];
  readonly containers: readonly AuditedContainer[];
}

/** No chart has a fault of form, and so no finding may claim one. */
const NO_FAULT_OF_FORM = [
  'unknown field',
  'already defined',
  'already set in map',
  'cannot unmarshal',
  'Unsupported value',
  'must be a valid seccomp profile',
  'must match',
  'no such file',
];

/** The kinds whose containers audit tells in the order init, containers, ephemeral; elsewhere the operator decides. */
const IN_ORDER =
  /^(Pod|Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|Job|CronJob|PodTemplate)\//;

const corpus = cases('corpus');
const charts = cases('charts');

it('has the documents that it is to have', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(200);
  expect(charts.length).toBeGreaterThanOrEqual(40);
  const withContainers = [...corpus, ...charts].filter(([, , { containers }]) => containers.length > 0);
  expect(withContainers.length).toBeGreaterThan(200);
});

describe.each([
  ['corpus', corpus],
  ['charts', charts],
])('audit tells what is true of %s', (_set, documents) => {
  it.each(documents)('%s', async (_name, path, expected) => {
    const { flags = [], status } = expected;
    const result = await callgate(['audit', '--json', ...flags, path], { cwd: MANIFESTS });
    if (status !== undefined) {
      expect(result.status).toBe(status);
      expect(result.stdout + result.stderr).toContain(path);
      return;
    }
    expect({ stderr: result.stderr, failed: result.status === 2 }).toEqual({ stderr: '', failed: false });
    const audited = JSON.parse(result.stdout) as Audited;
    expectContainers(audited.containers, expected);
    expectFindings(audited.findings, expected);
  });
});

describe('audit finds no fault of form and nothing critical in what public charts render', () => {
  it.each(charts)('%s', async (_name, path, { flags = [] }) => {
    const { stdout } = await callgate(['audit', '--json', ...flags, path], { cwd: MANIFESTS });
    const { findings } = JSON.parse(stdout) as Audited;
    const untrue = findings.filter((finding) =>
      NO_FAULT_OF_FORM.some((text) => wordsOf(finding).includes(text)),
    );
    expect(untrue).toEqual([]);
    expect(findings.filter(({ severity }) => severity === 'critical')).toEqual([]);
  });
});

/** The name of each case of a set, the path of its document below the manifests' folder, and what is true of it. */
function cases(set: string): [name: string, path: string, expected: Expectation][] {
  const suffix = '.expected.json';
  return readdirSync(join(MANIFESTS, set))
    .filter((file) => file.endsWith(suffix))
    .sort()
    .map((file) => {
      const name = file.slice(0, -suffix.length);
      const path = ['.yaml', '.yml', '.json', '']
        .map((extension) => `${set}/${name}${extension}`)
        .find((candidate) => existsSync(join(MANIFESTS, candidate)));
      if (path === undefined) throw new Error(`${set}/${file} is of no document`);
      return [name, path, JSON.parse(readFileSync(join(MANIFESTS, set, file), 'utf8'))];
    });
}

function expectContainers(audited: readonly AuditedContainer[], expected: Expectation): void {
  const rest = audited.filter(({ workload }) => !expected.anyRowsOf?.includes(workload));
  const found = new Map<ExpectedContainer, AuditedContainer>();
  for (const container of mostDefiniteFirst(expected.containers)) {
    const at = rest.findIndex((row) => isOf(container, row));
    if (at >= 0) found.set(container, rest.splice(at, 1)[0]);
  }
  // Shown together: what is missing is often there with another type.
  const missing = expected.containers.filter((container) => !found.has(container));
  const tooMany = rest.filter(({ effective }) => effective.type !== 'Unknown');
  expect({ missing, tooMany }).toEqual({ missing: [], tooMany: [] });
  const inOrder = (rows: readonly AuditedContainer[]) =>
    rows.filter(({ workload }) => IN_ORDER.test(workload));
  const asExpected = expected.containers.map((container) => found.get(container)!);
  expect(inOrder(audited.filter((row) => asExpected.includes(row)))).toEqual(inOrder(asExpected));
}

/** Those that many rows could be come last, so that they take none from the others. */
function mostDefiniteFirst(containers: readonly ExpectedContainer[]): readonly ExpectedContainer[] {
  return containers.toSorted((a, b) => Object.keys(b).length - Object.keys(a).length);
}

/** Whether a row of audit is what is expected of a container, all in all. */
function isOf(expected: ExpectedContainer, row: AuditedContainer): boolean {
  const { workload, ...others } = expected;
  const told: ExpectedContainer = {
    namespace: row.namespace,
    container: row.container,
    type: row.effective.type as ExpectedContainer['type'],
    profile: row.effective.profile,
    baseline: row.baseline,
    restricted: row.restricted,
  };
  return (
    isNamed(row.workload, workload) &&
    Object.entries(others).every(([key, value]) => told[key as keyof ExpectedContainer] === value)
  );
}

function isNamed(workload: string, expected: string | undefined): boolean {
  if (expected === undefined) return true;
  return expected.endsWith('/*') ? workload.startsWith(expected.slice(0, -1)) : workload === expected;
}

function expectFindings(
  audited: Audited['findings'],
  { says = [], silent = [], findings }: Expectation,
): void {
  const words = audited.map(wordsOf);
  const unsaid = says.filter((text) => !words.some((said) => said.includes(text)));
  // With what was said instead, so that a failure shows it.
  if (unsaid.length > 0) expect({ unsaid, words }).toEqual({ unsaid: [], words });
  expect(words.filter((said) => silent.some((text) => said.includes(text)))).toEqual([]);
  if (findings === undefined) return;
  if (findings === 'none') expect(audited).toEqual([]);
  else expectSeverity(Math.max(-1, ...audited.map(({ severity }) => SEVERITIES.indexOf(severity))), findings);
}

/** The rank of the worst finding, -1 where there is none, is within what is expected. */
function expectSeverity(
  worst: number,
  bounds: { readonly atLeast?: Severity; readonly atMost?: Severity },
): void {
  const { atLeast, atMost } = bounds;
  if (atLeast !== undefined) expect(worst).toBeGreaterThanOrEqual(SEVERITIES.indexOf(atLeast));
  if (atMost !== undefined) expect(worst).toBeLessThanOrEqual(SEVERITIES.indexOf(atMost));
}

/** All that a finding says to a person. */
function wordsOf({ message, fix = '' }: Audited['findings'][number]): string {
  return `${message}\n${fix}`;
}
