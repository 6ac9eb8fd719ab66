import { text } from '@callgate/engine/internal/report/finding-formats/text';
import { expect, it } from 'vitest';
import { sample, tool } from './sample-report.ts';

const write = (all = false) => text.write(sample, { tool, all });

it('as text, with a summary', () => {
  const text = write();
  expect(text).toContain('./a b/web.json:3:5: critical: ioctl, 100% of it, passes');
  expect(text).toMatch(/\n1 critical, 1 medium in 4 profiles; 1 worth knowing\n$/);
  expect(write(true)).toMatch(/ in 4 profiles\n$/);
});
