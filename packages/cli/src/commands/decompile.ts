import { diffPolicies } from '@callgate/engine/analysis/diff';
import { type Decompiled, decompilePolicy } from '@callgate/engine/lift/decompile';
import { stringifyProfile } from '@callgate/engine/profile/stringify';
import { formatAction } from '@callgate/engine/report/action';
import { describeArguments } from '@callgate/engine/report/arguments';
import { examples, type Verb } from '../command.ts';
import { CLEAN, FINDINGS } from '../context.ts';
import { loadSubject, SUBJECT_HELP, type Subject } from '../input/subject.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../input/target-flags.ts';
import { plural, printable, styleFor } from '../output/style.ts';
import { writeFile } from '../output/write-file.ts';

interface DecompileFlags extends TargetFlags {
  readonly output: string;
  readonly quiet?: boolean;
}

export const decompile: Verb = {
  name: 'decompile',

  configure(command) {
    command
      .argument('<subject>', SUBJECT_HELP)
      .option('-o, --output <file>', 'where the profile goes; "-" for stdout', '-')
      .option('-q, --quiet', 'say nothing but errors');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
The profile is read again as a runtime reads it and compared with the filter: either they are proven
equal, or what no OCI profile can say is listed and the exit status is 1.
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
    const made = decompilePolicy(subject.policy);
    writeFile(context, flags.output, stringifyProfile(made.profile));
    const style = styleFor(context.stderr, context.env);
    if (made.exact) {
      if (!flags.quiet)
        context.stderr.write(
          `callgate: ${style.green('proven equal')} to ${printable(name)}, as ${made.runtime} reads it\n`,
        );
      return CLEAN;
    }
    context.stderr.write(
      `callgate: ${style.red('not equal')}: as ${made.runtime} reads it, the profile differs from ${printable(name)}:\n${leftovers(subject, made)}`,
    );
    return FINDINGS;
  },
};

const MOST_LEFTOVERS = 20;

/** What no profile can say: how the filter and the best profile differ. */
function leftovers({ policy }: Subject, made: Decompiled): string {
  const { diagram, root, abis } = policy;
  const differences = diffPolicies(diagram, root, made.root, abis);
  const lines = differences.slice(0, MOST_LEFTOVERS).map((d) => {
    const numbers = d.name ?? (d.nr === d.last ? `number ${d.nr}` : `numbers ${d.nr}–${d.last}`);
    const when = describeArguments(diagram, d.when, d.name, d.bits);
    const arch = d.arch === 'other' ? 'all other architectures' : d.arch;
    return `  ${arch}: ${numbers}${when && ` when ${when}`}: ${formatAction(d.before.kind, d.before.data)} in the filter, ${formatAction(d.after.kind, d.after.data)} in the profile\n`;
  });
  const rest = differences.length - lines.length;
  return lines.join('') + (rest > 0 ? `  and ${plural(rest, 'more difference')}\n` : '');
}
