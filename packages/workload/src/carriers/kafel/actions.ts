import type { ListedAction } from '../list/listed-profile.ts';

/** kafel's actions, and whether a number in parentheses belongs to them. */
export const ACTIONS: Readonly<
  Record<string, { readonly name: ListedAction['name']; readonly takesNumber?: true }>
> = {
  ALLOW: { name: 'ALLOW' },
  LOG: { name: 'LOG' },
  KILL: { name: 'KILL' },
  KILL_THREAD: { name: 'KILL_THREAD' },
  DENY: { name: 'KILL' },
  KILL_PROCESS: { name: 'KILL_PROCESS' },
  USER_NOTIF: { name: 'NOTIFY' },
  ERRNO: { name: 'ERRNO', takesNumber: true },
  TRAP: { name: 'TRAP', takesNumber: true },
  TRACE: { name: 'TRACE', takesNumber: true },
};
