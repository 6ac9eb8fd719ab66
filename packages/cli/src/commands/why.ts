import { amend } from '@callgate/engine/internal/edit/amend';
import { NotAsAsked } from '@callgate/engine/internal/edit/amended';
import { denialDocument, denialText, unnamedDenialDocument } from '@callgate/engine/internal/report/denial';
import { printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { wasExecuted } from '@callgate/engine/internal/why/explained-denial';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { type WhyAnswer, whyAnswer } from '../load/why-answer.ts';
import { type WhyFlags, whyQuestion } from '../load/why-question.ts';
import { shown } from '../terminal/shown.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface Flags extends WhyFlags, TargetFlags {
  readonly profile?: readonly string[];
  readonly exe?: string;
  readonly output?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const why: Verb = {
  name: 'why',

  configure(command) {
    command
      .argument(
        '[line...]',
        'a line of a kernel log or an error text as it was printed; a file with such, "-" for stdin; docker:NAME, podman:NAME, of what runs also containerd:NAME, crio:NAME, crun:NAME, runc:NAME; pid:N; an error text may stand behind these',
      )
      .option('--pid <n>', 'a process: its filters, and what the kernel log has of it')
      .option(
        '--container <name>',
        'a container of docker or podman, alive or dead; runc:NAME and others while they run',
      )
      .option('--exit <status>', 'a program ended with this status: 159, or −31 as Python has it')
      .option(
        '--call <call>',
        'this call was refused: mount, or with arguments: "socket AF_VSOCK SOCK_STREAM"',
      )
      .option(
        '--profile <subject>',
        'what it ran under: a profile, stock:docker, pid:N; a second one stands for a filter beside the first',
        (value: string, before: readonly string[] = []) => [...before, value],
      )
      .option('--exe <file>', "the program's file, for the name of the function that made the call")
      .option('-o, --output <file>', 'write the profile with every change that is proposed')
      .option('--json', 'one JSON document')
      .option('-q, --quiet', 'only the exit status');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
Without --profile a container is judged by its own profile, and a process by the filters that the kernel holds for it.
What is proposed was tried: the changed profile lets the call pass, and nothing else that it denied.
Exit status: 0 no filter refused anything, 1 a denial is explained, 2 it could not be understood.
${examples(
  'why docker:web',
  'why --pid 1234',
  `why 'audit: type=1326 audit(1764413456.1:7): auid=0 uid=0 gid=0 ses=1 pid=9 comm="app" exe="/app" sig=31 arch=c000003e syscall=165 compat=0 ip=0x47 code=0x80000000' --profile stock:docker`,
  "why 'unshare: unshare failed: Operation not permitted' --profile stock:docker",
  'why --exit 159',
)}`,
    );
  },

  async run(context, command) {
    const [words] = command.processedArgs as [string[]];
    const flags = command.opts<Flags>();
    const question = await whyQuestion(context, words, flags);
    const target = targetOf(flags);
    const answer = await whyAnswer(context, question, {
      target,
      flags,
      profiles: flags.profile ?? [],
      ...(flags.exe !== undefined && { exe: flags.exe }),
      quiet: flags.quiet === true || flags.json === true,
    });
    if (!answer.isUnderstood)
      throw new CliFailure(
        'no call can be told from that, neither as a kernel log nor as an error; --call NAME says which was refused',
      );
    if (flags.output !== undefined) writeFile(context, flags.output, changedText(answer));
    if (flags.json) context.stdout.write(`${writeJson(documentOf(answer, target))}\n`);
    else if (!flags.quiet && flags.output !== '-') context.stdout.write(textOf(context, answer));
    return statusOf(answer);
  },
};

function statusOf({ denials, isSurely }: WhyAnswer): number {
  const isRefused = ({ denial }: WhyAnswer['denials'][number]) =>
    denial.judgement.by !== 'not-seccomp' && !wasExecuted(denial);
  if (denials.some(isRefused)) return FINDINGS;
  return isSurely ? FINDINGS : CLEAN;
}

function documentOf({ denials, notes, isSurely }: WhyAnswer, { native }: Target): object {
  const told = denials.map(({ denial, context }) => denialDocument(denial, context));
  const unnamed = isSurely && told.length === 0 ? [unnamedDenialDocument(native, notes)] : [];
  return { denials: [...told, ...unnamed], notes };
}

function textOf(context: Context, { denials, notes }: WhyAnswer): string {
  const style = styleFor(context.stdout, context.env);
  const texts = denials.map(({ denial, context: told }) => denialText(style, denial, told));
  const head = notes.map((note) => `${style.dim(shown(note))}\n`).join('');
  return [...(head === '' ? [] : [head]), ...texts].join('\n');
}

/** The text of the first profile that is to be changed, with all of its changes. */
function changedText({ denials }: WhyAnswer): string {
  const changes = denials.flatMap(({ denial }) =>
    denial.change && denial.filter?.text ? [{ change: denial.change, subject: denial.filter.text }] : [],
  );
  const [first] = changes;
  if (!first) throw new CliFailure('there is no change that would help, so none is written');
  let { text } = first.subject;
  for (const { change, subject } of changes.filter((one) => one.subject.text === first.subject.text))
    try {
      const made = amend({ ...subject, text }, change.amendment);
      if (made.kind === 'amended') text = made.text;
    } catch (fault) {
      if (!(fault instanceof NotAsAsked)) throw fault;
      throw new CliFailure(`nothing was written: ${printable(fault.message)}`);
    }
  return text;
}
