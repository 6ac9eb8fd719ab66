import { type Differences, diffDecisions } from '@callgate/engine/internal/analysis/diff';
import { type Decompiled, decompilePolicy } from '@callgate/engine/internal/lift/decompile';
import { profileDocument, stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { differencesDocument, differencesText } from '@callgate/engine/internal/report/differences';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { type LoadedSubject, livePart, liveText, loadSubject, SUBJECT_HELP } from '../load/subject.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFile } from '../terminal/write-file.ts';

interface DecompileFlags extends TargetFlags {
  readonly output: string;
  readonly json?: boolean;
  readonly inexact?: boolean;
  readonly quiet?: boolean;
}

export const decompile: Verb = {
  name: 'decompile',

  configure(command) {
    command
      .argument('<subject>', SUBJECT_HELP)
      .option('-o, --output <file>', 'where the profile goes; "-" for stdout', '-')
      .option('--json', 'one JSON document on stdout: the profile, and how it differs from the filter');
    command.option('--inexact', 'the nearest profile even if it lets calls pass that the filter denies');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
How a profile is read matters only if SUBJECT is one. The profile that is made is read back and compared with
the filter. Either they are proven equal (exit status 0), or what no profile can express is listed (exit status 1); such
a profile denies more, never less. If each that comes near would let calls pass that the filter denies, none is written
(exit status 2) without --inexact.
${examples('decompile filter.bpf -o profile.json', 'decompile docker:web -o web.json', 'decompile pid:1234')}`,
    );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<DecompileFlags>();
    const subject = await loadSubject(context, name, targetOf(flags), {
      allowUnknown: flags.allowUnknown,
      quiet: true,
    });
    if (subject.live?.mode === 'none')
      throw new CliFailure(
        `${liveText(subject).trim()}; there is nothing to decompile, and seccomp=unconfined says the same`,
      );
    const made = decompilePolicy(subject.policy, { mayLoosen: flags.inexact });
    if (!made) throw new CliFailure(`${printable(name)} decides by too many conditions for any profile`);
    if (made.loosens && !flags.inexact) throw looser(name, subject, made);
    if (!flags.json || flags.output !== '-') writeFile(context, flags.output, stringifyProfile(made.profile));
    if (flags.json) {
      context.stdout.write(`${writeJson(decompiledDocument(subject, made))}\n`);
      return made.exact ? CLEAN : FINDINGS;
    }
    const style = styleFor(context.stderr, context.env);
    if (!flags.quiet && liveText(subject))
      context.stderr.write(`callgate: ${style.yellow(liveText(subject))}`);
    if (made.exact) {
      if (!flags.quiet)
        context.stderr.write(
          `callgate: ${style.green('proven equal')} to ${printable(name)}, as ${made.runtime} reads it\n`,
        );
      return CLEAN;
    }
    context.stderr.write(
      `callgate: ${style.red('not equal')}: as ${made.runtime} reads it, ${printable(name)} → profile: ${differencesText(style, differences(subject, made))}`,
    );
    return FINDINGS;
  },
};

function differences({ policy }: Subject, { decision }: Decompiled): Differences {
  return diffDecisions(policy, decision, policy.abis);
}

function looser(name: string, subject: Subject, made: Decompiled): CliFailure {
  const { listed } = differences(subject, made);
  const example = listed.find((d) => d.change === 'loosened');
  const which = example ? `, such as ${example.name ?? `number ${example.nr}`} on ${example.arch}` : '';
  return new CliFailure(
    `every profile that comes near to ${printable(name)} lets calls pass that it denies${which}; --inexact writes the nearest`,
  );
}

function decompiledDocument(subject: LoadedSubject, made: Decompiled): object {
  return {
    profile: profileDocument(made.profile),
    runtime: made.runtime,
    ...livePart(subject),
    ...differencesDocument(differences(subject, made)),
  };
}
