import { markdown } from '@callgate/engine/internal/report/finding-formats/markdown';
import { expect, it } from 'vitest';
import { ioctl, sample, tool } from './sample-report.ts';

const write = () => markdown.write(sample, { tool });

it('as a table of Markdown, of which only the worst rows are shown', () => {
  expect(write().split('\n').slice(0, 6)).toEqual([
    '### callgate lint: 1 critical, 1 medium in 4 profiles; not everything could be judged',
    '',
    '| severity | place | message | fix |',
    '| --- | --- | --- | --- |',
    '| error | <code>-:1:1</code> | no JSON (json-syntax) |  |',
    '| critical | <code>./a b/web.json:3:5</code> | ioctl, 100% of it, passes (compares-unused-bits) | compare 32 bits |',
  ]);
  const many = { ...sample, diagnostics: [], findings: Array.from({ length: 23 }, () => ioctl) };
  const text = markdown.write(many, { tool });
  expect(text).toMatch(/\n\nand 3 more\n$/);
  expect(text.match(/^\| critical/gm)).toHaveLength(20);
});
