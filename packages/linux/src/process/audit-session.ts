import { readFileSync, writeFileSync } from 'node:fs';

/** Of this thread: processes inherit it from the thread that starts them. */
const LOGINUID = '/proc/thread-self/loginuid';
const SESSION = '/proc/thread-self/sessionid';
/** What both are before anybody has logged in. */
const UNSET = 0xffff_ffff;

/**
 * Runs what starts processes, so that they and their descendants are in an audit session of their own, until one of them
 * logs somebody in: its number stands in every record of them, whatever becomes of them and of their pids. Later sessions
 * have larger numbers. undefined where the kernel gives none, as when who has logged in may not be changed any more.
 */
export function inAuditSession<T>(start: (session: number | undefined) => T): T {
  const before = uidBefore();
  const session = before === undefined ? undefined : newSession(before);
  try {
    return start(session);
  } finally {
    if (session !== undefined) writeUid(before!);
  }
}

/** Writing who has logged in begins a new session (kernel/audit.c: audit_set_loginuid). */
function newSession(before: number): number | undefined {
  const uid = before === UNSET ? (process.getuid?.() ?? 0) : before;
  if (!writeUid(uid)) return undefined;
  const session = Number(readFileSync(SESSION, 'latin1'));
  return session === UNSET ? undefined : session;
}

function uidBefore(): number | undefined {
  try {
    return Number(readFileSync(LOGINUID, 'latin1'));
  } catch {
    return undefined;
  }
}

function writeUid(uid: number): boolean {
  try {
    writeFileSync(LOGINUID, String(uid));
    return true;
  } catch {
    return false;
  }
}
