import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { printable } from '@callgate/engine/internal/report/words';
import { ENGINES, NoSuchContainer } from '@callgate/linux/internal/container/container-engine';
import { runningContainer } from '@callgate/linux/internal/container/containers';
import { thisMachine } from '@callgate/linux/internal/machine';
import { FiltersUnreadable, readFilters } from '@callgate/linux/internal/process/live-filters';
import { processStatus } from '@callgate/linux/internal/process/processes';
import { strictModeProgram } from '@callgate/linux/internal/process/strict-mode';
import { CliFailure } from '../context.ts';

/** What a running process is under. */
export interface LiveFilters {
  readonly pid: number;
  readonly mode: 'none' | 'strict' | 'filter';
  /** How many filters the kernel holds; none in strict mode. */
  readonly filters: number;
  /** The newest first; of strict mode one that decides as it does. */
  readonly programs: readonly Program[];
}

/** How running things are named, for --help. */
export const LIVE_HELP = `pid:N, ${ENGINES.map((engine) => `${engine}:NAME`).join(', ')}`;

const LIVE = new RegExp(`^(pid|${ENGINES.join('|')}):(.*)$`, 's');

/** Whether a name is that of something that runs. */
export function isLive(name: string): boolean {
  return LIVE.test(name);
}

/** The filters of the process that pid:N, or ENGINE:NAME for a container's first one, names; undefined for other names. */
export async function liveFilters(name: string): Promise<LiveFilters | undefined> {
  const match = LIVE.exec(name);
  if (!match) return undefined;
  const [, kind, which] = match;
  try {
    const engine = ENGINES.find((e) => e === kind);
    return filtersOf(engine ? (await runningContainer(engine, which)).pid : pidOf(which));
  } catch (fault) {
    if (fault instanceof FiltersUnreadable || fault instanceof NoSuchContainer)
      throw new CliFailure(printable(fault.message));
    throw fault;
  }
}

function filtersOf(pid: number): LiveFilters {
  if (modeOf(pid) === 'strict')
    return { pid, mode: 'strict', filters: 0, programs: [strictModeProgram(thisMachine().abi)] };
  const programs = readFilters(pid);
  return { pid, mode: programs.length > 0 ? 'filter' : 'none', filters: programs.length, programs };
}

/** readFilters says it when there is no such process. */
function modeOf(pid: number): 'strict' | undefined {
  try {
    return processStatus(pid).seccomp === 1 ? 'strict' : undefined;
  } catch {
    return undefined;
  }
}

function pidOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliFailure(`"${printable(text)}" is no process id; write it as pid:1234`);
}
