import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '@callgate/engine/internal/config/read-config';
import type { DiagnosticCode } from '@callgate/engine/internal/diagnostics/codes';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import {
  LIFE_PARTS,
  PHASES,
  parseRecording,
  stringifyRecording,
} from '@callgate/engine/internal/recording/recording';
import { findingCodes } from '@callgate/engine/internal/report/finding-codes';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { RELEASES } from '@callgate/engine/internal/stock/generated/releases';
import { ABI_NAMES } from '@callgate/engine/internal/syscalls/arch';
import { BROKEN } from '@callgate/testing/broken-profiles';
import { callgate } from '@callgate/testing/callgate';
import { ABI_SETS, profileText, randomCase } from '@callgate/testing/random-profiles';
import { Random } from '@callgate/testing/random-programs';
import { recordingOf } from '@callgate/testing/recordings';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDITOR_KEYWORDS } from '../scripts/schemas/schema.ts';

const ROOT = join(import.meta.dirname, '..');
const FIXTURES = join(ROOT, 'test/fixtures/profiles');
const LOGS = join(ROOT, 'packages/engine/test/logs/fixtures');
const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 300);

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictRequired: false });
ajv.addVocabulary(EDITOR_KEYWORDS);
addFormats.default(ajv);
const schemaOf = (name: string) =>
  ajv.compile(JSON.parse(readFileSync(join(ROOT, `packages/cli/schemas/${name}.schema.json`), 'utf8')));
const profile = schemaOf('profile');
const recording = schemaOf('recording');

const X86: Target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] };
/** What is said of single words when a profile is lowered, because runtimes differ in them. */
const SAID_LATER: readonly DiagnosticCode[] = ['unknown-architecture', 'unknown-errno'];

/** Whether our reader says anything of a profile that a schema can say, too. */
function isFaultless(text: string): boolean {
  const { value, diagnostics } = parseProfile(text, { format: 'json' });
  if (!value || diagnostics.some(({ code }) => code !== 'base-profile')) return false;
  return !lowerProfile(value, X86).diagnostics.some(({ code }) => SAID_LATER.includes(code));
}

/** A document that was parsed has each key once, and numbers without their text: 2^64 is the one before it, 1e3 is 1000. */
const INVISIBLE = ['a duplicate key', 'a value of 2^64', 'a value of 1e3', 'refused-exponent.json'];

const isValid = (text: string) => profile(JSON.parse(text));
const isJson = (text: string) => {
  try {
    return JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
};

const STOCK = await Promise.all(
  RELEASES.map(async ({ runtime, from, load }) => [`${runtime}@${from}`, (await load()).PROFILE] as const),
);
const FILES = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, readFileSync(join(FIXTURES, name), 'utf8')] as const);

describe('the schema of profiles', () => {
  it.each(STOCK)('takes %s', (_name, text) => {
    profile(JSON.parse(text));
    expect(profile.errors ?? []).toEqual([]);
  });

  it.each(FILES)('takes %s if our reader says nothing of it', (name, text) => {
    expect(isValid(text)).toBe(INVISIBLE.includes(name) || isFaultless(text));
  });

  it.each(BROKEN.filter(([, text]) => isJson(text)))('judges as our reader does: %s', (what, text) => {
    expect(isValid(text)).toBe(INVISIBLE.includes(what) || isFaultless(text));
  });

  it('takes whatever profile is drawn', () => {
    const drawn = fc.record({ seed: fc.nat(), abis: fc.constantFrom(...ABI_SETS) });
    always(drawn, ({ seed, abis }) => {
      profile(JSON.parse(profileText(randomCase(new Random(seed), abis))));
      expect(profile.errors ?? []).toEqual([]);
    });
  });

  it('judges a profile with something else in one place as our reader does', () => {
    // Where both are, our reader asks archMap alone.
    const hasBoth = (text: string) => text.includes('"architectures"') && text.includes('"archMap"');
    const texts = [...STOCK, ...FILES].map(([, text]) => text);
    const bases = texts.filter((text) => isFaultless(text) && !hasBoth(text));
    always(changed(fc.constantFrom(...bases), WORDS), (text) => {
      expect(isValid(text)).toBe(isFaultless(text));
    });
  });
});

/** What takes the place of something else. */
const WORDS: readonly unknown[] = [
  ...[null, true, -1, 0, 5, 6, 1.5, 4095, 2 ** 32, '', '1', 'x', [], {}, [1], ['x'], { x: 1 }],
  ...['openat', 'opennat', 'SCMP_ACT_ALLOW', 'SCMP_ACT_DENY', 'allow', 'SCMP_ARCH_X86', 'x64', 'amd64'],
  ...['SCMP_CMP_EQ', 'SCMP_CMP_NEQ', 'CAP_SYS_ADMIN', 'CAP_SYSADMIN', 'SECCOMP_FILTER_FLAG_LOG', 'LOG'],
  ...['EPERM', 'EPREM', '4.8', '4.8.1', '0.0', '00.01', '255.0', '256.0', '4'],
];

describe('the schema of recordings', () => {
  const logs = readdirSync(LOGS).flatMap((format) =>
    readdirSync(join(LOGS, format))
      .filter((name) => name.endsWith('.log'))
      .slice(0, 3)
      .map((name) => join(format, name)),
  );
  const whole = recordingOf(
    [
      {
        ...{ arch: 'x86_64', nr: 16, name: 'ioctl', count: 3, phase: 'steady', denied: 1, assumed: true },
        first: { process: 'nginx', time: '2026-01-01T00:00:00Z' },
        args: [{ values: ['1', null, '18446744073709551615'], count: 3 }],
      },
    ],
    { lacks: [...LIFE_PARTS], notes: ['a note'] },
  );

  it.each(logs)('takes what read makes of %s', async (log) => {
    const { stdout } = await callgate(['read', join(LOGS, log), '--json', '--allow-unknown']);
    recording(JSON.parse(stdout));
    expect(recording.errors ?? []).toEqual([]);
  });

  it('judges a recording with something else in one place as our reader does', () => {
    always(changed(fc.constant(stringifyRecording(whole)), RECORDED), (text) => {
      expect(recording(JSON.parse(text))).toBe(parseRecording(text).value !== undefined);
    });
  });
});

// No arrays: where all keys are optional, our reader takes one for an object.
const RECORDED: readonly unknown[] = [
  ...[null, true, -1, 0, 1.5, 2 ** 32, 2 ** 53, '', '1', '-1', '0x1', '1'.repeat(21), 'x', {}],
  ...[...ABI_NAMES.slice(0, 2), ...PHASES.slice(0, 2), ...LIFE_PARTS, 'callgate-recording/2'],
];

/** A document with one of these in the place of one of its values, a key less, or a key in another case. */
function changed(text: fc.Arbitrary<string>, words: readonly unknown[]): fc.Arbitrary<string> {
  const change = fc.oneof(
    fc.constantFrom(...words).map((word) => ({ word })),
    fc.constantFrom('less' as const, 'upper' as const),
  );
  // Numbers that JavaScript does not hold would be others when they are written again.
  const whole = text.map((t) => JSON.parse(t.replace(/\b\d{16,}\b(?!")/g, '9')));
  return fc.tuple(whole, fc.infiniteStream(fc.nat()), change).map(([document, draws, how]) => {
    const copy = structuredClone(document);
    changeIn(copy, () => draws.next().value, how);
    return JSON.stringify(copy);
  });
}

type Change = { readonly word: unknown } | 'less' | 'upper';

/** Changes a document somewhere; `draw` says where. */
function changeIn(node: Record<string, unknown>, draw: () => number, change: Change): void {
  const keys = Object.keys(node);
  const key = keys[draw() % keys.length];
  if (key === undefined) return;
  const inner = node[key];
  if (typeof inner === 'object' && inner !== null && draw() % 4 > 0)
    changeIn(inner as Record<string, unknown>, draw, change);
  else if (typeof change === 'object') node[key] = change.word;
  else if (Array.isArray(node)) node.splice(Number(key), 1);
  else {
    delete node[key];
    if (change === 'upper') node[key.toUpperCase()] = inner;
  }
}

function always<T>(drawn: fc.Arbitrary<T>, promise: (given: T) => void): void {
  fc.assert(fc.property(drawn, promise), { seed: SEED, numRuns: RUNS });
}

describe('the schema of configurations', () => {
  const configuration = schemaOf('config');
  const example = /```yaml\n(# callgate\.config\.yaml\n.*?)```/s.exec(
    readFileSync(join(ROOT, 'docs/config.md'), 'utf8'),
  )![1];

  it('takes what the page shows, which the reader takes, too', () => {
    const { value, diagnostics } = parseConfig('callgate.config.yaml', example, findingCodes());
    expect(diagnostics).toEqual([]);
    expect(configuration(value)).toBe(true);
  });

  it.each([
    { budget: [] },
    { targets: [] },
    { targets: [{ kernel: 6.1 }] },
    { failOn: 'worst' },
    { severities: { 'defalt-allow': 'low' } },
    { severities: { 'default-allow': 'worst' } },
    { suppressions: [{ code: 'default-allow', reason: 'r' }] },
    { suppressions: [{ code: 'defalt-allow', reason: 'r', until: '2027-01-01' }] },
    { suppressions: [{ code: 'default-allow', reason: 'r', until: 'soon' }] },
    { budgets: [{ never: 'bpf' }] },
  ])('refuses %j, as the reader does', (config) => {
    expect(parseConfig('c.json', JSON.stringify(config), findingCodes()).diagnostics).not.toEqual([]);
    expect(configuration(config)).toBe(false);
  });
});

describe('the schema of tests', () => {
  const test = schemaOf('test');

  it('takes what callgate test takes, and refuses what that refuses', () => {
    const security = [{ attack: 'mount' }, { category: 'kernel' }, { call: 'bpf' }, { default: 'docker' }];
    expect(test({ engine: 'docker', image: 'x', ready: { tcp: 80, within: '10s' }, security })).toBe(true);
    expect(test({ engine: 'dockr' })).toBe(false);
    expect(test({ functions: [{ tcp: 0 }] })).toBe(false);
    expect(test({ functions: [{ alive: 'soon' }] })).toBe(false);
    expect(test({ security: [{ attack: 'mout' }] })).toBe(false);
    expect(test({ functions: [{ htp: 'http://x' }] })).toBe(false);
  });
});
