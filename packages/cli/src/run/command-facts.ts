import { rowDocument } from '@callgate/engine/internal/report/denied-calls';
import type { DenialRow } from '@callgate/engine/internal/watch/denial-table';

/** What a command of --exec finds in its environment; what is not known is empty. */
export function commandFacts(row: DenialRow): Readonly<Record<string, string>> {
  const { place } = row;
  const { id, engine, name, pod, namespace } =
    place.kind === 'container' ? place : { id: '', engine: '', name: '', pod: '', namespace: '' };
  const { syscall, action, errno, denied, last } = rowDocument(row);
  const facts = {
    PLACE: place.kind,
    CONTAINER: name ?? id,
    ENGINE: engine,
    ID: id,
    POD: pod,
    NAMESPACE: namespace,
    SYSCALL: syscall ?? row.nr,
    NR: row.nr,
    ARCH: row.arch,
    ACTION: action,
    ERRNO: errno,
    DENIED: denied ? 1 : 0,
    COMM: row.comm,
    PID: row.pid,
    TIME: last,
  };
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [
      `CALLGATE_${key}`,
      String(value ?? '').replaceAll('\0', ''),
    ]),
  );
}
