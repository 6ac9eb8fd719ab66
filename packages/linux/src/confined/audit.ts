import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { openNotableCalls } from '@callgate/engine/internal/recognition/open-calls';
import {
  type Confined,
  type KnownProfile,
  type Recognized,
  Recognizer,
} from '@callgate/engine/internal/recognition/recognizer';
import { parseRelease, type Release } from '@callgate/engine/internal/runtime/target';
import { ENGINES, type EngineName, type KnownContainer } from '../container/container-engine.ts';
import { engineNamed, knownContainers } from '../container/known-containers.ts';
import { runtimeVersion } from '../container/oci-container.ts';
import { thisMachine } from '../machine.ts';
import { filtersReadable } from '../process/live-filters.ts';
import { commOf } from '../process/processes.ts';
import { missingFromLibrary } from '../verify/missing-calls.ts';
import { type Confinement, confinementOf, filterKey } from './confinement.ts';
import { ProcessPlaces } from './container-processes.ts';

/** What is known of the filter of something that runs. */
export interface FilterFindings {
  readonly recognized: Recognized;
  /** Calls that an attacker likes and that pass whatever their arguments are; those that the default denies come first. */
  readonly open: readonly string[];
}

/** A container, and how it is confined; without a confinement it does not run. */
export interface AuditedContainer {
  readonly container: KnownContainer;
  readonly confinement?: Confinement;
  /** Undefined where it has no filter, or one that cannot be read. */
  readonly filter?: FilterFindings;
}

/** Processes outside of containers that have one program and are confined alike. */
export interface AuditedProcesses {
  readonly program: string;
  readonly pids: readonly number[];
  readonly confinement: Confinement;
  readonly filter?: FilterFindings;
}

export interface Audit {
  readonly containers: readonly AuditedContainer[];
  readonly processes: readonly AuditedProcesses[];
  /** What engines said that answered with an error, and which of them keep what they know for root: not everything was seen. */
  readonly faults: readonly string[];
  /** Why this process may read no filters; undefined where it may. */
  readonly unreadable?: string;
}

export interface AuditOptions {
  /** With containers that do not run. */
  readonly stopped?: boolean;
  /** With confined processes outside of containers. */
  readonly processes?: boolean;
  /** These engines alone. */
  readonly engines?: readonly EngineName[];
  /** Profiles that somebody named, to be recognised. */
  readonly files?: readonly KnownProfile[];
}

/** Looks at every container of this machine, and says under whose filter it runs. */
export async function auditMachine(options: AuditOptions = {}): Promise<Audit> {
  const { containers: known, faults: said } = await knownContainers();
  const isAsked = (engine: EngineName) => options.engines?.includes(engine) ?? true;
  const faults = said.filter(({ engine }) => isAsked(engine)).map(({ message }) => message);
  const all = [...known].sort(byEngineAndName);
  const places = new ProcessPlaces();
  const inContainers = new Set<number>();
  const looked = all.map((container) => {
    const { id, pid } = container;
    const pids = pid === undefined ? [] : places.ofContainer(id, pid);
    for (const member of pids) inContainers.add(member);
    return { container, pids };
  });
  const asked = looked.filter(
    ({ container: { engine, pid } }) => isAsked(engine) && (options.stopped || pid !== undefined),
  );
  const filters = new FilterReader(options.files ?? []);
  const containers: AuditedContainer[] = [];
  for (const { container, pids } of asked) {
    const confinement = pids.length > 0 ? confinementOf(pids) : undefined;
    const filter = confinement && (await filters.findings(confinement, container));
    if (confinement || options.stopped) containers.push({ container, confinement, filter });
  }
  const rest = options.processes ? places.all().filter((pid) => !inContainers.has(pid)) : [];
  const processes = await confinedProcesses(rest, filters);
  const unreadable = filtersReadable();
  return { containers, processes, faults, ...(unreadable !== undefined && { unreadable }) };
}

function byEngineAndName(a: KnownContainer, b: KnownContainer): number {
  const place = ({ engine, namespace = '', name }: KnownContainer) =>
    [ENGINES.indexOf(engine), namespace, name] as const;
  const [x, y] = [place(a), place(b)];
  return x[0] - y[0] || compareText(x[1], y[1]) || compareText(x[2], y[2]);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Processes with a filter or in strict mode, by program and filter. */
async function confinedProcesses(
  pids: readonly number[],
  filters: FilterReader,
): Promise<AuditedProcesses[]> {
  const groups = new Map<string, { program: string; pids: number[]; confinement: Confinement }>();
  for (const pid of pids) {
    const confinement = confinementOf([pid]);
    if (!confinement || (confinement.mode === 'none' && confinement.differing.length === 0)) continue;
    const program = commOf(pid) ?? '';
    const { mode, filters: count, programs = [], differing } = confinement;
    const key = JSON.stringify([program, mode, count, differing.length > 0, filterKey(programs)]);
    const group = groups.get(key);
    if (group) group.pids.push(pid);
    else groups.set(key, { program, pids: [pid], confinement });
  }
  return Promise.all(
    [...groups.values()].map(async (group) => ({
      ...group,
      filter: await filters.findings(group.confinement, undefined),
    })),
  );
}

/** Whose filter something runs under; undefined where it has none. */
export function filterFindings(
  confinement: Confinement,
  container: KnownContainer | undefined,
): Promise<FilterFindings | undefined> {
  return new FilterReader([]).findings(confinement, container);
}

/** What filters mean; each is lifted and recognised once, however many containers have it. */
class FilterReader {
  private readonly machine = thisMachine();
  private readonly files: readonly KnownProfile[];
  private readonly policies = new Map<string, Policy | undefined>();
  private readonly found = new Map<string, Promise<FilterFindings | undefined>>();
  private readonly releases = new Map<EngineName, Promise<Release | undefined>>();
  private recognizer: Promise<Recognizer> | undefined;

  constructor(files: readonly KnownProfile[]) {
    this.files = files;
  }

  /** Undefined where there is no filter, or none that can be read and followed. */
  findings(
    { programs, capabilities }: Confinement,
    container: KnownContainer | undefined,
  ): Promise<FilterFindings | undefined> {
    if (!programs || programs.length === 0) return Promise.resolve(undefined);
    const { engine, runtime, given } = container ?? {};
    const filter = filterKey(programs);
    const key = JSON.stringify([filter, capabilities, engine, runtime, given]);
    const known = this.found.get(key) ?? this.find(programs, filter, capabilities, container);
    this.found.set(key, known);
    return known;
  }

  private async find(
    programs: NonNullable<Confinement['programs']>,
    filter: string,
    capabilities: readonly string[],
    container: KnownContainer | undefined,
  ): Promise<FilterFindings | undefined> {
    const { native, kernel } = { native: this.machine.abi.name, kernel: this.machine.kernel };
    if (!this.policies.has(filter)) this.policies.set(filter, liftPolicy(programs, native).policy);
    const policy = this.policies.get(filter);
    if (!policy) return undefined;
    this.recognizer ??= recognizerOf(this.files);
    const about: Confined = {
      capabilities,
      ...(container && {
        engine: { name: container.engine, release: await this.releaseOf(container.engine) },
        runtime: container.runtime,
        given: givenTo(container),
      }),
    };
    const recognized = await (await this.recognizer).recognize(policy, about);
    const target = { native, kernel, capabilities };
    const usual = new Set(recognized.usual ? openNotableCalls(recognized.usual, target) : []);
    const open = openNotableCalls(policy, target);
    return {
      recognized,
      open: [...open.filter((name) => !usual.has(name)), ...open.filter((name) => usual.has(name))],
    };
  }

  private releaseOf(engine: EngineName): Promise<Release | undefined> {
    const known =
      this.releases.get(engine) ??
      engineNamed(engine)
        .release()
        .then((text) => (text === undefined ? undefined : parseRelease(text)));
    this.releases.set(engine, known);
    return known;
  }
}

async function recognizerOf(files: readonly KnownProfile[]): Promise<Recognizer> {
  const { abi, kernel } = thisMachine();
  const [runc, crun] = await Promise.all([runtimeVersion('runc'), runtimeVersion('crun')]);
  return new Recognizer(
    {
      native: abi.name,
      kernel,
      releases: {
        ...(runc && { runc: parseRelease(runc.release) }),
        ...(crun && { crun: parseRelease(crun.release) }),
      },
      lacks: async () => (await missingFromLibrary()).lacks,
    },
    files,
  );
}

/** The profile that an engine was given: Docker keeps the text that it read, others what they handed on. */
function givenTo({ engine, given, seccomp }: KnownContainer): KnownProfile | undefined {
  if (given === undefined) return undefined;
  const { value: profile } = parseProfile(given, { unknownNames: 'skip' });
  if (!profile) return undefined;
  const name = seccomp && seccomp !== 'a profile' ? seccomp : `a profile given to ${engine}`;
  return { name, profile, ...(engine !== 'docker' && { reader: { name: 'runc' } }) };
}
