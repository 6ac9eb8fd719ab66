import type { RuntimeDefault } from '@callgate/engine/internal/build/runtime-default';
import { notable } from '@callgate/engine/internal/syscalls/notable';
import type { Found } from '../findings/finding-maker.ts';
import { type JudgedContainer, type JudgedPod, workloadName } from './judged-pod.ts';

/** What capabilities do to the default profile of the runtime, and what they would do if they were spelled right. */
export function capabilityFindings(judged: JudgedPod, usual: RuntimeDefault | undefined): Found[] {
  return judged.containers.flatMap((container) => [
    ...unknownCapabilities(judged, container),
    ...widening(judged, container, usual),
  ]);
}

function unknownCapabilities(
  { pod, node }: JudgedPod,
  { container, capabilities, effective }: JudgedContainer,
): Found[] {
  if (effective.type === 'NeverRuns') return [];
  return capabilities.unknown.map(({ name, span }) => ({
    code: 'capability-unknown' as const,
    severity: 'medium' as const,
    message: `${workloadName(pod)}: ${node.runtime} knows no capability "${name}": container "${container.site.name}" does not get it, and the default profile is not widened by it`,
    span,
    fix: /^cap_/i.test(name) ? `write ${name.slice('CAP_'.length)}, without the prefix` : undefined,
  }));
}

function widening(
  { pod, node }: JudgedPod,
  { container, capabilities, effective }: JudgedContainer,
  usual: RuntimeDefault | undefined,
): Found[] {
  if (effective.type !== 'RuntimeDefault' || !usual) return [];
  return container.added.flatMap(({ name, span }): Found[] => {
    const isAll = name.toUpperCase() === 'ALL';
    const words = openedCalls(usual, isAll ? capabilities.bounding : [name]);
    if (words === undefined || !(isAll || capabilities.bounding.includes(capOf(name)))) return [];
    return [
      {
        code: 'capability-widens',
        severity: 'medium',
        message: `${workloadName(pod)}: ${name} in the bounding set of container "${container.site.name}" widens the default profile of ${node.runtime} by ${words}`,
        span,
        fix: `drop ${name} if it is not needed, or name a profile of your own`,
      },
    ];
  });
}

function capOf(name: string): string {
  const upper = name.toUpperCase();
  return upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

/** So many calls are told. */
const MOST = 12;

/** The calls that a default allows for the sake of capabilities alone, in words; undefined where there is none. */
export function openedCalls(usual: RuntimeDefault, names: readonly string[]): string | undefined {
  const opened = openedBy(usual, names.map(capOf));
  if (opened.length === 0) return undefined;
  const liked = opened.filter((call) => notable(call) !== undefined);
  const told = (liked.length > 0 ? liked : opened).slice(0, MOST);
  const more = opened.length > told.length ? ', …' : '';
  return `${opened.length} calls, whichever user runs it: ${told.join(', ')}${more}`;
}

function openedBy({ profile }: RuntimeDefault, capabilities: readonly string[]): string[] {
  const isFor = (caps: readonly { readonly value: string }[]) =>
    caps.some(({ value }) => capabilities.includes(value));
  const opened = profile.rules.filter(
    ({ action, includes }) => action.value === 'ALLOW' && includes !== undefined && isFor(includes.caps),
  );
  return [...new Set(opened.flatMap(({ names }) => names.map(({ value }) => value)))].sort();
}
