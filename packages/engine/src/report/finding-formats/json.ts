import { writeJson } from '../../source/write-json.ts';
import type { FindingFormat } from './finding-format.ts';

/** callgate's own document, on one line. */
export const json: FindingFormat = {
  id: 'json',
  about: 'everything, for scripts',
  write({ findings, fixed, grades, audited, suppressed = [], diagnostics }) {
    const more = {
      ...(fixed && { fixed }),
      ...(grades && { grades }),
      ...audited,
      ...(suppressed.length > 0 && { suppressed }),
      ...(diagnostics.length > 0 && { diagnostics }),
    };
    return `${writeJson({ findings, ...more })}\n`;
  },
};
