import { github } from './finding-formats/github.ts';
import { gitlab } from './finding-formats/gitlab.ts';
import { html } from './finding-formats/html.ts';
import { sarif } from './finding-formats/sarif.ts';
import { asFindings } from './test-formats/as-findings.ts';
import { json } from './test-formats/json.ts';
import { junit } from './test-formats/junit.ts';
import { markdown } from './test-formats/markdown.ts';
import { tap } from './test-formats/tap.ts';
import type { TestFormat } from './test-formats/test-format.ts';
import { text } from './test-formats/text.ts';

/** Every format in which a test can write what it came to. */
export const TEST_FORMATS: readonly TestFormat[] = [
  text,
  json,
  tap,
  junit,
  asFindings(sarif),
  asFindings(github),
  asFindings(gitlab),
  markdown,
  asFindings(html),
];

/** The format of that id. */
export function findTestFormat(id: string): TestFormat | undefined {
  return TEST_FORMATS.find((format) => format.id === id);
}
