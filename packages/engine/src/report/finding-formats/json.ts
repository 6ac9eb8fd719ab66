import { writeJson } from '../../source/write-json.ts';
import type { FindingFormat } from './finding-format.ts';

/** callgate's own document, on one line. */
export const json: FindingFormat = {
  id: 'json',
  about: 'everything, for scripts',
  write({ findings, diagnostics }) {
    return `${writeJson({ findings, ...(diagnostics.length > 0 && { diagnostics }) })}\n`;
  },
};
