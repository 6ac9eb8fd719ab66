import {
  explainCall,
  type PossibleVerdict,
  possibleVerdicts,
  type Verdict,
} from '@callgate/engine/analysis/explain';
import { executes } from '@callgate/engine/bpf/action';
import type { Reason } from '@callgate/engine/build/synthesize';
import { suggest } from '@callgate/engine/diagnostics/suggest';
import { formatAction } from '@callgate/engine/report/action';
import { formatCall } from '@callgate/engine/report/call';
import { formatReason } from '@callgate/engine/report/origin';
import type { Target } from '@callgate/engine/runtime/target';
import type { Abi } from '@callgate/engine/syscalls/arch';
import { abiOf } from '@callgate/engine/syscalls/arch';
import {
  asPassed,
  constantNames,
  errnoName,
  parseArgument,
  prototypeOf,
} from '@callgate/engine/syscalls/arguments';
import { isKnownName, nameOf, numberOf } from '@callgate/engine/syscalls/lookup';
import { thisMachine } from '@callgate/linux/machine';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { readOrigins } from '../load/origins.ts';
import { loadSubject, SUBJECT_HELP, type Subject } from '../load/subject.ts';
import { callNumber, noSuchCall } from '../load/system-call.ts';
import { printable, type Style, styleFor } from '../terminal/style.ts';

interface ExplainFlags extends TargetFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** One call of the kernel's interface, as the user asked for it. */
interface Asked {
  readonly abi: Abi;
  readonly nr: number;
  readonly name: string;
  /** As programs pass them: negative ones of 32 bits zero-extended. */
  readonly args: readonly bigint[];
  /** The same with negative ones sign-extended. */
  readonly wide: readonly bigint[];
}

export const explain: Verb = {
  name: 'explain',

  configure(command) {
    command
      .argument('<subject>', SUBJECT_HELP)
      .argument('<syscall>', 'a system call by name or number')
      .argument('[args...]', 'up to six arguments: 42, 0x2a, AF_UNIX, CLONE_NEWUSER|SIGCHLD (default: 0)')
      .option('--json', 'one JSON document');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
One ABI of this machine, such as --arch x86, says who calls, and the profile is read as without it; several, or those
of another machine, say what the profile covers. A negative argument of 32 bits is taken as programs pass it.
${examples(
  'explain stock:docker mount',
  'explain stock:docker socket AF_VSOCK',
  'explain profile.json mkdir --arch x86',
  'explain docker:web mount',
)}`,
    );
  },

  async run(context, command) {
    const [file, syscall, args = []] = command.processedArgs as [string, string, string[] | undefined];
    const flags = command.opts<ExplainFlags>();
    const { target, abi: askedAbi } = questionOf(targetOf(flags));
    const subject = await loadSubject(context, file, target, {
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet || flags.json,
    });
    const asked = parseCall(syscall, args, askedAbi);
    const { abi, nr } = asked;
    const verdict = verdictOf(subject, asked);
    const others = args.length > 0 ? [] : possibleVerdicts(subject.policy, abi, nr);
    const origins = subject.source && readOrigins(context, file);
    const reasons = (origins && Object.hasOwn(origins.calls, asked.name) && origins.calls[asked.name]) || [];
    context.stdout.write(
      flags.json
        ? json(asked, verdict, subject, reasons)
        : text(context, asked, verdict, others, subject) +
            signExtended(context, asked, verdict, subject) +
            reasons.map((r) => `  origin: ${printable(formatReason(r, origins!.runs))}\n`).join(''),
    );
    return executes(verdict.action) ? CLEAN : FINDINGS;
  },
};

/**
 * One ABI of this machine says on which the call is made, and the profile is read as ever: a call of x86 under a profile that
 * does not cover it is what many ask about. Several, or those of other machines, say what the profile covers.
 */
function questionOf(target: Target): { readonly target: Target; readonly abi: Abi } {
  const { abis, native } = target;
  const abi = abiOf(abis?.[0] ?? native);
  const machine = thisMachine().abi;
  const isOurs = abi === machine || machine.subAbis.includes(abi.name);
  if (abis?.length !== 1 || !isOurs) return { target, abi };
  return { target: { ...target, native: machine.name, abis: undefined }, abi };
}

function verdictOf(subject: Subject, { abi, nr, args }: Asked): Verdict {
  return explainCall(subject.policy, { arch: abi.auditArch, nr, args });
}

/** What a filter that looks at all 64 bits decides where a program fills the upper half of a negative argument. */
function signExtended(context: Context, asked: Asked, verdict: Verdict, subject: Subject): string {
  const wide = verdictOf(subject, { ...asked, args: asked.wide });
  if (wide.action === verdict.action && wide.data === verdict.data) return '';
  const style = styleFor(context.stdout, context.env);
  return `  ${style.yellow('from a program that sign-extends negative arguments')} → ${verdictText(style, wide)}\n`;
}

function parseCall(syscall: string, args: readonly string[], abi: Abi): Asked {
  if (args.length > 6) throw new CliFailure(`a system call has at most six arguments, not ${args.length}`);
  const nr = callNumber(syscall) ?? numberOf(abi.name, syscall);
  if (nr === undefined || nr > 0xffffffff) throw noSuchCallOn(syscall, abi);
  const name = nameOf(abi.name, nr) ?? String(nr);
  const prototype = prototypeOf(name, abi.name);
  const wide = args.map((arg, i) => {
    const value = parseArgument(arg);
    if (value !== undefined) return value;
    const meant = suggest(arg, constantNames());
    throw new CliFailure(
      `argument ${i} is "${printable(arg)}", which is neither a number nor a known name${meant ? `; did you mean ${meant}?` : ''}`,
    );
  });
  while (wide.length < 6) wide.push(0n);
  // A number without a sign stands for all 64 bits of the register.
  const isExact = (i: number) => /^\d/.test(args[i] ?? '');
  const passed = wide.map((value, i) => (isExact(i) ? value : asPassed(prototype?.[i], abi, value)));
  // A register of 32 bits has no upper half.
  return { abi, nr, name, args: passed, wide: abi.bits === 32 ? passed : wide };
}

function noSuchCallOn(name: string, abi: Abi): CliFailure {
  return isKnownName(name)
    ? new CliFailure(`${abi.name} has no system call ${name}; choose another ABI with --arch`)
    : noSuchCall(name);
}

function json(asked: Asked, verdict: Verdict, subject: Subject, origins: readonly Reason[]): string {
  const { origin } = verdict;
  const rule =
    origin.because === 'rule' && subject.source
      ? { ...subject.source.positionOf(origin.span.start), index: origin.rule.index }
      : null;
  const document = {
    arch: asked.abi.name,
    syscall: asked.name,
    nr: asked.nr,
    args: asked.args.map(String),
    action: verdict.action,
    data: verdict.data,
    rule,
    because: origin.because,
    ...(origins.length > 0 && { origins }),
  };
  return `${JSON.stringify(document)}\n`;
}

function text(
  context: Context,
  asked: Asked,
  verdict: Verdict,
  outcomes: readonly PossibleVerdict[],
  subject: Subject,
): string {
  const style = styleFor(context.stdout, context.env);
  const depends = outcomes.length > 1;
  if (!depends)
    return `${style.bold(callText(asked, asked.args, outcomes.length === 0))} → ${verdictText(style, verdict)}\n  ${because(verdict, subject)}\n  ${consequence(verdict)}\n`;
  const lines = outcomes.map(
    ({ verdict: v, example }) =>
      `  ${verdictText(style, v)}  for example ${callText(asked, example.args, true)}\n    ${because(v, subject)}`,
  );
  return `${style.bold(asked.name)} on ${asked.abi.name} depends on its arguments:\n${lines.join('\n')}\n`;
}

function callText(asked: Asked, args: readonly bigint[], withArguments: boolean): string {
  return withArguments
    ? formatCall(asked.name, args, asked.abi.name)
    : `${asked.name} on ${asked.abi.name} (${asked.nr})`;
}

function verdictText(style: Style, verdict: Verdict): string {
  const action = formatAction(verdict.action, verdict.data);
  if (verdict.action === 'ALLOW') return style.green(action);
  return verdict.action === 'LOG' ? style.yellow(action) : style.red(action);
}

function because({ origin }: Verdict, subject: Subject): string {
  const place = (offset: number) => subject.source?.positionOf(offset) ?? { line: 0, column: 0 };
  switch (origin.because) {
    case 'rule': {
      const { line, column } = place(origin.span.start);
      return `rule ${origin.rule.index} of ${printable(subject.name)}, line ${line}, column ${column}`;
    }
    case 'default': {
      const { line } = place(subject.source?.profile.defaultAction.span.start ?? 0);
      return `no rule matches: the default action, line ${line}`;
    }
    case 'filter':
      return `so ${filtersSay(subject.programs?.length ?? 0)} of ${printable(subject.name)}`;
    case 'bad-arch':
      return `the profile does not cover this ABI: it covers ${subject.policy.abis.map((a) => a.name).join(', ')}`;
    case 'enosys-stub':
      return 'the number is above every call that the profile names: runc answers ENOSYS before the filter is asked';
  }
}

function filtersSay(count: number): string {
  if (count === 0) return 'says the lack of a filter';
  return count === 1 ? 'says the filter' : `say the ${count} filters`;
}

function consequence({ action, data }: Verdict): string {
  switch (action) {
    case 'ALLOW':
      return 'the kernel executes it';
    case 'LOG':
      return 'the kernel executes it and writes it to the audit log';
    case 'ERRNO':
      return data === 0
        ? 'the call reports success, but nothing is executed'
        : `the call fails with ${errnoName(data) ?? `errno ${data}`}`;
    case 'KILL_THREAD':
      return 'the thread that made it dies, the rest of the process goes on';
    case 'KILL_PROCESS':
      return 'the process dies of SIGSYS ("Bad system call")';
    case 'TRAP':
      return 'the thread gets SIGSYS, which it may handle';
    case 'TRACE':
      return 'a tracer decides; without one the call fails with ENOSYS';
    case 'NOTIFY':
      return 'a supervisor decides; without one the call fails with ENOSYS';
  }
}
