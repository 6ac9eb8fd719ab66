import type { ActionKind } from '../bpf/action.ts';
import { errnoName } from '../syscalls/arguments.ts';

/** An action as people write it: ALLOW, ERRNO(EPERM), TRACE(7). */
export function formatAction(action: ActionKind, data: number): string {
  if (action === 'ERRNO') return `ERRNO(${errnoName(data) ?? data})`;
  return action === 'TRACE' || (action === 'TRAP' && data !== 0) ? `${action}(${data})` : action;
}
