import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIAGNOSTIC_CODES } from '@callgate/engine/internal/diagnostics/codes';
import { AUDIT_CODES } from '@callgate/workload';
import { expect, it } from 'vitest';
import { VERBS } from '../packages/cli/src/verbs.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

it('every diagnostic has a page that says what its code says, and no other has', () => {
  const pages = readdirSync(join(ROOT, 'docs/diagnostics')).filter((name) => name !== 'README.md');
  expect(pages.sort()).toEqual(
    Object.keys(DIAGNOSTIC_CODES)
      .map((code) => `${code}.md`)
      .sort(),
  );
  for (const [code, text] of Object.entries(DIAGNOSTIC_CODES))
    expect(read(`docs/diagnostics/${code}.md`)).toContain(text);
});

it('the page about audit says of every code what it says', () => {
  for (const [code, text] of Object.entries(AUDIT_CODES))
    expect(read('docs/audit.md')).toContain(`- \`${code}\`: ${text}`);
});

it('documents name only files that exist and verbs that work', () => {
  for (const document of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    const text = read(document);
    for (const [, path] of text.matchAll(/\]\(([^)#:]+)\)/g))
      expect(existsSync(join(ROOT, path)), path).toBe(true);
    for (const [, path] of text.matchAll(/`((?:engine|workload|linux|cli)\/[\w./-]+\.\w+)`/g))
      expect(existsSync(join(ROOT, 'packages', path)), path).toBe(true);
    for (const [, verb] of text.matchAll(/(?:npx |`)callgate ([a-z]+)/g))
      expect(VERBS.map((v) => v.name)).toContain(verb);
  }
});
