import { ATTACK_CATEGORIES, attacksInCategory } from '@callgate/linux/internal/trials/attacks';
import type { Attack } from '@callgate/linux/internal/trials/trial';

/** Where the part of docs/attacks.md begins that is made of the code. */
export const LIST_TITLE = '## The list\n';

/** That part: a table for each category, with all calls that x86_64, i386, aarch64 and arm have. */
export function attackList(): string {
  const tables = ATTACK_CATEGORIES.map(({ id, about }) => {
    const rows = rowsOf(attacksOfAll().filter(({ category }) => category === id));
    return `### ${id}\n\n${capitalized(about)}.\n\n| attack | what it is for | needs | calls |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return `${LIST_TITLE}\nWritten by scripts/generate-attacks.ts.\n\n${tables.join('\n')}`;
}

/** x86_64 programs have all attacks and, through i386, all calls. */
function attacksOfAll(): readonly Attack[] {
  return ATTACK_CATEGORIES.flatMap(({ id }) => attacksInCategory('x86_64', id));
}

function rowsOf(attacks: readonly Attack[]): string[] {
  return attacks.map(({ id, gain, right, ways }) => {
    const calls = [...new Set(ways.map(({ syscall }) => `\`${syscall}\``))];
    return `| \`${id}\` | ${gain} | ${right ?? ''} | ${calls.join(', ')} |`;
  });
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
