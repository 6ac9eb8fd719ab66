import { posix, relative } from 'node:path';
import { applyConfig, type Considered } from '@callgate/engine/internal/config/apply-config';
import type { Config, ConfigTarget } from '@callgate/engine/internal/config/config';
import { parseAskedCalls } from '@callgate/engine/internal/edit/asked-calls';
import type { Budget } from '@callgate/engine/internal/lint/budget';
import type { Finding, FindingSeverity } from '@callgate/engine/internal/lint/finding';
import type { LintOptions } from '@callgate/engine/internal/lint/lint-text';
import { printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { CliFailure, type Context } from '../context.ts';
import type { ConfigFlags } from '../flags/config-flags.ts';
import type { TargetFlags } from '../flags/target-flags.ts';
import { type LoadedConfig, loadConfig } from './config.ts';
import { placeOf } from './git-subject.ts';
import { lintOptionsFor } from './lint-options.ts';
import { loadSubject } from './subject.ts';

/** One way to judge profiles. */
export interface Setting {
  /** In a word or two; empty for what goes without saying. */
  readonly label: string;
  readonly options: LintOptions;
}

/** How this house judges profiles: what the flags say, and its configuration. */
export interface HouseRules {
  readonly failOn?: FindingSeverity;
  /** The ways to judge a profile; at least one. */
  settingsFor(name: string): Promise<Setting[]>;
  /** What it makes of a profile's findings. */
  consider(name: string, findings: readonly Finding[]): Considered;
}

/** Reads the configuration, if there is one, and what it needs. */
export async function houseRules(context: Context, flags: TargetFlags & ConfigFlags): Promise<HouseRules> {
  const loaded = await loadConfig(context, flags);
  const settings = await settingsOf(flags, loaded);
  if (!loaded)
    return { settingsFor: async () => settings, consider: (_, findings) => ({ findings, suppressed: [] }) };
  const { config } = loaded;
  const isFor = await globsFor(context, loaded);
  const today = new Date().toISOString().slice(0, 10);
  const budgets = new Budgets(context, loaded);
  return {
    failOn: config.failOn,
    settingsFor: async (name) => {
      const here = (config.budgets ?? []).filter(({ files }) => files === undefined || isFor(name, files));
      return Promise.all(
        settings.map(async ({ label, options }) => ({
          label,
          options: { ...options, budgets: await budgets.of(here, options.target) },
        })),
      );
    },
    consider: (name, findings) => applyConfig(findings, config, (globs) => isFor(name, globs), today),
  };
}

const TARGET_FLAGS = ['arch', 'kernel', 'caps', 'runtime'] as const;

/** What the flags say, or each target of the configuration. */
async function settingsOf(flags: TargetFlags, loaded: LoadedConfig | undefined): Promise<Setting[]> {
  const targets = loaded?.config.targets;
  if (!targets || TARGET_FLAGS.some((flag) => flags[flag] !== undefined))
    return [{ label: '', options: await lintOptionsFor(flags) }];
  return Promise.all(
    targets.map(async (target, i) => ({
      label: targets.length > 1 ? labelOf(target) : '',
      options: await named(`${loaded.name}: targets[${i}]`, () => lintOptionsFor({ ...flags, ...target })),
    })),
  );
}

function labelOf({ runtime, kernel, arch, caps }: ConfigTarget): string {
  const words = [runtime, kernel && `kernel ${kernel}`, arch, caps && `with ${caps}`].filter(Boolean);
  return words.length > 0 ? words.join(', ') : 'this machine';
}

/** Budgets of a configuration as they are on a target; the profiles that they name are read once. */
class Budgets {
  private readonly context: Context;
  private readonly loaded: LoadedConfig;
  private readonly known = new Map<string, Promise<Budget>>();

  constructor(context: Context, loaded: LoadedConfig) {
    this.context = context;
    this.loaded = loaded;
  }

  of(budgets: NonNullable<Config['budgets']>, target: Target): Promise<Budget[]> {
    return Promise.all(
      budgets.flatMap(({ never, neverLooserThan, severity = 'critical', reason }) => {
        const about = { severity, ...(reason !== undefined && { reason }) };
        const calls = never && { ...about, kind: 'never' as const, calls: never.map(parseAskedCalls) };
        return [
          ...(calls ? [Promise.resolve(calls)] : []),
          ...(neverLooserThan === undefined ? [] : [this.neverLooser(neverLooserThan, target, about)]),
        ];
      }),
    );
  }

  private async neverLooser(
    than: string,
    target: Target,
    about: Pick<Budget, 'severity' | 'reason'>,
  ): Promise<Budget> {
    const key = JSON.stringify([than, target, about]);
    const known = this.known.get(key) ?? this.readNeverLooser(than, target, about);
    this.known.set(key, known);
    return known;
  }

  private async readNeverLooser(
    than: string,
    target: Target,
    about: Pick<Budget, 'severity' | 'reason'>,
  ): Promise<Budget> {
    const { folder, name } = this.loaded;
    // A default is read as its own runtime reads it.
    const read = than.startsWith('stock:') ? { ...target, runtime: undefined } : target;
    const { policy } = await named(`${name}: neverLooserThan`, () =>
      loadSubject({ ...this.context, cwd: folder }, besideConfig(name, than), read, {
        allowUnknown: true,
        quiet: true,
      }),
    );
    return { ...about, kind: 'never-looser', than: { name: than, policy } };
  }
}

/** A path beside a configuration that git has is one of the same commit. */
function besideConfig(config: string, subject: string): string {
  const [, commit, path] = /^(git:[^:]+):(.+)$/s.exec(config) ?? [];
  if (commit === undefined || /^(git|stock|pid|docker|podman):/.test(subject)) return subject;
  const joined = posix.join(posix.dirname(path), subject);
  return `${commit}:${path.startsWith('./') ? `./${joined}` : joined}`;
}

/** A failure says of what in the configuration it is. */
async function named<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (fault) {
    throw fault instanceof CliFailure ? new CliFailure(`${printable(what)}: ${fault.message}`) : fault;
  }
}

/** Whether globs mean a file that is named as a subject. */
async function globsFor(
  context: Context,
  { folder }: LoadedConfig,
): Promise<(name: string, globs: readonly string[]) => boolean> {
  const { default: picomatch } = await import('picomatch');
  return (name, globs) =>
    picomatch.isMatch(relative(folder, placeOf(context, name)), [...globs], { dot: true });
}
