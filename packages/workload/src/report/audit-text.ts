import type { Style } from '@callgate/engine/internal/report/style';
import { plural, printableInPlace } from '@callgate/engine/internal/report/words';
import type { AuditedContainer } from '../audit/audit.ts';
import type { EffectiveType } from '../kubernetes/effective-profile.ts';

/** More containers are counted, those that run without a filter are all told first. */
const MOST = 60;

/** What people call each. */
const WORDS: Readonly<Record<EffectiveType, string>> = {
  RuntimeDefault: 'default',
  Localhost: 'file',
  Unconfined: 'NO FILTER',
  NeverRuns: 'never runs',
  Unknown: 'unknown',
};
const PAINT: Readonly<Record<EffectiveType, 'green' | 'red' | 'yellow' | 'dim'>> = {
  RuntimeDefault: 'green',
  Localhost: 'green',
  Unconfined: 'red',
  NeverRuns: 'yellow',
  Unknown: 'dim',
};

/** Which filter each container gets, and why: a line for each below the name of its workload. */
export function containersText(style: Style, containers: readonly AuditedContainer[]): string {
  const shown = containers.slice(0, MOST);
  const width = Math.max(0, ...shown.map(({ container }) => Math.min(30, container.length)));
  const lines: string[] = [];
  let last = '';
  for (const one of shown) {
    const workload = titleOf(one);
    const isItself = /^(?:service|container)\//.test(one.workload) || one.workload === one.container;
    if (workload !== last && !isItself)
      lines.push(`${style.bold(workload)}  ${style.dim(`${one.file}:${one.line}`)}`);
    last = workload;
    lines.push(`${isItself ? '' : '  '}${containerText(style, one, width)}`);
  }
  const more = containers.length - shown.length;
  if (more > 0) lines.push(style.dim(`… and ${plural(more, 'container')} more; --json has all of them`));
  return lines.length > 0 ? `${lines.join('\n')}\n\n` : '';
}

function titleOf({ workload, namespace }: AuditedContainer): string {
  return printableInPlace(namespace === undefined ? workload : `${workload} in ${namespace}`);
}

function containerText(
  style: Style,
  { container, role, effective }: AuditedContainer,
  width: number,
): string {
  const name = printableInPlace(container.length > 30 ? `${container.slice(0, 29)}…` : container).padEnd(
    width,
  );
  const { type, profile, because } = effective;
  const word = style[PAINT[type]](WORDS[type].padEnd(10));
  const file = type === 'Localhost' ? `${profile}: ` : '';
  const what = role === 'container' ? '' : `${role}; `;
  const why = printableInPlace(`${what}${file}${because}`);
  return `${name}  ${word}  ${why.length > 160 ? `${why.slice(0, 159)}…` : why}`;
}

/** How many containers get what, in a sentence. */
export function countsText(containers: readonly AuditedContainer[]): string {
  const counts = (['Unconfined', 'RuntimeDefault', 'Localhost', 'NeverRuns', 'Unknown'] as const).flatMap(
    (type) => {
      const count = containers.filter(({ effective }) => effective.type === type).length;
      return count > 0 ? [`${count} ${COUNTED[type]}`] : [];
    },
  );
  return `${plural(containers.length, 'container')}: ${counts.join(', ')}`;
}

const COUNTED: Readonly<Record<EffectiveType, string>> = {
  Unconfined: 'without a filter',
  RuntimeDefault: "with the runtime's default",
  Localhost: 'with a file',
  NeverRuns: 'that never run',
  Unknown: 'of which others decide',
};
