import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { askedCall } from '@callgate/engine/internal/analysis/asked-call';
import { worthOf } from '@callgate/engine/internal/recording/worthwhile-arguments';
import { printable } from '@callgate/engine/internal/report/words';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { denialsInLog } from '@callgate/engine/internal/why/denials-in-log';
import type { CallingProgram, DeniedCall, Outcome } from '@callgate/engine/internal/why/denied-call';
import { type ErrorText, readErrorLines, readErrorText } from '@callgate/engine/internal/why/error-text';
import type { InspectedContainer } from '@callgate/linux/internal/container/inspect-container';
import { pastRecords } from '@callgate/linux/internal/kernel-log/past-records';
import { processOf, treeOf } from '@callgate/linux/internal/process/processes';
import { CliFailure } from '../context.ts';

/** Calls one of which was refused; the log tells the one, an error text several that it can have been. */
export interface ToldDenial {
  readonly suspects: readonly DeniedCall[];
  /** Where it was told, a sentence each. */
  readonly evidence: readonly string[];
  /** It is taken for the container's because of its time alone. */
  readonly isByTime?: true;
}

/** What a text tells of denials. */
export interface ToldText {
  readonly denials: readonly ToldDenial[];
  /** What it says beside that, a sentence each. */
  readonly notes: readonly string[];
  /** It tells of SIGSYS. */
  readonly isSigsys?: true;
  /** How a call ended of which it tells no more. */
  readonly unnamed?: Outcome;
}

/** Reads a kernel log or an error text; undefined where it is neither. */
export function toldByText(text: string, machine: AbiName, abi: AbiName): ToldText | undefined {
  const log = denialsInLog(Buffer.from(text, 'utf8').toString('latin1'), machine);
  if (log && log.calls.length > 0)
    return {
      denials: log.calls.map((call) => ({ suspects: [call], evidence: [] })),
      notes: log.more > 0 ? [`${log.more} more are left out`] : [],
    };
  const error = readErrorText(text);
  return error && toldByError(error, abi);
}

/** The failures that the output of a program tells of, each call once. */
export function toldByOutput(text: string, abi: AbiName): ToldDenial[] {
  const seen = new Set<string>();
  return readErrorLines(text)
    .flatMap((error) => (error.calls.length > 0 ? toldByError(error, abi).denials : []))
    .filter(({ suspects }) => {
      const key = suspects.map(({ nr }) => nr).join();
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, MOST_ERRORS);
}

const MOST_ERRORS = 8;

function toldByError(error: ErrorText, abi: AbiName): ToldText {
  const { calls, named, outcome, known, line, isPlain } = error;
  const suspects = calls.flatMap((name): DeniedCall[] => {
    const nr = numberOf(abi, name);
    if (nr === undefined) return [];
    const isTold = named?.args.every((value, i) => value !== undefined || !worthOf(name)?.[i]);
    const args = isTold ? Array.from({ length: 6 }, (_, i) => named?.args[i] ?? 0n) : undefined;
    return [
      {
        arch: abi,
        nr,
        name,
        ...(args && { args }),
        ...(isPlain && { isPlain }),
        outcome: outcome ?? { kind: 'unknown' },
        times: 1,
        program: {},
      },
    ];
  });
  const evidence = [`“${printable(line.trim())}”`];
  if (suspects.length === 0) {
    if (outcome?.kind === 'sigsys') return { denials: [], notes: evidence, isSigsys: true };
    return { denials: [], notes: known ? [known.meaning] : [], ...(!known && { unnamed: outcome }) };
  }
  return { denials: [{ suspects, evidence: [...evidence, ...(known ? [known.meaning] : [])] }], notes: [] };
}

/** A call as somebody names it: "socket AF_VSOCK SOCK_STREAM", or a number. */
export function toldByName(text: string, abi: AbiName, outcome: Outcome): ToldDenial {
  const [name, ...args] = text
    .trim()
    .split(/[\s,()]+/)
    .filter((word) => word !== '');
  const asked = askedCall(name ?? '', args, abiOf(abi));
  if ('fault' in asked)
    throw new CliFailure(
      `--call: "${printable(text)}" is no system call of ${abi} with arguments such as “socket AF_VSOCK”`,
    );
  const { nr, name: known } = asked;
  const call = { arch: abi, nr, name: known, outcome, times: 1, program: {} };
  return { suspects: [args.length > 0 ? { ...call, args: asked.args } : call], evidence: [] };
}

/** What the kernel's logs still have of some processes, within a time; seconds since 1970. */
export function toldByKernel(
  machine: AbiName,
  isMeant: (program: CallingProgram, time: number | undefined) => boolean,
): { readonly denials: readonly ToldDenial[]; readonly sources: readonly string[] } {
  const logs = pastRecords();
  const denials = logs.flatMap(({ source, text }) => {
    const kept = text.split('\n').filter((line) => {
      const [call] = denialsInLog(line, machine)?.calls ?? [];
      return call !== undefined && isMeant(call.program, timeOf(call));
    });
    const log = kept.length > 0 ? denialsInLog(kept.join('\n'), machine) : undefined;
    return (log?.calls ?? []).map((call): ToldDenial => {
      const isAliveStill = call.program.pid !== undefined && processOf(call.program.pid) !== undefined;
      return { suspects: [call], evidence: [source], ...(!isAliveStill && { isByTime: true }) };
    });
  });
  return { denials, sources: logs.map(({ source }) => source) };
}

/** When a call was refused, in seconds since 1970. */
export function timeOf({ time }: DeniedCall): number | undefined {
  const seconds = /^(\d{9,11}\.\d{3})/.exec(time ?? '');
  return seconds ? Number(seconds[1]) : undefined;
}

/** Engines say that a container has started when it has already run for a while, and that it has ended soon after; in seconds. */
const BEFORE = 1.5;
const AFTER = 0.2;

/** Whether something that ran from and to these milliseconds can have made a record at that second. */
export function wasRunning(time: number, from: number, to: number | undefined): boolean {
  return time >= from / 1000 - BEFORE && (to === undefined || time <= to / 1000 + AFTER);
}

/** Whether a record can be of a container: of a process of it that lives, or by its time and its file of one that has ended. */
export function isOfContainer({ startedAt, finishedAt, pid: first, isRunning }: InspectedContainer) {
  const pids = new Set(first === undefined ? [] : treeOf(first));
  return ({ pid, exe }: CallingProgram, time: number | undefined): boolean => {
    if (pid !== undefined && pids.has(pid)) return true;
    if (time === undefined || startedAt === undefined) return false;
    if (!wasRunning(time, startedAt, isRunning ? undefined : finishedAt)) return false;
    // A program that is no file any more was hardly started by an engine, and a process that lives is of another one.
    if (exe?.endsWith(' (deleted)')) return false;
    if (pid !== undefined && processOf(pid) !== undefined) return false;
    return !isRunning || (exe !== undefined && first !== undefined && isInRoot(first, exe));
  };
}

function isInRoot(pid: number, exe: string): boolean {
  return exe.startsWith('/') && existsSync(join(`/proc/${pid}/root`, exe));
}
