import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure } from '../context.ts';
import { milliseconds } from './milliseconds.ts';

const LOOPBACK = '127.0.0.1';

/** Where to listen: ":9100" or "9100" is loopback; "0.0.0.0:9100" and "[::]:9100" are what they say. */
export function metricsAddress(text: string): { readonly host: string; readonly port: number } {
  const found = /^(?:(?:([\w.-]+)|\[([0-9a-f:.]+)\])?:)?(\d{1,5})$/i.exec(text);
  const port = Number(found?.[3]);
  if (!found || port > 65_535)
    throw new CliFailure(`--metrics takes :PORT or ADDRESS:PORT, not "${printable(text)}"`);
  return { host: found[1] ?? found[2] ?? LOOPBACK, port };
}

/** A moment: so long ago (10m), or a date and time as ISO 8601 writes it. Milliseconds since 1970. */
export function momentOf(text: string): number {
  if (/^\d{1,9}(ms|s|m|h)?$/.test(text)) return Date.now() - milliseconds(text);
  const moment = /^\d{4}-\d\d-\d\d/.test(text)
    ? Date.parse(text.replace(/^(\d{4}-\d\d-\d\d) /, '$1T'))
    : Number.NaN;
  if (Number.isNaN(moment))
    throw new CliFailure(`"${printable(text)}" is no moment; write it as 10m, 2h or 2026-01-31T12:00`);
  return moment;
}
