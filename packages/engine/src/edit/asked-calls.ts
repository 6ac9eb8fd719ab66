import type { Condition, Operator } from '../profile/profile.ts';
import { escapedCharacter, replaceUnprintable } from '../source/unprintable.ts';
import { parseArgument, prototypeOf } from '../syscalls/arguments.ts';
import { isKnownName } from '../syscalls/lookup.ts';
import { meantCall } from '../syscalls/meant-call.ts';

/** Calls, and with which arguments they are meant. */
export interface AskedCalls {
  readonly names: readonly string[];
  /** All of them have to hold; without any, whatever the arguments are. */
  readonly conditions: readonly Condition[];
  /** The conditions as they were written. */
  readonly condition?: string;
}

/** What was asked for cannot be read; the message says why, and how it is written. */
export class NotUnderstood extends Error {}

const OPERATORS: Readonly<Record<string, Operator>> = {
  '==': 'EQ',
  '!=': 'NE',
  '<=': 'LE',
  '>=': 'GE',
  '<': 'LT',
  '>': 'GT',
};
const CONDITION = /^\s*(\w+)\s*(?:&\s*([\w|]+)\s*)?(==|!=|<=|>=|<|>)\s*([-\w|]+)\s*$/;
const NOWHERE = { start: 0, end: 0 };
const ARGUMENTS = 6;

/**
 * Calls as people ask for them: "read,write", or one with conditions: "socket=family==AF_UNIX and type & 0xf == 1". Throws
 * NotUnderstood.
 */
export function parseAskedCalls(text: string): AskedCalls {
  const at = text.indexOf('=');
  if (at < 0) return { names: text.split(',').map(callNamed), conditions: [] };
  const name = callNamed(text.slice(0, at));
  const parts = text.slice(at + 1).split(/\band\b|&&/);
  return {
    names: [name],
    conditions: parts.map((part) => conditionOf(name, part)),
    condition: shown(text.slice(at + 1).trim()),
  };
}

function callNamed(name: string): string {
  const bare = name.trim();
  if (isKnownName(bare)) return bare;
  const meant = meantCall(bare);
  throw new NotUnderstood(
    `there is no system call "${shown(bare)}"${meant ? `; did you mean ${meant}?` : ''}`,
  );
}

function conditionOf(call: string, text: string): Condition {
  const [, argument, mask, operator, value] = CONDITION.exec(text) ?? [];
  const number = value === undefined ? undefined : parseArgument(value);
  const bits = mask === undefined ? undefined : parseArgument(mask);
  const index = argument === undefined ? -1 : indexOf(call, argument);
  const isMasked = mask !== undefined;
  if (number === undefined || (isMasked && (bits === undefined || operator !== '==')) || index < 0)
    throw new NotUnderstood(
      `"${shown(text.trim())}" is no condition on ${call}; write it as family==AF_UNIX, or flags&0xff==1 (see: callgate syscall ${call})`,
    );
  return isMasked
    ? { argument: index, operator: 'MASKED_EQ', value: bits!, valueTwo: number, span: NOWHERE }
    : { argument: index, operator: OPERATORS[operator], value: number, valueTwo: 0n, span: NOWHERE };
}

/** An argument by its name, or its number from 0; -1 for none. */
function indexOf(call: string, argument: string): number {
  if (/^\d$/.test(argument)) return Number(argument) < ARGUMENTS ? Number(argument) : -1;
  return prototypeOf(call)?.findIndex(({ name }) => name === argument) ?? -1;
}

function shown(text: string): string {
  return replaceUnprintable(text.slice(0, 60), escapedCharacter);
}
