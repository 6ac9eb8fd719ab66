import type { Asked } from '@callgate/engine/internal/edit/amend';
import type { Condition, Operator } from '@callgate/engine/internal/profile/profile';
import { printable } from '@callgate/engine/internal/report/words';
import { parseArgument, prototypeOf } from '@callgate/engine/internal/syscalls/arguments';
import { isKnownName } from '@callgate/engine/internal/syscalls/lookup';
import { CliFailure } from '../context.ts';
import { noSuchCall } from '../load/system-call.ts';

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

/** Calls as people ask for them: "read,write", or one with conditions: "socket=family==AF_UNIX and type & 0xf == 1". */
export function callsAsked(text: string, kind: Asked['kind']): Asked[] {
  const at = text.indexOf('=');
  if (at < 0) return [{ names: text.split(',').map(callNamed), kind, conditions: [] }];
  if (kind === 'deny')
    throw new CliFailure('--deny takes names of calls: with conditions say which are to pass (--allow)');
  const name = callNamed(text.slice(0, at));
  const parts = text.slice(at + 1).split(/\band\b|&&/);
  return [{ names: [name], kind, conditions: parts.map((part) => conditionOf(name, part)) }];
}

function callNamed(name: string): string {
  const bare = name.trim();
  if (!isKnownName(bare)) throw noSuchCall(bare);
  return bare;
}

function conditionOf(call: string, text: string): Condition {
  const [, argument, mask, operator, value] = CONDITION.exec(text) ?? [];
  const number = value === undefined ? undefined : parseArgument(value);
  const bits = mask === undefined ? undefined : parseArgument(mask);
  const index = argument === undefined ? -1 : indexOf(call, argument);
  const isMasked = mask !== undefined;
  if (number === undefined || (isMasked && (bits === undefined || operator !== '==')) || index < 0)
    throw new CliFailure(
      `"${printable(text.trim())}" is no condition on ${call}; write it as family==AF_UNIX, or flags&0xff==1 (see: callgate syscall ${call})`,
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
