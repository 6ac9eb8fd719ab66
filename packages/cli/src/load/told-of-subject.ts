import { basename } from 'node:path';
import { listed, printable } from '@callgate/engine/internal/report/words';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { nameOf } from '@callgate/engine/internal/syscalls/lookup';
import { type Contemporary, contemporariesOf } from '@callgate/linux/internal/container/contemporaries';
import {
  containerOutput,
  type InspectedContainer,
} from '@callgate/linux/internal/container/inspect-container';
import { callInProgress, commOf, isAlive, treeOf } from '@callgate/linux/internal/process/processes';
import {
  isOfContainer,
  type ToldDenial,
  type ToldText,
  timeOf,
  toldByKernel,
  toldByOutput,
  toldByText,
  wasRunning,
} from './told-denials.ts';

/** Lines of a container's output that are looked at. */
const OUTPUT_LINES = 200;

/** What the kernel's log, the engine and its own output tell of a container; where it is told already, only how it is. */
export async function toldOfContainer(
  container: InspectedContainer,
  machine: AbiName,
  isTold: boolean,
): Promise<ToldText> {
  const notes = [containerText(container)];
  if (isTold) return { denials: [], notes };
  const { denials: heard, sources } = toldByKernel(machine, isOfContainer(container));
  const likely = likelyOf(container, heard);
  const others = likely.some(({ isByTime }) => isByTime) ? await contemporariesOf(container.id) : [];
  const denials = likely.map((told) =>
    told.isByTime
      ? { ...told, evidence: [...told.evidence.map((s) => `${s}, ${BY_TIME}`), ...othersText(told, others)] }
      : told,
  );
  const { isRunning, exitCode, error } = container;
  const isFailed = isRunning || exitCode !== 0 || error !== '';
  const output = isFailed ? await containerOutput(container, OUTPUT_LINES) : '';
  const start = error === '' ? undefined : toldByText(error, machine, machine);
  const errors = toldByOutput(Buffer.from(output, 'latin1').toString('utf8'), machine);
  const told = [...denials, ...(start?.denials ?? []), ...errors];
  const where = sources.length > 0 ? sources.join(' and ') : 'no kernel log that this user may read';
  return {
    denials: told,
    notes: [
      ...notes,
      ...(start?.notes ?? []),
      ...(told.length === 0 ? [`${where} tells of no denial of it; ${UNLOGGED}`] : []),
    ],
  };
}

/** Of records that fit by their time those of the container's own program, if there are any: others may end at the same time. */
function likelyOf({ command: [program = ''] }: InspectedContainer, heard: readonly ToldDenial[]) {
  const isOwn = ({ isByTime, suspects }: ToldDenial) =>
    !isByTime ||
    suspects.some(({ program: { exe, comm } }) =>
      [exe, comm].some((name) => name && basename(name) === basename(program)),
    );
  const own = heard.filter(isOwn);
  return own.length > 0 ? own : heard;
}

/** Whose it can be as well: of a process that has ended nobody knows. */
function othersText({ suspects: [call] }: ToldDenial, others: readonly Contemporary[]): string[] {
  const time = call && timeOf(call);
  const then = others.filter(({ from, to }) => time === undefined || wasRunning(time, from, to));
  const titles = then.slice(0, MOST_OTHERS).map(({ title }) => printable(title));
  if (titles.length === 0) return [];
  const more = then.length > titles.length ? ` and ${then.length - titles.length} more` : '';
  return [`it can be of ${listed(titles)}${more} instead: under a profile of its own, too, and ran then`];
}

const MOST_OTHERS = 4;

/** A process that has ended is of no container any more. */
const BY_TIME = 'and taken for its own by the time, the program and what its filter answers';
const UNLOGGED =
  'one that answers an errno is logged only where the profile asks for it (SECCOMP_FILTER_FLAG_LOG)';

function containerText(container: InspectedContainer): string {
  const { engine, name, isPrivileged, wasOutOfMemory, profile } = container;
  const under = {
    default: `${engine}'s default profile`,
    unconfined: 'no profile',
    text: 'a profile of its own',
  }[profile.kind];
  const how = isPrivileged ? ', privileged' : '';
  const memory = wasOutOfMemory ? '; the out-of-memory killer came' : '';
  return `${engine}:${printable(name)} ${stateText(container)}, under ${under}${how}${memory}`;
}

/** Its engine made it, and nobody has started it, or not with success; some do not keep why. */
export function isUnstarted({ isRunning, startedAt, error }: InspectedContainer): boolean {
  return !isRunning && startedAt === undefined && error === '';
}

function stateText(container: InspectedContainer): string {
  const { isRunning, exitCode, error } = container;
  if (isRunning) return 'runs';
  if (isUnstarted(container)) return 'was never started, or could not be';
  return error === '' ? `has ended with ${exitCode}` : `did not start: ${printable(error)}`;
}

/** What the kernel's log tells of a process, and what it does now; where the denial is told already, only that. */
export function toldOfProcess(
  { isWithDescendants }: { readonly isWithDescendants?: true },
  pid: number,
  machine: AbiName,
  isTold: boolean,
): ToldText {
  const meant = new Set(isWithDescendants ? treeOf(pid) : [pid]);
  const { denials: heard } = toldByKernel(machine, (program) => meant.has(program.pid ?? 0));
  const denials = isTold ? [] : heard.map(({ suspects, evidence }) => ({ suspects, evidence }));
  if (!isAlive(pid)) return { denials, notes: [`there is no process ${pid} any more`] };
  const nr = callInProgress(pid);
  const waits = nr === undefined ? 'runs' : `waits in ${nameOf(machine, nr) ?? nr}`;
  return { denials, notes: [`process ${pid} (${printable(commOf(pid) ?? '')}) ${waits}`] };
}
