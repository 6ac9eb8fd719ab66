import {
  type AskedCall,
  type AskingFault,
  askedCall,
  askedOn,
  callOf,
} from '@callgate/engine/internal/analysis/asked-call';
import { explainCall, possibleVerdicts, type Verdict } from '@callgate/engine/internal/analysis/explain';
import { executes } from '@callgate/engine/internal/bpf/action';
import {
  actionText,
  type VerdictSource,
  verdictDocument,
  verdictText,
} from '@callgate/engine/internal/report/explanation';
import { formatReason } from '@callgate/engine/internal/report/origin';
import type { Style } from '@callgate/engine/internal/report/style';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import { thisMachine } from '@callgate/linux/internal/machine';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { readOrigins } from '../load/origins.ts';
import { livePart, liveText, loadSubject, SUBJECT_HELP, warningsPart } from '../load/subject.ts';
import { noSuchCall } from '../load/system-call.ts';
import { styleFor } from '../terminal/style.ts';

interface ExplainFlags extends TargetFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
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
--arch with one ABI of this machine asks about a caller: what does a 32-bit program get (--arch x86)?
The profile is read as without the flag. With several ABIs, or those of another machine, the profile is
read for exactly these. A negative argument of 32 bits, such as AT_FDCWD, is passed as programs pass it.
Exit status: 0 allowed, 1 denied (with these arguments, or zeros), 2 could not do it.
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
    const { target, abi } = askedOn(targetOf(flags), thisMachine().abi);
    const subject = await loadSubject(context, file, target, {
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet || flags.json,
    });
    const asked = askedCall(syscall, args, abi);
    if ('fault' in asked) throw failureOf(asked.fault);
    const verdict = explainCall(subject.policy, callOf(asked));
    const possible = args.length > 0 ? [] : possibleVerdicts(subject.policy, abi, asked.nr);
    const origins = subject.source && readOrigins(context, file);
    const reasons = (origins && Object.hasOwn(origins.calls, asked.name) && origins.calls[asked.name]) || [];
    const style = styleFor(context.stdout, context.env);
    const source = sourceOf(subject);
    context.stdout.write(
      flags.json
        ? `${writeJson({ ...verdictDocument(asked, verdict, source, reasons), ...livePart(subject), ...warningsPart(subject) })}\n`
        : verdictText(style, asked, verdict, possible, source) +
            signExtended(style, asked, verdict, subject) +
            style.yellow(indented(subject.live?.mode === 'strict' ? liveText(subject) : '')) +
            reasons.map((r) => `  origin: ${printable(formatReason(r, origins!.runs))}\n`).join(''),
    );
    return executes(verdict.action) ? CLEAN : FINDINGS;
  },
};

function indented(line: string): string {
  return line && `  ${line}`;
}

function sourceOf({ name, policy, source, programs }: Subject): VerdictSource {
  return { name, policy, ...source, filters: programs?.length };
}

/** What a filter that looks at all 64 bits decides where a program fills the upper half of a negative argument. */
function signExtended(style: Style, asked: AskedCall, verdict: Verdict, { policy }: Subject): string {
  const wide = explainCall(policy, callOf({ ...asked, args: asked.signExtended }));
  if (wide.action === verdict.action && wide.data === verdict.data) return '';
  return `  ${style.yellow('from a program that sign-extends negative arguments')} → ${actionText(style, wide)}\n`;
}

function failureOf(fault: AskingFault): CliFailure {
  switch (fault.kind) {
    case 'too-many-arguments':
      return new CliFailure(`a system call has at most six arguments, not ${fault.count}`);
    case 'not-on-this-abi':
      return new CliFailure(
        `${fault.abi.name} has no system call ${fault.name}; choose another ABI with --arch`,
      );
    case 'no-such-call':
      return noSuchCall(fault.name);
    case 'no-such-value': {
      const meant = fault.meant ? `; did you mean ${fault.meant}?` : '';
      return new CliFailure(
        `argument ${fault.argument} is "${printable(fault.text)}", which is neither a number nor a known name${meant}`,
      );
    }
  }
}
