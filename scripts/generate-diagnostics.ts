/** Writes docs/diagnostics, a page for each code: npx tsx -C @callgate/source scripts/generate-diagnostics.ts */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIAGNOSTIC_CODES } from '@callgate/engine/internal/diagnostics/codes';

const OUT = join(import.meta.dirname, '../docs/diagnostics');
const codes = Object.entries(DIAGNOSTIC_CODES).sort(([a], [b]) => (a < b ? -1 : 1));

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
for (const [code, text] of codes) writeFileSync(join(OUT, `${code}.md`), `# ${code}\n\n${text}\n`);
const rows = codes.map(
  ([code, text]) => `| [${code}](${code}.md) | ${text.split('. ')[0].replace(/\.$/, '')} |`,
);
writeFileSync(
  join(OUT, 'README.md'),
  `# Diagnostics\n\nWritten by scripts/generate-diagnostics.ts from packages/engine/src/diagnostics/codes.ts.\n\n| code | meaning |\n|---|---|\n${rows.join('\n')}\n`,
);
