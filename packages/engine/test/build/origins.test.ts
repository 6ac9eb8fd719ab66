import { character } from '@callgate/testing/characters';
import { recordingOf } from '@callgate/testing/recordings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ORIGINS_SCHEMA,
  type Origins,
  originsFile,
  parseOrigins,
  stringifyOrigins,
} from '../../src/build/origins.ts';
import { type Reason, type Synthesis, synthesize } from '../../src/build/synthesize.ts';
import { PHASES } from '../../src/recording/recording.ts';
import { allNames } from '../../src/syscalls/lookup.ts';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 200);

const NOTHING = synthesize([recordingOf([])]);
const beside = (calls: Readonly<Record<string, readonly Reason[]>>, runs = 1) =>
  stringifyOrigins({ ...NOTHING, reasons: new Map(Object.entries(calls)) } satisfies Synthesis, runs);
/** A sidecar of anything, as somebody else may have written it. */
const forged = (document: unknown) => JSON.stringify(document);
const sidecar = (calls: unknown, head: object = {}) =>
  forged({ schema: ORIGINS_SCHEMA, runs: 1, ...head, calls });

const SEEN: Reason = { kind: 'seen', count: 7, runs: 2, phases: ['startup', 'steady'] };

/** Whatever a process may call itself. */
const text = fc.string({ unit: character, maxLength: 20 });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const names = fc.array(fc.constantFrom(...allNames()), { maxLength: 3 });
const reason: fc.Arbitrary<Reason> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('seen' as const),
      count,
      runs: count,
      phases: fc.subarray([...PHASES]),
      process: text,
      time: text,
    },
    { requiredKeys: ['kind', 'count', 'runs', 'phases'] },
  ),
  fc.record({ kind: fc.constant('base' as const), why: text }),
  fc.record({ kind: fc.constant('floor' as const), runtime: text, why: text }),
  fc.record({ kind: fc.constantFrom('projection' as const, 'forecast' as const), from: names, why: text }),
  fc.record({ kind: fc.constant('hand' as const), why: text }),
);

describe('the sidecar', () => {
  it('is read back as it was written, whatever processes call themselves', () => {
    const calls = fc.dictionary(fc.constantFrom(...allNames()), fc.array(reason, { maxLength: 4 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(calls, count, (calls, runs) => {
        const written = beside(calls, runs);
        expect(written.endsWith('}\n')).toBe(true);
        expect(parseOrigins(written)).toEqual({ schema: 'callgate-origins/1', runs, calls });
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('of a synthesis has every call with its reasons, in its order', () => {
    const observation = { arch: 'x86_64', nr: 0, name: 'read', count: 3, phase: 'run', denied: 0 } as const;
    const first = { process: '\u001b[31m"x"\\\n\u202e', time: '2026-01-01T00:00:00Z' };
    const synthesis = synthesize([recordingOf([{ ...observation, first }])], {
      floor: { runtime: 'any', noNewPrivs: false },
      allow: ['mount'],
      abis: ['x86_64', 'aarch64'],
      libc: { libc: 'glibc', from: '2.31', to: '2.43' },
    });
    const read = parseOrigins(stringifyOrigins(synthesis, 1));
    expect(Object.entries(read!.calls)).toEqual([...synthesis.reasons]);
    expect(read!.calls.read[0]).toEqual({ kind: 'seen', count: 3, runs: 1, phases: ['run'], ...first });
    expect(read!.calls.mount).toMatchObject([{ kind: 'hand' }]);
  });

  it('of no calls, and of a call without reasons, is one', () => {
    expect(parseOrigins(beside({}, 0))).toEqual({ schema: ORIGINS_SCHEMA, runs: 0, calls: {} });
    expect(parseOrigins(beside({ read: [] }))!.calls).toEqual({ read: [] });
  });

  it('is a call a line, so that versions of it can be compared', () => {
    const lines = beside({ read: [SEEN], write: [SEEN, { kind: 'hand', why: 'a\nb' }] }).split('\n');
    expect(lines.filter((line) => line.includes('"kind"'))).toHaveLength(2);
    expect(lines.find((line) => line.includes('"write"'))).toContain('"hand"');
  });

  it('is read with keys that a later callgate may add', () => {
    const read = parseOrigins(sidecar({ read: [{ ...SEEN, mood: 'good' }] }, { more: [1, { a: null }] }));
    expect(read).toEqual({ schema: ORIGINS_SCHEMA, runs: 1, calls: { read: [SEEN] } });
  });

  it('is read however its JSON is laid out', () => {
    const document = { calls: { read: [SEEN] }, runs: 1, schema: ORIGINS_SCHEMA };
    for (const written of [
      forged(document),
      JSON.stringify(document, null, '\t'),
      ` \r\n${forged(document)}\r\n`,
    ])
      expect(parseOrigins(written)).toEqual(document);
  });
});

describe('broken and hostile sidecars', () => {
  const good = beside({ read: [SEEN], write: [{ kind: 'projection', from: ['open'], why: 'é\u001b' }] });

  it.each([
    ['nothing', ''],
    ['blanks', ' \n\t'],
    ['null', 'null'],
    ['a number', '0'],
    ['false', 'false'],
    ['a string', '""'],
    ['a list', '[]'],
    ['an object of nothing', '{}'],
    ['a byte order mark', `\ufeff${good}`],
    ['a NUL', `${good}\0`],
    ['two documents', good + good],
    ['a comment', `// why\n${good}`],
    ['no quotes', good.replaceAll('"', '')],
    ['half of a surrogate pair', sidecar({ read: [{ kind: 'hand', why: '\ud800' }] })],
    ['a control character in a string', sidecar({}).replace('{}', '{"re\u0001ad":[]}')],
    ['a NaN', sidecar({}).replace('"runs":1', '"runs":NaN')],
    ['the same call twice', sidecar({}).replace('{}', '{"read":[],"read":[]}')],
    ['the schema twice', sidecar({}).replace('{', `{"schema":"${ORIGINS_SCHEMA}",`)],
    ['another schema', sidecar({}, { schema: 'callgate-origins/2' })],
    ['a recording', sidecar({}, { schema: 'callgate-recording/1' })],
    ['a schema of another type', sidecar({}, { schema: [ORIGINS_SCHEMA] })],
    ['no schema', forged({ runs: 1, calls: {} })],
    ['no runs', forged({ schema: ORIGINS_SCHEMA, calls: {} })],
    ['runs in words', sidecar({}, { runs: '1' })],
    ['no calls', forged({ schema: ORIGINS_SCHEMA, runs: 1 })],
    ['calls that are null', sidecar(null)],
    ['calls that are text', sidecar('read')],
    ['reasons that are no list', sidecar({ read: SEEN })],
    ['reasons that are null', sidecar({ read: [null] })],
    ['a reason in words', sidecar({ read: ['seen'] })],
    ['a reason of no kind', sidecar({ read: [{ why: 'x' }] })],
    ['a reason of an unknown kind', sidecar({ read: [{ kind: 'rumour', why: 'x' }] })],
    ['a reason of an inherited kind', sidecar({ read: [{ kind: 'constructor', why: 'x' }] })],
    ['seen without counts', sidecar({ read: [{ kind: 'seen' }] })],
    ['seen in an unknown phase', sidecar({ read: [{ ...SEEN, phases: ['lunch'] }] })],
    ['a count in words', sidecar({ read: [{ ...SEEN, count: '7' }] })],
    ['a process that is none', sidecar({ read: [{ ...SEEN, process: { toString: 'x' } }] })],
    ['a floor of nobody', sidecar({ read: [{ kind: 'floor', why: 'x' }] })],
    ['a projection of numbers', sidecar({ read: [{ kind: 'projection', from: [1], why: 'x' }] })],
    ['a hand without a reason', sidecar({ read: [{ kind: 'hand' }] })],
    ['what inherits its parts', `{"__proto__":${sidecar({})}}`],
    ['many open brackets', '['.repeat(200_000)],
    ['deep nesting', sidecar({}).replace('{}', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`)],
    ['garbage', '\u0000\u001b\ufffd'.repeat(10_000)],
  ])('%s: is none', (_, text) => {
    expect(parseOrigins(text)).toBeUndefined();
  });

  it.each([
    ['negative runs', sidecar({}, { runs: -1 })],
    ['half a run', sidecar({}, { runs: 1.5 })],
    ['infinitely many runs', sidecar({}).replace('"runs":1', '"runs":1e999')],
    ['a negative count', sidecar({ read: [{ ...SEEN, count: -7 }] })],
    ['half a call', sidecar({ read: [{ ...SEEN, count: 0.5 }] })],
    ['an infinite count', sidecar({ read: [SEEN] }).replace('"count":7', '"count":1e999')],
  ])('%s: is none', (_, text) => {
    expect(parseOrigins(text)).toBeUndefined();
  });

  it('calls that are a list: is none', () => {
    expect(parseOrigins(sidecar([]))).toBeUndefined();
  });

  it('that stop in the middle are none', () => {
    const whole = good.trimEnd();
    for (let length = 0; length < whole.length; length++)
      expect(parseOrigins(whole.slice(0, length))).toBeUndefined();
  });

  it('with one character changed end in origins or in nothing', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: good.length - 1 }),
        fc.string({ unit: character, maxLength: 2 }),
        (at, put) => {
          const read = parseOrigins(good.slice(0, at) + put + good.slice(at + 1));
          if (read) expectOrigins(read);
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('of any JSON at all end in origins or in nothing', () => {
    const calls = fc.oneof(fc.jsonValue(), fc.dictionary(text, fc.array(fc.oneof(fc.jsonValue(), reason))));
    fc.assert(
      fc.property(fc.jsonValue(), calls, (runs, calls) => {
        const read = parseOrigins(sidecar(calls, { runs }));
        if (read) expectOrigins(read);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('do not reach what all objects inherit', () => {
    const hand = '[{"kind":"hand","why":"x"}]';
    const text = `{"schema":"${ORIGINS_SCHEMA}","runs":1,"calls":{"__proto__":${hand},"read":${hand}},"__proto__":{"polluted":1}}`;
    const read = parseOrigins(text);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(read!.calls)).toSatisfy((p) => p === Object.prototype || p === null);
    expect(read!.calls.read).toEqual([{ kind: 'hand', why: 'x' }]);
  });
});

/** Only what the type promises. */
function expectOrigins({ schema, runs, calls }: Origins): void {
  expect(schema).toBe(ORIGINS_SCHEMA);
  expect(typeof runs).toBe('number');
  for (const reasons of Object.values(calls))
    for (const { kind } of reasons)
      expect(['seen', 'base', 'floor', 'projection', 'forecast', 'hand']).toContain(kind);
}

describe('the file of the origins', () => {
  it.each([
    ['web.json', 'web.callgate.json'],
    ['web.yaml', 'web.callgate.json'],
    ['web.yml', 'web.callgate.json'],
    ['web', 'web.callgate.json'],
    ['a/b.json/web.json', 'a/b.json/web.callgate.json'],
    ['a.json/web', 'a.json/web.callgate.json'],
    ['web.json.json', 'web.json.callgate.json'],
    ['web.seccomp.json', 'web.seccomp.callgate.json'],
    ['$&.json', '$&.callgate.json'],
  ])('of %s is %s', (profile, file) => {
    expect(originsFile(profile)).toBe(file);
  });

  it('is never the profile itself', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', '.json', '.yaml', '.yml'), (stem, end) => {
        const file = originsFile(stem + end);
        expect(file).not.toBe(stem + end);
        expect(file).toMatch(/\.callgate\.json$/);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
