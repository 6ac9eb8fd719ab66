import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure } from '../context.ts';

/** 500ms, 30s, 5m or 1h. */
export function milliseconds(text: string): number {
  const found = /^(\d{1,9})(ms|s|m|h)?$/.exec(text);
  if (!found) throw new CliFailure(`"${printable(text)}" is no time; write it as 30s, 5m or 1h`);
  return Number(found[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[found[2] ?? 's']!;
}
