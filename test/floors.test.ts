import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { floorOf } from '@callgate/engine/internal/build/floors';
import { describe, expect, it } from 'vitest';
import type { Measured } from '../scripts/floors/measured.ts';
import { floorsPage } from '../scripts/floors/page.ts';
import { rowsOf, TRIED_BY_RUNC_EXEC } from '../scripts/floors/rows.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const measured: Measured = JSON.parse(read('scripts/data/floors-measured.json'));

describe('the measured floors', () => {
  it.each(
    measured.builds.map((build) => [
      `${build.runtime} ${build.release}, ${build.from}, Go ${build.go}`,
      build,
    ]),
  )('%s: the engine has all that it called', (_, { runtime, release, settings }) => {
    for (const { of, noNewPrivs, always, sometimes } of settings) {
      const floor = floorOf({ runtime, release, noNewPrivs, exec: of === 'exec' });
      const calls = [...always.split(' '), ...Object.keys(sometimes ?? {})];
      const tried: readonly string[] = of === 'exec' && runtime === 'runc' ? TRIED_BY_RUNC_EXEC : [];
      expect(calls.filter((name) => !floor.has(name) && !tried.includes(name))).toEqual([]);
    }
  });

  it('are what the engine’s rows and the page were made of', () => {
    const generated = read('packages/engine/src/build/generated/floor-rows.ts');
    for (const row of rowsOf(measured.builds)) expect(generated).toContain(`  ${JSON.stringify(row)},\n`);
    expect(read('docs/floors.md')).toBe(floorsPage(measured));
  });
});
