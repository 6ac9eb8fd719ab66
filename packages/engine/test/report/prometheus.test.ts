import { spawnSync } from 'node:child_process';
import { prometheusText, type WatchState } from '@callgate/engine/internal/report/prometheus';
import { DenialTable } from '@callgate/engine/internal/watch/denial-table';
import type { Place } from '@callgate/engine/internal/watch/denied-call';
import { describeWith } from '@callgate/testing/requirements';
import { describe, expect, it } from 'vitest';

const STATE: WatchState = { source: 'audit', since: 1500, lost: 3, commandsDropped: 0 };
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** Every sample by its series, as the text format 0.0.4 defines it; a fault throws. */
function parse(text: string): Map<string, number> {
  expect(text.endsWith('\n')).toBe(true);
  const samples = new Map<string, number>();
  let family = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line);
    if (type) family = type[1];
    if (line.startsWith('#')) continue;
    const sample = /^([a-z_]+)(?:\{(.*)\})? (\d+(?:\.\d+)?)$/.exec(line);
    if (!sample) throw new Error(`no sample: ${line}`);
    const [, name, labels = '', value] = sample;
    expect(name).toBe(family);
    LABEL.lastIndex = 0;
    while (LABEL.lastIndex < labels.length) if (!LABEL.exec(labels)) throw new Error(`no labels: ${labels}`);
    const series = `${name}{${labels}}`;
    if (samples.has(series)) throw new Error(`twice: ${series}`);
    samples.set(series, Number(value));
  }
  return samples;
}

const tableOf = (places: readonly Place[]) => {
  const table = new DenialTable();
  for (const [i, place] of places.entries())
    table.add({
      place,
      arch: 'x86_64',
      nr: 165,
      answer: i % 2 ? { kind: 'LOG' } : { kind: 'REFUSED', errno: 1 },
      count: 2,
      time: 1,
    });
  return table;
};
const container = (id: string, name?: string): Place => ({ kind: 'container', engine: 'docker', id, name });
const HOSTILE = ['a"b\\c\nd', '\u001b[31m', '\\u001b[31m', '"} 1', 'é\u2028', '', '\0'];

describe('metrics', () => {
  it('count denied and logged calls by place, call, ABI and action', () => {
    const samples = parse(
      prometheusText(tableOf([container('a', 'web'), { kind: 'host', unit: 'x.service' }]), STATE),
    );
    const labels = 'engine="docker",container="web",id="a",pod="",namespace="",syscall="mount",arch="x86_64"';
    expect(samples.get(`callgate_denied_calls_total{place="container",${labels},action="errno_1"}`)).toBe(2);
    expect([...samples.keys()].filter((key) => key.startsWith('callgate_logged_calls_total'))).toHaveLength(
      1,
    );
    expect(samples.get('callgate_lost_records_total{source="audit"}')).toBe(3);
    expect(samples.get('callgate_watch_start_time_seconds{}')).toBe(1.5);
  });

  it('stay valid whatever names containers have', () => {
    const places = HOSTILE.flatMap((text) => [
      container(text, text),
      { kind: 'gone', hostname: text } as const,
    ]);
    const samples = parse(prometheusText(tableOf(places.flatMap((place) => [place, place])), STATE));
    expect(samples.size).toBeGreaterThan(10);
  });

  it('are bounded, and say what they fold', () => {
    const places = Array.from({ length: 5000 }, (_, i) => container(`c${i}`));
    const samples = parse(prometheusText(tableOf(places), STATE));
    expect(samples.size).toBeLessThan(1010);
    expect(samples.get('callgate_folded_calls_total{}')).toBe(2 * 4000);
    const sum = [...samples]
      .filter(([key]) => key.includes('_calls_total{place'))
      .reduce((all, [, value]) => all + value, 0);
    expect(sum).toBe(2 * 5000);
  });
});

describeWith(['promtool'], 'metrics before promtool', () => {
  it('are valid', () => {
    const text = prometheusText(tableOf(HOSTILE.map((name) => container(name, name))), STATE);
    const promtool = 'promtool';
    const { status, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
