import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { attackList } from '../scripts/attack-list.ts';

it('docs/attacks.md lists the attacks that the code has', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/attacks.md'), 'utf8');
  expect(inOneWidth(page)).toContain(inOneWidth(attackList()));
});

/** The formatter gives the columns of tables one width. */
function inOneWidth(text: string): string {
  return text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
}
