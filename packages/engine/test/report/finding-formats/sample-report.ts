import type { LintReport } from '@callgate/engine/internal/report/finding-formats/finding-format';
import type { LocatedFinding } from '@callgate/engine/internal/report/findings';

export const ioctl: LocatedFinding = {
  ...{ code: 'compares-unused-bits', severity: 'critical', message: 'ioctl, 100% of it, passes' },
  ...{ file: './a b/web.json', line: 3, column: 5, endLine: 3, endColumn: 9 },
  witness: { arch: 'x86_64', syscall: 'ioctl', nr: 16, args: ['0', '21522', '0', '0', '0', '0'] },
  fix: 'compare 32 bits',
};
const twice: LocatedFinding = {
  ...{ code: 'rule-dropped', severity: 'medium', message: 'does nothing (see line 2)' },
  ...{ file: 'map.yaml#one', path: 'map.yaml', line: 7, column: 1, endLine: 9, endColumn: 2 },
};
const stock: LocatedFinding = {
  ...{ code: 'absent-everywhere', severity: 'info', message: 'not here', file: 'stock:docker@26' },
  ...{ line: 1, column: 2, endLine: 1, endColumn: 4 },
};

/** A finding in a file, one in a part of a file, one in what is no file, a profile without any, and one not judged. */
export const sample: LintReport = {
  findings: [stock, twice, ioctl],
  diagnostics: [
    ...[
      { code: 'json-syntax', severity: 'error' as const, message: 'no JSON', file: '-', line: 1, column: 1 },
    ],
  ],
  profiles: ['stock:docker@26', 'map.yaml#one', './a b/web.json', 'tidy.json'],
};

export const tool = { name: 'callgate', version: '1.2.3' };
