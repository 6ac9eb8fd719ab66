/** Writes the index of docs/rules from the rules: npx tsx -C @callgate/source scripts/generate-rules.ts */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POLICY_RULES } from '@callgate/engine/internal/lint/policy-rules';

const rows = POLICY_RULES.map(
  ({ code, severity, about }) =>
    `| [${code}](${code}.md) | ${severity} | ${about.split('. ')[0].replace(/\.$/, '')} |`,
);
writeFileSync(
  join(import.meta.dirname, '../docs/rules/README.md'),
  `# Rules of \`callgate lint\`

Written by scripts/generate-rules.ts. Each page has an example that is found and one that is not; both are tests. What
reading a profile and lowering it say are findings, too: [diagnostics](../diagnostics/README.md).

| rule | severity | what is wrong |
|---|---|---|
${rows.join('\n')}
`,
);
