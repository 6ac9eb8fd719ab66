import { html } from '@callgate/engine/internal/report/finding-formats/html';
import { describe, expect, it } from 'vitest';
import { elementsOf, withClass } from './html-tree.ts';
import { ioctl, sample, tool } from './sample-report.ts';

const elements = (report = sample) => elementsOf(html.write(report, { tool }));
const textsOf = (name: string, report = sample) =>
  elements(report)
    .filter((element) => element.name === name)
    .map(({ text }) => text.replace(/\s+/g, ' ').trim());

describe('html', () => {
  it('says how bad each profile is, the worst first, and which are without fault', () => {
    expect(textsOf('li')).toEqual([
      '-not judged',
      './a b/web.json1 critical',
      'map.yaml#one1 medium',
      'stock:docker@261 info',
      'tidy.jsonnothing found',
    ]);
    expect(textsOf('p')[0]).toBe('1 critical1 medium1 info in 4 profiles, 1 not judged');
    expect(textsOf('title')).toEqual(['callgate lint: 1 critical, 1 medium in 4 profiles']);
  });

  it('has each finding with its place, the call that shows it, what to do, and its code', () => {
    expect(textsOf('article')).toEqual([
      '1:1no JSONjson-syntax',
      '3:5ioctl, 100% of it, passescallioctl(cmd=TIOCSTI) on x86_64fixcompare 32 bitscompares-unused-bits',
      '7:1does nothing (see line 2)rule-dropped',
      '1:2not hereabsent-everywhere',
    ]);
    expect(textsOf('h3')).toEqual(['could not be judged', 'critical', 'medium']);
    expect(textsOf('summary')).toEqual(['1 thing worth knowing', 'What the codes mean']);
  });

  it('tells what a code means beside it, and once below', () => {
    const [code] = withClass(elements(), 'code').filter(({ text }) => text === 'rule-dropped');
    expect(code?.attributes.title).toMatch(/^An earlier rule already decides/);
    const target = elements().find(({ attributes }) => `#${attributes.id}` === code?.attributes.href);
    expect([target?.name, target?.text]).toEqual(['dt', 'rule-dropped']);
    expect(textsOf('dd')).toContain(code?.attributes.title);
  });

  it('is as short as what there is to say', () => {
    const one = { findings: [ioctl], diagnostics: [], profiles: [ioctl.file] };
    expect(textsOf('li', one)).toEqual([]);
    expect(textsOf('h2', one)).toEqual(['./a b/web.json 1 critical']);
    const none = { findings: [], diagnostics: [], profiles: ['tidy.json'] };
    expect(textsOf('body', none)).toEqual(['callgate lint nothing found in 1 profile callgate 1.2.3']);
    const unjudged = { ...sample, findings: [], profiles: [] };
    expect(textsOf('p', unjudged)[0]).toBe('1 not judged');
  });
});
