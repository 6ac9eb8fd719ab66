import { printable } from '@callgate/engine/internal/report/words';
import type { Change } from './changes.ts';
import type { Path } from './plain.ts';
import type { SecuredObject } from './secure.ts';
import { called } from './secure-pod.ts';

const DONE: Readonly<Record<Change['kind'], string>> = {
  add: 'added',
  replace: 'changed',
  remove: 'removed',
};

/** What was changed in an object, a line each: "Deployment web: added spec.template.spec.securityContext". */
export function changeLines({ object, changes }: SecuredObject): string[] {
  return changes.map(({ kind, path }) => `${called(object)}: ${DONE[kind]} ${dotted(path)}`);
}

/** A path as people write it, fit to be printed. */
export function dotted(path: Path): string {
  const steps = path.map((step, i) => {
    if (typeof step === 'number') return `[${step}]`;
    if (!/^[\w<-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
    return i === 0 ? step : `.${step}`;
  });
  return printable(steps.join(''));
}
