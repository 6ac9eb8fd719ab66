import { quote } from '@callgate/engine/internal/source/tree';
import type { Section } from './section.ts';

/** Versions of the answer that differ in nothing that is read here. */
export const EXEC_VERSIONS: readonly string[] = [
  'client.authentication.k8s.io/v1',
  'client.authentication.k8s.io/v1beta1',
];

/** A program that gives the credentials of a user, as a kubeconfig names it. */
export interface ExecPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly installHint?: string;
  readonly wantsCluster: boolean;
  /** Whether it may ask somebody at the terminal. */
  readonly interactive: 'Never' | 'IfAvailable' | 'Always';
}

/** @param beside makes a path absolute; a command without "/" is looked for in PATH. */
export function execPlan(exec: Section, beside: (path: string) => string): ExecPlan {
  const command = exec.text('command') ?? exec.fault('must have a command');
  const apiVersion = exec.text('apiVersion') ?? '';
  if (!EXEC_VERSIONS.includes(apiVersion))
    exec.fault(`has the apiVersion ${quote(apiVersion)}; those that work are ${EXEC_VERSIONS.join(', ')}`);
  const variables = exec.sections('env').map((one) => [one.text('name') ?? '', one.text('value') ?? '']);
  return {
    command: command.includes('/') ? beside(command) : command,
    args: exec.texts('args'),
    env: Object.fromEntries(variables),
    apiVersion,
    installHint: exec.text('installHint'),
    wantsCluster: exec.flag('provideClusterInfo'),
    interactive: interactiveOf(exec),
  };
}

function interactiveOf(exec: Section): ExecPlan['interactive'] {
  const mode = exec.text('interactiveMode') ?? 'IfAvailable';
  if (mode !== 'Never' && mode !== 'IfAvailable' && mode !== 'Always')
    exec.fault(`has the interactiveMode ${quote(mode)}; there are Never, IfAvailable and Always`);
  return mode;
}
