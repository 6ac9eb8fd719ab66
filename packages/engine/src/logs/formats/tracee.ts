import { type AbiName, abiOf } from '../../syscalls/arch.ts';
import { parseArgument } from '../../syscalls/arguments.ts';
import { nameOf, numberOf } from '../../syscalls/lookup.ts';
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
import { compatCall } from './tracee-compat.ts';

/**
 * Tracee's events. It says which tasks are 32-bit ones, and names their calls after the kernel's functions. What is no system call, such as
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
  const [told] = argumentsOf(event);
  const nr = asNumber(told);
  const compat = compatAbi(tally, event);
  // Of a 32-bit task it tells the number of the same call on the machine's own ABI, or one that it made up.
  const name = typeof told === 'string' && nr === undefined ? told : nameOf(tally.machine, nr ?? -1);
  if (compat && name) compatName(tally, compat, name, event);
  else if (compat || nr === undefined) tally.unread();
  else if (isNative(event)) tally.call(tally.machine, nr >>> 0, detailOf(event));
  else tally.number(nr >>> 0, detailOf(event));
}

/** Whether the event says that its task is none of 32 bits. */
function isNative({ contextFlags }: JsonObject): boolean {
  return asObject(contextFlags)?.isCompat === false;
}

/** The ABI of a task that the event says is one of 32 bits. */
function compatAbi({ machine }: LogTally, { contextFlags }: JsonObject): AbiName | undefined {
  if (asObject(contextFlags)?.isCompat !== true) return undefined;
  return abiOf(machine).subAbis.find((abi) => abi !== 'x32');
}

function compatName(tally: LogTally, abi: AbiName, name: string, event: JsonObject) {
  const nr = compatCall(abi, name);
  return nr === undefined ? undefined : tally.call(abi, nr, detailOf(event));
}

function count(tally: LogTally, event: JsonObject, name: string): void {
  const compat = compatAbi(tally, event);
  const entry = compat
    ? compatName(tally, compat, name, event)
    : isNative(event) && numberOf(tally.machine, name) !== undefined
      ? tally.named(tally.machine, name, detailOf(event))
      : tally.nameIfKnown(name, detailOf(event));
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
