import type { CallSet } from '../diagram/call-set.ts';
import { argument as argumentField, half } from '../diagram/fields.ts';
import type { Judged } from './judged.ts';

/** linux/personality.h */
export const ADDR_NO_RANDOMIZE = 0x4_0000n;
export const READ_IMPLIES_EXEC = 0x40_0000n;

/** This value only asks. */
const ASKS = 0xffff_ffff;

/** The arguments with which personality passes and sets a flag. */
export function passingPersonality(judged: Judged, flag: bigint): CallSet {
  const { diagram } = judged.policy;
  const [upper, lower] = [half(argumentField(0), 'high'), half(argumentField(0), 'low')];
  const sets = diagram.and(diagram.equals(upper, 0), diagram.not(diagram.equals(lower, ASKS)));
  return diagram.and(judged.passingWith(judged.native, 'personality', 0, flag, flag), sets);
}
