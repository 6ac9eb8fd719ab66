import type { LaunchPlan } from '@callgate/linux/internal/launch/launch';
import type { Context } from '../context.ts';

/** Signals that Node takes back to their defaults when it starts; SIGKILL and SIGSTOP are never ignored. */
const LAST_SIGNAL = 31;

/** The plan with what callgate's caller handed on: a hexadecimal mask of ignored signals, then numbers of descriptors. */
export function withInherited({ inherited }: Context, plan: LaunchPlan): LaunchPlan {
  if (!/^[0-9a-f]{1,16}(?: \d{1,7})*$/.test(inherited ?? '')) return plan;
  const [mask, ...descriptors] = inherited!.split(' ');
  const isIgnored = (signal: number) => (BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n;
  const signals = Array.from({ length: LAST_SIGNAL }, (_, i) => i + 1);
  return {
    ...plan,
    inherited: { ignored: signals.filter(isIgnored), descriptors: descriptors.map(Number) },
  };
}
