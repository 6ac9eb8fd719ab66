import type { Carrier, CarrierReading } from './carrier.ts';
import { firejail } from './firejail.ts';
import { kafel } from './kafel.ts';
import { lxc } from './lxc.ts';
import { minijail } from './minijail.ts';
import { snap } from './snap.ts';
import { systemd } from './systemd.ts';

/** The lists of other sandboxes, those first that are told from others most surely. */
export const LIST_CARRIERS: readonly Carrier[] = [systemd, lxc, kafel, minijail, firejail, snap];

/** A longer text is none that people write, and is not looked through; one of these has some kilobytes. */
const MOST_CHARACTERS = 1 << 18;
const MOST_LINES = 10_000;

/** The list that a text is, and what it says; undefined where it is none. */
export function readListCarrier(
  text: string,
  fileName: string,
): { readonly carrier: Carrier; readonly reading: CarrierReading } | undefined {
  if (isTooLong(text) || isDocument(text)) return undefined;
  for (const carrier of LIST_CARRIERS) {
    const reading = carrier.read?.(text, fileName);
    if (reading) return { carrier, reading };
  }
  return undefined;
}

function isTooLong(text: string): boolean {
  if (text.length > MOST_CHARACTERS) return true;
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines > MOST_LINES;
}

/** Whether a text is JSON, or a YAML document with the keys of a profile or of what carries one. */
function isDocument(text: string): boolean {
  return /^\s*\{/.test(text) || /^[ \t"']*(?:defaultAction|apiVersion|kind)["']?[ \t]*:/im.test(text);
}
