/** Writes the list in docs/attacks.md: npx tsx -C @callgate/source scripts/generate-attacks.ts */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attackList, LIST_TITLE } from './attack-list.ts';

const PAGE = join(import.meta.dirname, '../docs/attacks.md');
const page = readFileSync(PAGE, 'utf8');
writeFileSync(PAGE, page.slice(0, page.indexOf(LIST_TITLE)) + attackList());
