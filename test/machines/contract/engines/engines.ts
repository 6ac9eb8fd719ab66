import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled } from '../../is-installed.ts';
import type { Callgate } from '../callgate.ts';
import type { Finding } from '../finding.ts';
import { type Bench, type Check, ended, NotOffered } from './bench.ts';
import { defaultProfile } from './check-default.ts';
import { enforced, verified } from './check-enforced.ts';
import { floor, floorOfRelease } from './check-floor.ts';
import { hooked } from './check-hook.ts';
import { listed } from './check-ps.ts';
import { recordFromStart, recordRunning } from './check-record.ts';
import { tested } from './check-tested.ts';
import { tried } from './check-tried.ts';
import { watched } from './check-watch.ts';
import { explained } from './check-why.ts';
import { containerd } from './containerd.ts';
import { crun } from './crun.ts';
import { docker } from './docker.ts';
import type { Engine, Host } from './engine.ts';
import { podman } from './podman.ts';
import { runc } from './runc.ts';
import { makeRoot, WORK_OUTSIDE } from './work.ts';

/** Of one fault. */
const MOST_TOLD = 500;
const ENGINES: readonly Engine[] = [docker, podman, containerd, runc, crun];
const CHECKS: readonly Check[] = [
  recordRunning,
  recordFromStart,
  enforced,
  verified,
  defaultProfile,
  floor,
  floorOfRelease,
  hooked,
  listed,
  watched,
  explained,
  tested,
  tried,
];

/** One contract for every engine that is installed; a finding for each, as soon as it is known. */
export async function* engineFindings(callgate: Callgate): AsyncGenerator<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-engines-'));
  const root = makeRoot(folder);
  const outside = callgate.newFile();
  ended(callgate, ['record', '-r', 'strace', '-o', outside, '--', ...WORK_OUTSIDE]);
  for (const engine of ENGINES) yield await findingOf(engine, root, folder, { callgate, outside });
}

async function findingOf(
  { area, programs, open }: Engine,
  root: string,
  folder: string,
  shared: Pick<Bench, 'callgate' | 'outside'>,
): Promise<Finding> {
  const missing = programs.find((program) => !isInstalled(program));
  if (missing) return { area, is: 'not offered', detail: `${missing} is not installed` };
  let host: Host;
  try {
    host = await open(root, mkdtempSync(join(folder, `${area}-`)));
  } catch (fault) {
    return { area, is: 'wrong', detail: `it does not start: ${textOf(fault)}` };
  }
  try {
    return await judged({ ...shared, engine: area, host, root });
  } finally {
    await host.close();
  }
}

async function judged(bench: Bench): Promise<Finding> {
  const [held, notOffered, wrong]: string[][] = [[], [], []];
  for (const { name, run } of CHECKS) {
    try {
      await run(bench);
      held!.push(name);
    } catch (fault) {
      if (fault instanceof NotOffered) notOffered!.push(`${name} is not offered: ${fault.message}`);
      else wrong!.push(`${name} is wrong: ${textOf(fault)}`);
    }
  }
  const { engine: area, host } = bench;
  const { release, runtime } = host;
  const who = area === runtime.name ? release : `${release} with ${runtime.name} ${runtime.release}`;
  const detail = [`${who}: right are ${held!.join(', ') || 'none'}`, ...notOffered!, ...wrong!].join('; ');
  return { area, is: wrong!.length > 0 ? 'wrong' : 'right', detail };
}

function textOf(fault: unknown): string {
  const text = (fault instanceof Error ? fault.message : String(fault)).replaceAll(/\s*\n\s*/g, ' / ');
  return text.length <= MOST_TOLD ? text : `${text.slice(0, MOST_TOLD / 2)} … ${text.slice(-MOST_TOLD / 2)}`;
}
