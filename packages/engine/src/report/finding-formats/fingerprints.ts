import type { Issue } from './issue.ts';

/**
 * For each issue 16 hexadecimal digits by which tools know it again after lines have moved: made of its code, its message and
 * its profile, and of how many like it come before it.
 */
export function fingerprints(issues: readonly Issue[]): string[] {
  const seen = new Map<string, number>();
  return issues.map(({ code, message, profile }) => {
    const key = [code, withoutLine(message), profile].join('\n');
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return hash(`${key}\n${before}`);
  });
}

/** Another place that a message names at its end moves, too. */
function withoutLine(message: string): string {
  return message.replace(/ \(see line \d+\)$/, '');
}

/** Two FNV-1a hashes of 32 bits with different starts; not for secrets. */
function hash(text: string): string {
  return [0x811c9dc5, 0x9747b28c].map((start) => hex(fnv1a(text, start))).join('');
}

function fnv1a(text: string, start: number): number {
  let value = start;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
