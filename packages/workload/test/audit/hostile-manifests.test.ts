import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditText, USUAL_NODE } from '@callgate/workload';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../../testing/manifests/corpus');
const TEXTS = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml') || (file.endsWith('.json') && !file.endsWith('.expected.json')))
  .map((file) => readFileSync(join(FOLDER, file), 'utf8'));

const OPTIONS = {
  node: USUAL_NODE,
  target: { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] },
  defaults: {},
  podSecurity: 'latest',
} as const;

/** What people and attackers put into manifests. */
const PIECES = fc.constantFrom(
  ...[
    'null',
    '~',
    '{}',
    '[]',
    '"\\u001b[2J"',
    "'",
    '"',
    '\u0000',
    '\u202e',
    '\t',
    '---\n',
    '- ',
    ': ',
    '&a ',
    '*a',
  ],
  ...[
    '<<: *a',
    '? ',
    '| \n',
    '!!binary x',
    '{{ .Values.x }}',
    'yes',
    '1e999',
    '0x',
    'containers',
    'securityContext',
  ],
  ...[
    'seccompProfile',
    'items: ',
    'kind: List\n',
    '\n',
    '\r\n',
    '#',
    'spec: ',
    '__proto__: ',
    'constructor: ',
  ],
);
/** Part of a text is replaced by pieces. */
const BROKEN = fc
  .tuple(fc.constantFrom(...TEXTS), fc.nat(), fc.nat(60), fc.array(PIECES, { maxLength: 4 }))
  .map(([text, at, length, pieces]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + pieces.join('') + text.slice(start + length);
  });

it('says something of every broken manifest, and throws for none', () => {
  fc.assert(
    fc.property(BROKEN, (text) => {
      const { findings, containers } = auditText(text, 'broken.yaml', OPTIONS);
      const lines = text.split('\n').length;
      for (const { message, fix = '', line, column } of findings) {
        expect(message + fix).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(line).toBeLessThanOrEqual(lines);
        expect(Math.min(line, column)).toBeGreaterThan(0);
      }
      for (const { line } of containers) expect(line).toBeLessThanOrEqual(lines);
    }),
    { numRuns: Number(process.env.CALLGATE_FUZZ ?? 500) },
  );
});
