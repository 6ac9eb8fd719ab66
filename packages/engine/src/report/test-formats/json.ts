import { writeJson } from '../../source/write-json.ts';
import type { TestFormat } from './test-format.ts';

/** callgate's own document, on one line. */
export const json: TestFormat = {
  id: 'json',
  about: 'everything, for scripts',
  write({ engine, profile, standIn, startFailure, checks }) {
    return `${writeJson({
      engine,
      profile,
      ...(standIn !== undefined && { standIn }),
      ...(startFailure && { startFailure }),
      checks: checks.map(({ name, kind, state, confined, control, credit, why, details }) => ({
        name,
        kind,
        ok: state === 'passed',
        state,
        confined,
        control: control ?? null,
        credit,
        why,
        ...(details && details.length > 0 && { details }),
      })),
    })}\n`;
  },
};
