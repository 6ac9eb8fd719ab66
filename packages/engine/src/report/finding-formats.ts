import type { FindingFormat } from './finding-formats/finding-format.ts';
import { github } from './finding-formats/github.ts';
import { gitlab } from './finding-formats/gitlab.ts';
import { html } from './finding-formats/html.ts';
import { json } from './finding-formats/json.ts';
import { junit } from './finding-formats/junit.ts';
import { markdown } from './finding-formats/markdown.ts';
import { sarif } from './finding-formats/sarif.ts';
import { text } from './finding-formats/text.ts';

/** Every format in which lint can write what it found. */
export const FINDING_FORMATS: readonly FindingFormat[] = [
  text,
  json,
  sarif,
  junit,
  github,
  gitlab,
  markdown,
  html,
];

/** The format of that id. */
export function findFindingFormat(id: string): FindingFormat | undefined {
  return FINDING_FORMATS.find((format) => format.id === id);
}
