import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_FORMATS } from '@callgate/engine/internal/logs/log-formats';
import type { LogContents, LoggedCall } from '@callgate/engine/internal/logs/log-tally';
import { type LogOptions, LogStream } from '@callgate/engine/internal/logs/read-log';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 300);
const FIXTURES = join(import.meta.dirname, 'fixtures');

/** What a correct reader finds; written from the formats' facts and from real tools, not from the readers. */
interface Expected {
  readonly format: string;
  /** ABI (null: the log does not tell) and number are sure. */
  readonly calls?: readonly [arch: string | null, nr: number, count: number][];
  readonly denied?: readonly [arch: string | null, nr: number, count: number][];
  /** Only the name is sure. */
  readonly names?: readonly [name: string, count: number][];
  readonly denied_names?: readonly [name: string, count: number][];
  readonly lost?: number;
  readonly unread?: readonly number[];
  /** Lines that a reader may also report. */
  readonly unread_may?: readonly number[];
  readonly why: string;
}

/** A log too long for a file: texts, each so many times. */
interface Recipe {
  readonly repeat: readonly { readonly text: string; readonly times: number }[];
  readonly expect: Expected;
}

interface Case {
  readonly name: string;
  readonly log: () => string;
  readonly expected: Expected;
}

const CASES: readonly Case[] = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => {
    const json = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8'));
    const name = file.replace(/(?:\.recipe)?\.json$/, '');
    if (!file.endsWith('.recipe.json'))
      return { name, expected: json, log: () => readFileSync(join(FIXTURES, `${name}.log`), 'latin1') };
    const { repeat, expect: expected } = json as Recipe;
    return { name, expected, log: () => repeat.map(({ text, times }) => text.repeat(times)).join('') };
  });

function read(
  log: string,
  chunk: number,
  options: Partial<LogOptions> = {},
): { format: string; contents: LogContents } {
  const stream = new LogStream({ machine: 'x86_64', ...options });
  for (let at = 0; at < log.length; at += chunk) stream.push(log.slice(at, at + chunk));
  const found = stream.end();
  return { format: found?.format.id ?? 'none', contents: found?.contents ?? ({ calls: [] } as never) };
}

function rows(calls: readonly LoggedCall[], row: (call: LoggedCall) => unknown[] | undefined) {
  return calls.flatMap((call) => row(call)?.join(' ') ?? []).sort();
}

it('has a case for every format', () => {
  const covered = new Set(CASES.map(({ name }) => name.split('/')[0]));
  expect([...covered].sort()).toEqual(LOG_FORMATS.map((f) => f.id).sort());
});

describe.each(CASES)('$name', ({ log: logText, expected }) => {
  const log = logText();
  const sorted = (lines: readonly (readonly unknown[])[] = []) =>
    lines.map((l) => l.map((x) => x ?? '?').join(' ')).sort();

  it.each(log.length > 1e6 ? [1 << 16] : [1 << 16, 7])(`${expected.why} (in chunks of %d bytes)`, (chunk) => {
    const { format, contents } = read(log, chunk);
    const { calls } = contents;
    const sure = (count: 'executed' | 'denied') =>
      rows(calls, (c) => (c.nr !== undefined && c[count] > 0 ? [c.arch ?? '?', c.nr, c[count]] : undefined));
    expect({
      format,
      calls: sure('executed'),
      denied: sure('denied'),
      names: rows(calls, (c) => (c.nr === undefined && c.executed > 0 ? [c.name, c.executed] : undefined)),
      deniedNames: rows(calls, (c) => (c.nr === undefined && c.denied > 0 ? [c.name, c.denied] : undefined)),
      lost: contents.lost,
      unread: contents.examples.map((e) => e.line).filter((line) => !expected.unread_may?.includes(line)),
    }).toEqual({
      format: expected.format,
      calls: sorted(expected.calls),
      denied: sorted(expected.denied),
      names: sorted(expected.names),
      deniedNames: sorted(expected.denied_names),
      lost: expected.lost ?? 0,
      unread: (expected.unread ?? []).slice(0, 10),
    });
  });
});

/** Readers know most lines of long logs again without looking at all of them. What keeps them from doing so, and changes nothing else. */
const SLOWLY = {
  strace: (log: string) => read(log, 1 << 16, { wantsArguments: true }),
  // Behind a group separator stands what auditd adds.
  audit: (log: string) => read(log.replace(/(?<!\u001d[^\n]*)(?=\r?\n)/g, '\u001d'), 1 << 16),
} as const;

describe.each(Object.entries(SLOWLY))('%s, quickly and slowly,', (id, slowly) => {
  const lines = CASES.filter(({ name }) => name.startsWith(`${id}/`))
    .map(({ log }) => log())
    .filter((log) => log.length < 20_000)
    .map((log) => log.split('\n'));

  it('counts the same in logs made of parts of others', () => {
    const line = fc.constantFrom(...lines.flat());
    const part = fc.constantFrom(...lines);
    const log = fc.array(fc.oneof(part, fc.array(line, { minLength: 1, maxLength: 8 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(
        log,
        fc.integer({ min: 1, max: 40 }),
        // 0: chunks that are all the same text.
        fc.constantFrom(0, 7, 64, 1000, 1 << 16),
        (parts, times, chunk) => {
          const once = `${parts.flat().join('\n')}\n`;
          const text = once.repeat(times);
          const counts = ({ contents: { calls, unread, lost } }: ReturnType<typeof read>) => ({
            calls: calls.map(({ arch, nr, name, executed, denied }) => [arch, nr, name, executed, denied]),
            unread,
            lost,
          });
          expect(counts(read(text, chunk || once.length))).toEqual(counts(slowly(text)));
        },
      ),
      { seed: SEED, numRuns: Math.ceil(RUNS / 3) },
    );
  });
});
