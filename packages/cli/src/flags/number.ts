import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure } from '../context.ts';

/** A whole number from 1 that a flag takes. */
export function natural(text: string, flag: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new CliFailure(`${flag} takes a number of 1 or more, not "${printable(text)}"`);
  return Number(text);
}
