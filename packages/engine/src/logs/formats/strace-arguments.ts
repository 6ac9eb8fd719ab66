import { worthOf } from '../../recording/worthwhile-arguments.ts';
import { parseArgument, prototypeOf } from '../../syscalls/arguments.ts';

/** Nothing that matters is longer. */
const LONGEST = 512;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * The arguments that matter of a call as strace prints them: numbers, names, names joined by |, and numbers with a
 * comment (-X verbose). What is none of these is undefined.
 */
export function straceArguments(name: string, text: string): (bigint | undefined)[] {
  const worth = worthOf(name);
  if (!worth) return [];
  const parts = topLevel(text);
  const prototype = prototypeOf(name) ?? [];
  return worth.map((wanted, i) => (wanted ? argumentValue(partOf(parts, i, prototype[i]?.name)) : undefined));
}

/** clone prints its arguments with names and in an order of its own. */
function partOf(parts: readonly string[], index: number, name: string | undefined): string | undefined {
  const named = name && parts.find((part) => part.startsWith(`${name.replace(/^clone_/, '')}=`));
  return named ? named.slice(named.indexOf('=') + 1) : parts[index];
}

function argumentValue(part: string | undefined): bigint | undefined {
  const text = part
    ?.slice(0, LONGEST)
    .replace(/\/\*.*?\*\//g, '')
    .trim();
  return text === undefined || text === '' ? undefined : parseArgument(text);
}

/** The parts between commas that no bracket or string holds, up to the call's closing bracket. */
function topLevel(text: string): string[] {
  const parts: string[] = [];
  const open: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '"') at = endOfString(text, at);
    else if (c in CLOSING) open.push(CLOSING[c]);
    else if (open.length > 0) {
      if (c === open.at(-1)) open.pop();
    } else if (c === ',' || c === ')') {
      parts.push(text.slice(from, at).trim());
      if (c === ')') return parts;
      from = at + 1;
    }
  }
  return parts;
}

function endOfString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\') end++;
    else if (text[end] === '"') return end;
  }
  return text.length;
}
