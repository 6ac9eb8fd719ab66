import type { Style } from '@callgate/engine/internal/report/style';
import pc from 'picocolors';
import type { Output } from '../context.ts';

/** Colours on a terminal, unless NO_COLOR forbids them. */
export function styleFor(output: Output, env: NodeJS.ProcessEnv): Style {
  return pc.createColors(output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
}
