import { resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { checkMachine } from '@callgate/linux/internal/check-machine';
import { type Cleaned, type Cleaning, cleanMachine } from '@callgate/linux/internal/leavings/clean';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FAILED, FINDINGS } from '../context.ts';
import { styleFor } from '../terminal/style.ts';

interface DoctorFlags {
  readonly json?: boolean;
  readonly clean?: boolean;
  readonly dryRun?: boolean;
}

export const doctor: Verb = {
  name: 'doctor',

  configure(command) {
    command
      .argument('[folders...]', 'with --clean: where else to look for files that were half written')
      .option('--clean', 'remove what a callgate that was killed has left behind on this machine')
      .option('--dry-run', 'with --clean: only say what there is')
      .option('--json', 'one JSON document')
      .addHelpText(
        'after',
        `
--clean looks for processes, containers (docker, podman, containerd, runc, crun), images, cgroups, tracing instances, BPF
programs, temporary folders and files that a callgate which has ended made. What a callgate that still runs has made, what
other users own and what others have made stays. Exit status: 0 clean, 1 something is there (--dry-run), 2 something stays.
${examples('doctor', 'doctor --clean --dry-run', 'doctor --clean --json')}`,
      );
  },

  async run(context, command) {
    const [folders] = command.processedArgs as [string[]];
    const flags = command.opts<DoctorFlags>();
    if (flags.clean) return clean(context, folders, flags);
    if (flags.dryRun || folders.length > 0)
      throw new CliFailure(`${flags.dryRun ? '--dry-run' : 'a folder'} goes with --clean`);
    return check(context, flags);
  },
};

async function check(context: Context, { json }: DoctorFlags): Promise<number> {
  const checks = await checkMachine();
  if (json) context.stdout.write(`${writeJson({ checks })}\n`);
  else {
    const style = styleFor(context.stdout, context.env);
    for (const { name, ok, why } of checks)
      context.stdout.write(
        `${ok ? style.green('✓') : style.red('✗')} ${name}${why ? style.dim(` — ${why}`) : ''}\n`,
      );
  }
  const recordsAndEnforces =
    checks.some((c) => c.ok && c.name.startsWith('record')) &&
    checks.some((c) => c.ok && c.name.startsWith('enforce'));
  return recordsAndEnforces ? CLEAN : FINDINGS;
}

async function clean(
  context: Context,
  folders: readonly string[],
  { dryRun = false, json }: DoctorFlags,
): Promise<number> {
  // The tour writes into a folder of its own.
  const places = ['.', '.callgate', ...folders].map((folder) => resolve(context.cwd, folder));
  const cleaning = await cleanMachine({ dryRun, folders: places });
  context.stdout.write(json ? `${writeJson(cleaningAsJson(cleaning))}\n` : textOf(cleaning, dryRun));
  if (cleaning.found.every(({ removed }) => removed)) return CLEAN;
  return dryRun ? FINDINGS : FAILED;
}

function cleaningAsJson({ found, unseen }: Cleaning) {
  return {
    clean: found.every(({ removed }) => removed),
    found: found.map(({ leaving, removed, why }) => ({ ...leaving, removed, ...(why && { why }) })),
    unseen,
  };
}

function textOf({ found, unseen }: Cleaning, dryRun: boolean): string {
  const lines = found.map((one) => lineOf(one, dryRun));
  if (found.length === 0) lines.push('nothing is left behind by a callgate that was killed');
  for (const blind of unseen) lines.push(`not looked at: ${printable(blind)}`);
  return lines.map((line) => `${line}\n`).join('');
}

function lineOf({ leaving, removed, why }: Cleaned, dryRun: boolean): string {
  const { kind, name, where, id } = leaving;
  const number = id === undefined ? '' : ` ${id}`;
  const place = where === undefined ? '' : ` (${printable(where)})`;
  const what = `${kind}${number} ${printable(name)}${place}`;
  if (dryRun) return `left behind: ${what}`;
  return removed ? `removed ${what}` : `cannot remove ${what}: ${printable(why ?? '')}`;
}
