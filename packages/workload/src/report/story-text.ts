import type { Style } from '@callgate/engine/internal/report/style';
import { printableInPlace } from '@callgate/engine/internal/report/words';
import { notableCallsByCategory } from '@callgate/engine/internal/syscalls/notable';
import type { AuditedContainer, StoryLine } from '../audit/audit.ts';

/** Calls that are told. */
const MOST = 10;

/** The story of one container, from its field to the kernel. */
export function storyText(style: Style, container: AuditedContainer): string {
  const { workload, namespace, container: name, file, line, story = [] } = container;
  const lines = [...story, kernelLine(container)];
  const width = Math.max(...lines.map(({ who }) => who.length));
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return [
    `${style.bold(printableInPlace(`${workload}${where}, container ${name}`))}  ${style.dim(`${file}:${line}`)}`,
    ...lines.map(({ who, says }) => `  ${style.dim(who.padEnd(width))}  ${printableInPlace(says)}`),
    '',
  ].join('\n');
}

/** What the kernel has in the end. */
function kernelLine({ effective: { type, because }, filter }: AuditedContainer): StoryLine {
  if (type === 'NeverRuns') return { who: 'the kernel', says: `never sees it: ${because}` };
  if (type === 'Unconfined')
    return { who: 'the kernel', says: `has no filter for it (Seccomp: 0): ${because}` };
  if (!filter) return { who: 'the kernel', says: `has a filter, of which more is not known (${type})` };
  const passing = notableCallsByCategory().filter(
    ({ name }) => filter.passes(filter.native, name) !== 'never',
  );
  const names = passing.map(({ name }) => name);
  const told =
    names.length === 0 ? 'none' : names.slice(0, MOST).join(', ') + (names.length > MOST ? ', …' : '');
  return {
    who: 'the kernel',
    says: `has a filter (Seccomp: 2); of what attackers like it lets pass: ${told}`,
  };
}
