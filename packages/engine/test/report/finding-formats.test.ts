import { FINDING_SEVERITIES } from '@callgate/engine/internal/lint/finding';
import { FINDING_FORMATS, findFindingFormat } from '@callgate/engine/internal/report/finding-formats';
import type { LintReport } from '@callgate/engine/internal/report/finding-formats/finding-format';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { type Element, elementsOf as htmlElementsOf } from './finding-formats/html-tree.ts';
import { expectSarif } from './finding-formats/sarif-schema.ts';

const tool = { name: 'callgate', version: '1.2.3' };
const write = (id: string, report: LintReport) => findFindingFormat(id)!.write(report, { tool, all: true });

/** Texts that try to be more than text in one of the formats. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.oneof(
        fc.string({ maxLength: 5 }),
        fc.constantFrom(
          ...[
            '\n',
            '\r\n',
            '\u2028',
            '\0',
            '\u001b[2J',
            '\u202e',
            '\ud800',
            '\ufffe',
            '\uffff',
            '\ufeff',
            '%0A',
            '%3A',
          ],
          ...[
            '\n::set-output name=a::b',
            '::error::',
            ',line=1',
            '##[group]',
            ']]>',
            '</failure>',
            '&#10;',
            '&',
            '"',
            "'",
          ],
          ...[
            '|',
            '\\|',
            '`',
            '```',
            '\n\n# x',
            '<b>',
            '<!--',
            '</script>',
            '</title><script>',
            '" onclick="',
            '</bdi></article>',
            '&lt;',
            '@name',
            '@org/team',
            '#1',
            '!1',
            '[x](http://e.x)',
          ],
          ...[
            'www.e.x',
            'https://e.x',
            '$a$',
            '{0}',
            '../',
            '/',
            'stock:',
            'git:',
            '-',
            './',
            'é',
            '\u{1f600}',
          ],
        ),
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);
const place = { line: fc.integer({ min: 1, max: 99 }), column: fc.integer({ min: 1, max: 99 }) };
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const file = hostile.filter((text) => text !== '');

const finding = fc.record(
  {
    ...{ code: hostile, severity: fc.constantFrom(...FINDING_SEVERITIES), message: hostile, file, ...place },
    ...{ endLine: fc.integer({ min: 99, max: 120 }), endColumn: fc.integer({ min: 1, max: 99 }) },
    ...{ path: file, fix: hostile },
    witness: fc.record(
      {
        arch: fc.constant('x86_64' as const),
        syscall: hostile,
        nr: fc.nat(500),
        args: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), {
          minLength: 6,
          maxLength: 6,
        }),
      },
      { requiredKeys: ['arch', 'nr', 'args'] },
    ),
  },
  { requiredKeys: ['code', 'severity', 'message', 'file', 'line', 'column', 'endLine', 'endColumn'] },
);
const diagnostic = fc.record({
  ...{
    code: hostile,
    severity: fc.constantFrom('error', 'warning', 'note'),
    message: hostile,
    file,
    ...place,
  },
  remedy: optional(hostile),
});
const report: fc.Arbitrary<LintReport> = fc.record({
  findings: fc.array(finding, { maxLength: 30 }),
  diagnostics: fc.array(diagnostic, { maxLength: 3 }),
  profiles: fc.array(file, { maxLength: 3 }),
});

const oneFinding: LintReport = { findings: [fc.sample(finding, 1)[0]!], diagnostics: [], profiles: [] };

const always = (promise: (given: LintReport) => void) => fc.assert(fc.property(report, promise));

/** What a terminal, a browser or an editor would act on. */
const ACTING =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u;

// Text is left out: what is told on a terminal is made visible where it is made.
const DOCUMENTS = FINDING_FORMATS.map(({ id }) => id).filter((id) => id !== 'text');

describe('whatever a profile says', () => {
  it.each(DOCUMENTS)('%s holds nothing invisible, and ends with a line end', (id) => {
    always((given) => {
      const text = write(id, given);
      expect(text).not.toMatch(ACTING);
      expect(text).toMatch(/\n$|^$/);
    });
  });

  it('json is what was found', () => {
    always((given) => {
      const { findings, diagnostics = [] } = JSON.parse(write('json', given));
      expect(findings).toEqual(JSON.parse(JSON.stringify(given.findings)));
      expect(diagnostics).toEqual(JSON.parse(JSON.stringify(given.diagnostics)));
    });
  });

  it('sarif keeps to its schema', () => {
    always((given) => {
      const { runs } = expectSarif(write('sarif', given));
      expect(runs[0].results).toHaveLength(given.findings.length);
      for (const { ruleId, ruleIndex } of runs[0].results)
        expect(runs[0].tool.driver.rules[ruleIndex].id).toBe(ruleId);
      const prints = runs[0].results.map((result) => Object.values(result.partialFingerprints)[0]);
      expect(new Set(prints).size).toBe(prints.length);
    });
  });

  it('junit is XML with a test for each finding', () => {
    always((given) => {
      const seen = elementsOf(write('junit', given));
      const info = given.findings.filter(({ severity }) => severity === 'info').length;
      expect(seen.get('testsuites')).toBe(1);
      expect(seen.get('error') ?? 0).toBe(given.diagnostics.length);
      expect(seen.get('system-out') ?? 0).toBe(info);
      expect(seen.get('failure') ?? 0).toBe(given.findings.length - info);
    });
  });

  it('html is a page without faults, of our elements alone, with an article for each finding', () => {
    const script = (given: LintReport) => /<script>.*<\/script>/s.exec(write('html', given))?.[0];
    const ours = script(oneFinding);
    always((given) => {
      const elements = htmlElementsOf(write('html', given));
      const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      expect(elements.filter((element) => isHarmful(element, new Set(ids)))).toEqual([]);
      const issues = given.findings.length + given.diagnostics.length;
      expect(elements.filter(({ name }) => name === 'article')).toHaveLength(issues);
      expect(script(given)).toBe(issues > 0 ? ours : undefined);
      const written = elements.filter(({ name }) => name === 'article').map(({ text }) => text);
      for (const { message } of given.findings)
        if (/^[ -~]+$/.test(message)) expect(written.some((text) => text.includes(message))).toBe(true);
    });
  });

  it('github has a command of ours on each line, and our summary', () => {
    always((given) => {
      const lines = write('github', given)
        .split(/\r?\n|\r/)
        .slice(0, -1);
      const commands = given.findings.length + given.diagnostics.length;
      expect(lines).toHaveLength(commands + Math.min(1, given.profiles.length));
      for (const line of lines.slice(0, commands))
        expect(line).toMatch(
          /^::(?:error|warning|notice) (?:file=[^,:]+,(?:(?:line|endLine|col|endColumn)=\d+,)+)?title=[^,:]+::/,
        );
      if (given.profiles.length > 0)
        expect(lines.at(-1)).toMatch(/^(?:nothing found|\d[\da-z, ]+) in \d profiles?$/);
    });
  });

  it('gitlab has an entry with a fingerprint of its own for each', () => {
    always((given) => {
      const entries: { fingerprint: string }[] = JSON.parse(write('gitlab', given));
      expect(entries).toHaveLength(given.findings.length + given.diagnostics.length);
      expect(new Set(entries.map(({ fingerprint }) => fingerprint)).size).toBe(entries.length);
    });
  });

  it('markdown is a heading and a table of four columns that mentions nobody', () => {
    always((given) => {
      const text = write('markdown', given);
      const issues = given.findings.length + given.diagnostics.length;
      const [heading, ...rest] = text.split('\n').slice(0, -1);
      expect(heading).toMatch(
        /^### callgate lint: [\da-z, ]+ in \d profiles?(?:; not everything could be judged)?$/,
      );
      if (issues === 0) expect(rest).toEqual([]);
      const table = rest.slice(1, 3 + Math.min(20, issues));
      for (const row of table) expect(row.match(/\|/g)).toHaveLength(5);
      expect(rest.slice(3 + Math.min(20, issues))).toEqual(
        issues > 20 ? ['', `and ${issues - 20} more`] : [],
      );
      const shown = text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
      expect(shown).not.toMatch(/@\w|:\/\/|www\./i);
      expect(text.replaceAll(/<\/?code>/g, '')).not.toMatch(/[<>`*_[\]]/);
    });
  });
});

/** What a page may be made of; the one script is ours. */
const ELEMENTS = new Set([
  ...[
    'html',
    'head',
    'meta',
    'title',
    'style',
    'script',
    'body',
    'h1',
    'h2',
    'h3',
    'p',
    'ul',
    'li',
    'a',
    'b',
    'i',
  ],
  ...[
    'dl',
    'dt',
    'dd',
    'bdi',
    'code',
    'span',
    'div',
    'input',
    'button',
    'section',
    'article',
    'details',
    'summary',
  ],
]);
const ATTRIBUTES = new Set([
  ...['lang', 'charset', 'name', 'content', 'class', 'id', 'title', 'hidden', 'type', 'placeholder'],
  ...['value', 'aria-label', 'aria-pressed', 'data-when', 'data-group'],
]);

/** Whether an element may do something, or leads elsewhere than to another of the page. */
function isHarmful(
  { name, attributes: { href, ...attributes } }: Element,
  ids: ReadonlySet<string>,
): boolean {
  if (href !== undefined && !ids.has(href.replace(/^#/, ''))) return true;
  return !ELEMENTS.has(name) || Object.keys(attributes).some((attribute) => !ATTRIBUTES.has(attribute));
}

/** How often each element stands in a document, which must be well-formed. */
function elementsOf(xml: string): Map<string, number> {
  const seen = new Map<string, number>();
  const parser = new SaxesParser();
  parser.on('error', (fault) => {
    throw fault;
  });
  parser.on('opentag', ({ name }) => seen.set(name, (seen.get(name) ?? 0) + 1));
  parser.write(xml).close();
  return seen;
}
