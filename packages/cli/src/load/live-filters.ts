import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { printable } from '@callgate/engine/internal/report/words';
import { containerPid, ENGINES, NoSuchContainer } from '@callgate/linux/internal/container/containers';
import { FiltersUnreadable, readFilters } from '@callgate/linux/internal/process/live-filters';
import { CliFailure } from '../context.ts';

/** The filters of the process that pid:N, docker:NAME or podman:NAME names, the newest first; undefined for other names. */
export async function liveFilters(name: string): Promise<Program[] | undefined> {
  const match = /^(pid|docker|podman):(.*)$/s.exec(name);
  if (!match) return undefined;
  const [, kind, which] = match;
  try {
    const engine = ENGINES.find((e) => e === kind);
    return readFilters(engine ? await containerPid(engine, which) : pidOf(which));
  } catch (fault) {
    if (fault instanceof FiltersUnreadable || fault instanceof NoSuchContainer)
      throw new CliFailure(printable(fault.message));
    throw fault;
  }
}

function pidOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliFailure(`"${printable(text)}" is no process id; write it as pid:1234`);
}
