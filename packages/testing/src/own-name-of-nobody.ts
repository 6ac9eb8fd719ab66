import { ownName } from '@callgate/linux/internal/leavings/own-name';

/** A name that a callgate gave which has ended: this process's number, and a start long ago. */
export function ownNameOfNobody(kind: string): string {
  return ownName(kind).replace(/^(callgate-\d+)-\d+/, '$1-1');
}
