import { parseArgument } from '../../syscalls/arguments.ts';
import type { LogTally } from '../log-tally.ts';
import {
  asNumber,
  asObject,
  asText,
  eachObject,
  type JsonObject,
  type LogFormat,
  parseObject,
} from './log-format.ts';

/**
 * Tracee's events. It names a 32-bit call after the 64-bit one of its effect, so no ABI is sure. What is no system call, such as
 * sched_process_exec, is passed over.
 */
export const tracee: LogFormat = {
  id: 'tracee',
  about: 'Tracee with JSON output',
  recognises: (line) => typeof parseObject(line)?.eventName === 'string',
  reader: (tally) =>
    eachObject(tally, (event) => {
      const name = asText(event.eventName);
      if (name === '') ownLog(tally, event);
      else if (name === 'sys_enter') number(tally, event);
      else count(tally, event, name);
    }),
};

function ownLog(tally: LogTally, { msg }: JsonObject): void {
  const lost = /^Lost (\d{1,15}) events/i.exec(asText(msg));
  if (lost) tally.lost(Number(lost[1]));
  else if (typeof msg !== 'string') tally.unread();
}

function number(tally: LogTally, event: JsonObject): void {
  const nr = asNumber(argumentsOf(event)[0]);
  if (nr === undefined) tally.unread();
  else tally.number(nr >>> 0, detailOf(event));
}

function count(tally: LogTally, event: JsonObject, name: string): void {
  const entry = tally.nameIfKnown(name, detailOf(event));
  if (tally.wantsArguments) tally.arguments(entry, argumentsOf(event).map(argumentValue));
}

function detailOf(event: JsonObject) {
  return { process: () => asText(event.processName), time: () => String(event.timestamp ?? '') };
}

function argumentsOf({ args }: JsonObject): unknown[] {
  return Array.isArray(args) ? args.slice(0, 6).map((argument) => asObject(argument)?.value) : [];
}

function argumentValue(value: unknown): bigint | undefined {
  if (Number.isSafeInteger(value)) return BigInt.asUintN(64, BigInt(value as number));
  return typeof value === 'string' ? parseArgument(value) : undefined;
}
