import { type ConfinedRow, confinedTable } from '@callgate/engine/internal/report/confined-list';
import type { Style } from '@callgate/engine/internal/report/style';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import {
  type Audit,
  type AuditedContainer,
  type AuditedProcesses,
  auditMachine,
  type FilterFindings,
} from '@callgate/linux/internal/confined/audit';
import type { Confinement } from '@callgate/linux/internal/confined/confinement';
import { ENGINES, type EngineName } from '@callgate/linux/internal/container/container-engine';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, FINDINGS } from '../context.ts';
import { targetOf } from '../flags/target-flags.ts';
import { knownFiles } from '../load/known-files.ts';
import { styleFor } from '../terminal/style.ts';

interface PsFlags {
  readonly all?: boolean;
  readonly allProcesses?: boolean;
  readonly engine?: readonly string[];
  readonly known?: readonly string[];
  readonly failOn?: 'unconfined';
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Something that runs, or whose threads do, without a filter. */
interface Unconfined {
  readonly code: 'unconfined';
  readonly severity: 'high' | 'medium';
  readonly message: string;
}

export const ps: Verb = {
  name: 'ps',

  configure(command) {
    command
      .option('-a, --all', 'with containers that do not run')
      .option('--all-processes', 'with every process outside of containers that has a filter, by program')
      .option('--engine <name...>', `containers of these alone: ${ENGINES.join(', ')}`)
      .option('--known <file...>', 'profiles of your own, to be recognised by what they mean')
      .addOption(
        new Option(
          '--fail-on <what>',
          'exit with 1 when a container, or a thread of one, has no filter: unconfined',
        ).choices(['unconfined']),
      )
      .option('--json', 'one JSON document')
      .option('-q, --quiet', 'say nothing; the exit status tells')
      .addHelpText(
        'after',
        `
The filters are read from the kernel and compared by meaning with the defaults of all runtimes and releases, as
each container's engine, capabilities and this machine's libseccomp make filters of them.
  VS DEFAULT  equal to, looser or tighter than what the engine's containers get by default; other: neither;
              +3 −20: that 3 calls pass with more arguments than there, and 20 with fewer
  PRIVILEGES  no new: no_new_privs is on, so no program in it gets more than it has
Every thread of every process in a container is looked at. Filters can be read by root alone; without, there is
still the mode. Exit status: 0, 1 with --fail-on, 2 could not do it, or with --fail-on could not see everything.
${examples('ps', 'ps -a --all-processes', 'ps --known profiles/*.json', 'ps --fail-on unconfined --json')}`,
      );
  },

  async run(context, command) {
    const flags = command.opts<PsFlags>();
    const files = await knownFiles(context, flags.known ?? [], targetOf({}));
    const audit = await auditMachine({
      stopped: flags.all,
      processes: flags.allProcesses,
      ...(flags.engine && { engines: flags.engine.map(engineNamed) }),
      files,
    });
    for (const fault of audit.faults) context.stderr.write(`callgate: ${printable(fault)}\n`);
    const found = audit.containers.flatMap(unconfined);
    const fails = flags.failOn === 'unconfined' && found.length > 0;
    const style = styleFor(context.stdout, context.env);
    if (flags.json) context.stdout.write(`${writeJson(documentOf(audit, fails ? found : []))}\n`);
    else if (!flags.quiet) {
      if (audit.unreadable)
        context.stderr.write(
          `callgate: whose filters these are is not said: ${printable(audit.unreadable)}\n`,
        );
      context.stdout.write(confinedTable(style, rowsOf(audit)) + summary(style, audit));
      if (fails) context.stdout.write(found.map((f) => `${style.red(f.message)} [${f.code}]\n`).join(''));
    }
    if (fails) return FINDINGS;
    if (flags.failOn && audit.faults.length > 0)
      throw new CliFailure('not every container was seen, so it is not known whether each has a filter');
    return CLEAN;
  },
};

function engineNamed(name: string): EngineName {
  const engine = ENGINES.find((one) => one === name);
  if (engine) return engine;
  throw new CliFailure(
    `there is no container engine "${printable(name)}"; it is one of ${ENGINES.join(', ')}`,
  );
}

function titleOf({ container: { namespace, name } }: AuditedContainer): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function rowsOf(audit: Audit): ConfinedRow[] {
  const { containers, processes } = audit;
  return [
    ...containers.map((audited): ConfinedRow => {
      const { container, confinement, filter } = audited;
      const { engine, state, privileged } = container;
      return {
        engine,
        name: titleOf(audited),
        state,
        ...(privileged !== undefined && { privileged }),
        ...confinementOf(audit, confinement, filter),
      };
    }),
    ...processes.map(({ program, pids, confinement, filter }): ConfinedRow => {
      const row = { engine: 'host', name: program, count: pids.length, state: 'running' };
      return { ...row, ...confinementOf(audit, confinement, filter) };
    }),
  ];
}

/** Where no filter can be read, that is said once. */
function confinementOf(
  audit: Audit,
  confinement: Confinement | undefined,
  filter: FilterFindings | undefined,
): Pick<ConfinedRow, 'confinement' | 'profile' | 'unreadable'> {
  if (!confinement) return {};
  const unreadable = audit.unreadable === undefined ? confinement.unreadable : undefined;
  if (!filter) return { confinement, ...(unreadable !== undefined && { unreadable }) };
  const { profile, comparison, byDefault } = filter.recognized;
  const title = profile && { title: profile.title };
  return {
    confinement,
    profile: { ...title, comparison, byDefault: byDefault.title, open: filter.open },
  };
}

/** What of a container is without a filter: all of it, or some threads. */
function unconfined(audited: AuditedContainer): Unconfined[] {
  const { container, confinement } = audited;
  if (!confinement) return [];
  const who = `${container.engine} ${printable(titleOf(audited))}`;
  if (confinement.mode === 'none')
    return [{ code: 'unconfined', severity: 'high', message: `${who} runs without a filter` }];
  return confinement.differing
    .filter(({ mode }) => mode === 'none')
    .map(({ threads, example }) => ({
      code: 'unconfined',
      severity: 'medium',
      message: `${who}: ${plural(threads, 'thread')} without a filter, such as ${example}`,
    }));
}

function summary(style: Style, { containers, processes, unreadable, faults }: Audit): string {
  const nothing = faults.length > 0 ? 'no container is seen' : 'no container runs';
  if (containers.length === 0 && processes.length === 0) return `${nothing}\n`;
  const running = containers.filter(({ confinement }) => confinement);
  const without = running.filter(({ confinement }) => confinement!.mode === 'none').length;
  const known = running.filter(({ filter }) => filter?.recognized.profile).length;
  const counted = processes.reduce((sum, { pids }) => sum + pids.length, 0);
  const parts = [
    running.length === 0
      ? nothing
      : `${plural(running.length, 'container')} ${running.length === 1 ? 'runs' : 'run'}`,
    ...(without > 0 ? [style.red(`${without} without a filter`)] : []),
    ...(running.length === 0 || (unreadable && known === 0)
      ? []
      : [`${known} under a profile that is known`]),
    ...(counted > 0 ? [`${plural(counted, 'process', 'processes')} of the machine confined`] : []),
  ];
  return style.dim(`\n${parts.join(', ')}\n`);
}

function documentOf(
  { containers, processes, faults, unreadable }: Audit,
  findings: readonly Unconfined[],
): object {
  return {
    containers: containers.map(containerDocument),
    ...(processes.length > 0 && { processes: processes.map(processesDocument) }),
    findings,
    ...(faults.length > 0 && { warnings: faults.map((message) => ({ message })) }),
    ...(unreadable !== undefined && { unreadable }),
  };
}

function containerDocument({ container, confinement, filter }: AuditedContainer): object {
  const { engine, id, name, state, pid, image, namespace, privileged, seccomp } = container;
  return {
    engine,
    ...(namespace !== undefined && { namespace }),
    name,
    id,
    state,
    pid: pid ?? null,
    ...(image !== undefined && { image }),
    ...(seccomp !== undefined && { asked: seccomp }),
    ...confinementDocument(confinement, filter),
    ...(privileged !== undefined && { privileged }),
  };
}

function processesDocument({ program, pids, confinement, filter }: AuditedProcesses): object {
  return { program, pids, ...confinementDocument(confinement, filter) };
}

function confinementDocument(
  confinement: Confinement | undefined,
  filter: FilterFindings | undefined,
): object {
  if (!confinement) return { mode: null, filters: null, profile: null, noNewPrivs: null };
  const { mode, filters, noNewPrivs, capabilities, processes, threads, differing } = confinement;
  return {
    mode,
    filters,
    profile: filter ? profileDocument(filter) : null,
    noNewPrivs,
    capabilities,
    processes,
    threads,
    differing,
    ...(filter && { open: filter.open }),
    ...(confinement.unreadable !== undefined && { unreadable: confinement.unreadable }),
  };
}

function profileDocument({ recognized: { profile, comparison, byDefault } }: FilterFindings): object {
  return {
    ...(profile && { name: profile.name, kind: profile.kind, title: profile.title }),
    ...comparison,
    byDefault: byDefault.name,
  };
}
