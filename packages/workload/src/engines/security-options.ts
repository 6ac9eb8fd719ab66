import type { Tree } from '@callgate/engine/internal/source/tree';
import type { EngineContainer, NamedProfile } from './engine-container.ts';

/** What a list of security options says about seccomp and new privileges. */
export type SecurityOptions = Pick<EngineContainer, 'named' | 'overridden' | 'noNewPrivs'>;

/** Reads options such as seccomp=FILE and seccomp:unconfined; the last one for seccomp counts. Source: moby's daemon, docker's cli. */
export function securityOptions(items: readonly Tree[], isInspected: boolean): SecurityOptions {
  const texts = items.flatMap((item) => (item.kind === 'string' ? [item] : []));
  const options = texts.flatMap(({ value, span }) => {
    const [, key, text] = /^([\w-]+)(?:[=:](.*))?$/s.exec(value) ?? [];
    return key === undefined ? [] : [{ key, text: text ?? '', span }];
  });
  const named = options.filter(({ key }) => key === 'seccomp');
  const last = named.at(-1);
  return {
    named: last ? profileOf(last, isInspected) : { kind: 'default' },
    overridden: named.slice(0, -1).map(({ span }) => span),
    noNewPrivs: options.some(({ key, text }) => key === 'no-new-privileges' && text !== 'false'),
  };
}

/** What the daemon was given is a text of JSON; what it is to be given is the path of one. */
function profileOf(
  { text, span }: { readonly text: string; readonly span: EngineContainer['span'] },
  isInspected: boolean,
): NamedProfile {
  if (text === 'unconfined') return { kind: 'none' };
  if (text === 'builtin' || (text === 'default' && isInspected)) return { kind: 'default' };
  return isInspected && /^\s*\{/.test(text)
    ? { kind: 'inline', text, span }
    : { kind: 'file', path: text, span };
}
