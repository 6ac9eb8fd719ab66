import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { CommanderError } from 'commander';
import type { Verb } from './command.ts';
import { CLEAN, CliFailure, type Context, FAILED, InputFaults } from './context.ts';
import { definition } from './definition.ts';
import { writeFaults } from './load/faults.ts';
import { styleFor } from './terminal/style.ts';
import { VERBS, verbNamed } from './verbs.ts';

/** The command line: runs the verb in argv and resolves to the exit status. */
export async function main(context: Context): Promise<number> {
  const [name, ...rest] = context.argv;
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      if (name === 'help' && rest[0]) return await main({ ...context, argv: [rest[0], '--help'] });
      (name === undefined ? context.stderr : context.stdout).write(overview(context));
      return name === undefined ? FAILED : CLEAN;
    }
    const entry = verbNamed(name);
    if (!entry) throw new CliFailure(unknownVerb(name));
    return await runVerb(await entry.load(), entry.summary, rest, context);
  } catch (fault) {
    const style = styleFor(context.stderr, context.env);
    const prefix = `${style.red('callgate:')} `;
    if (wantsJson(rest)) context.stdout.write(`${writeJson({ diagnostics: faultsOf(fault, context) })}\n`);
    if (fault instanceof InputFaults) writeFaults(context, fault.faults, fault.text, prefix);
    else context.stderr.write(`${prefix}${describe(fault, context)}\n`);
    const status = fault instanceof CliFailure ? fault.status : FAILED;
    return status === FAILED ? failedStatus(name) : status;
  }
}

/**
 * The status of a verb that could not do it: 2, or, where the status is that of a program which it ran, 125, as env(1) and
 * timeout(1) have it.
 */
export function failedStatus(name: string | undefined): number {
  return verbNamed(name)?.passesOnStatus ? 125 : FAILED;
}

/** Whether callgate itself is asked for JSON, and not the program that it is to run. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).includes('--json');
}

/** What went wrong, for --json. */
function faultsOf(fault: unknown, context: Context): readonly object[] {
  if (fault instanceof InputFaults) return fault.faults;
  const message = describe(fault, context);
  const code = / \[([a-z0-9-]+)\]$/.exec(message)?.[1];
  return [{ ...(code && { code }), severity: 'error', message }];
}

async function runVerb(verb: Verb, summary: string, argv: string[], context: Context): Promise<number> {
  const command = definition(verb, summary);
  command.configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: () => {},
    // Not those of the process, in which a test may run.
    getOutHelpWidth: () => context.stdout.columns ?? 80,
    getOutHasColors: () => false,
  });
  try {
    command.parse(argv, { from: 'user' });
  } catch (fault) {
    if (!(fault instanceof CommanderError)) throw fault;
    if (fault.exitCode === 0) return CLEAN;
    const message = fault.message.replace(/^error: /, '').replace(/\n.*/s, '');
    throw new CliFailure(`${printable(message)}; see: callgate ${verb.name} --help`);
  }
  return verb.run(context, command);
}

/** A failure in one line; the stack of one that nobody foresaw only on request. */
function describe(fault: unknown, context: Context): string {
  if (fault instanceof CliFailure) return fault.message;
  const { message, stack } = fault instanceof Error ? fault : new Error(String(fault));
  return context.env.CALLGATE_DEBUG ? (stack ?? message) : `${message} (set CALLGATE_DEBUG=1 for details)`;
}

function overview(context: Context): string {
  const style = styleFor(context.stdout, context.env);
  const width = Math.max(...VERBS.map((v) => v.name.length));
  const groups = [...new Set(VERBS.map((v) => v.group))].map((group) => {
    const rows = VERBS.filter((v) => v.group === group);
    return `${style.dim(group)}\n${rows.map((v) => `  ${style.bold(v.name.padEnd(width))}  ${v.summary}`).join('\n')}`;
  });
  return `${style.bold('callgate')} — the toolchain for seccomp profiles

Usage: callgate VERB [options]

${groups.join('\n')}

Start with:
  $ callgate tour                                  the whole story, on this machine
  $ callgate record --profile p.json -- ls -l      a profile for a program
  $ callgate run --profile p.json -- ls -l         the program under it
  $ callgate VERB --help                           more about a verb, with examples

Exit status: 0 clean, 1 findings or denied, 2 could not do it; record and run pass on the program's.
`;
}

/** What other tools call what these verbs do. */
const OTHER_VERBS: Readonly<Record<string, string>> = {
  assemble: 'asm',
  attach: 'record',
  compare: 'diff',
  disassemble: 'disasm',
  dump: 'disasm',
  enforce: 'run',
  exec: 'run',
  generate: 'build',
  inspect: 'show',
  minimize: 'shrink',
  parse: 'read',
  prove: 'verify',
  simulate: 'explain',
  test: 'run',
  trace: 'record',
  validate: 'lint',
  why: 'explain',
};

function unknownVerb(name: string): string {
  const meant =
    (Object.hasOwn(OTHER_VERBS, name) && OTHER_VERBS[name]) ||
    suggest(
      name,
      VERBS.map((v) => v.name),
    );
  return `there is no verb "${printable(name.slice(0, 40))}"; ${meant ? `did you mean "${meant}"?` : 'see: callgate --help'}`;
}
