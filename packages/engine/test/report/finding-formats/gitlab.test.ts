import { gitlab } from '@callgate/engine/internal/report/finding-formats/gitlab';
import { expect, it } from 'vitest';
import { sample, tool } from './sample-report.ts';

const write = () => gitlab.write(sample, { tool });

it("as GitLab's Code Quality", () => {
  const entries = JSON.parse(write());
  expect(entries.map((e: Record<string, unknown>) => [e.severity, e.check_name, e.location])).toEqual([
    ['blocker', 'json-syntax', { path: '-', lines: { begin: 1 } }],
    ['info', 'absent-everywhere', { path: 'stock:docker@26', lines: { begin: 1, end: 1 } }],
    ['major', 'rule-dropped', { path: 'map.yaml', lines: { begin: 7, end: 9 } }],
    ['blocker', 'compares-unused-bits', { path: 'a b/web.json', lines: { begin: 3, end: 3 } }],
  ]);
  expect(entries[3].description).toBe(
    'ioctl, 100% of it, passes; call: ioctl(cmd=TIOCSTI) on x86_64; fix: compare 32 bits',
  );
});
