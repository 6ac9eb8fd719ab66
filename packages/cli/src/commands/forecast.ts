import { forecast as foresee, type Outlook } from '@callgate/engine/internal/lint/forecast';
import { findingText } from '@callgate/engine/internal/report/findings';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { examples, type Verb } from '../command.ts';
import { CLEAN, type Context, FAILED, FINDINGS } from '../context.ts';
import { kernelRange, libcRange } from '../flags/range-flags.ts';
import { addTargetFlags, type TargetFlags } from '../flags/target-flags.ts';
import { writeFaults } from '../load/faults.ts';
import { lintOptionsFor } from '../load/lint-options.ts';
import { judgeSubject, locatedFindings } from '../load/lint-subject.ts';
import { styleFor } from '../terminal/style.ts';

/** What was measured (docs/libc.md). */
const USUAL_LIBC = 'glibc:2.31-2.43';
const NEWEST_KERNEL = { major: 7, minor: 2 };

interface ForecastFlags extends TargetFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly libcRange: string;
  readonly kernelRange?: string;
}

export const forecast: Verb = {
  name: 'forecast',

  configure(command) {
    command
      .argument('<profile>', 'a profile')
      .option(
        '--libc-range <l:a-b>',
        'base images with these releases of a libc, such as musl:1.2.2-1.2.6',
        USUAL_LIBC,
      )
      .option('--kernel-range <a-b>', 'these kernels (default: from the one that it is for to 7.2)')
      .option('--json', 'one JSON document')
      .option('-q, --quiet', 'say nothing; the exit status tells');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
What may break if the base image, the kernel or the runtime moves: calls that other releases make where
the profile allows what the present one calls, and denies those. It stands on what was measured in base
images and with runtimes (docs/libc.md, docs/floors.md), and on the program using what the profile allows.

Exit status: 0 nothing breaks, 1 something does, 2 could not do it.
${examples('forecast profile.json', 'forecast profile.json --libc-range glibc:2.36-2.43 --runtime runc', 'forecast profile.json --libc-range musl:1.2.2-1.2.6 --json')}`,
    );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<ForecastFlags>();
    const options = await lintOptionsFor(flags);
    const outlook: Outlook = {
      libcs: [libcRange(flags.libcRange)],
      kernels:
        flags.kernelRange === undefined
          ? { from: options.target.kernel, to: NEWEST_KERNEL }
          : kernelRange(flags.kernelRange),
    };
    const judged = await judgeSubject(context, name, [{ label: '', options }]);
    writeFaults(context, judged.faults, judged.text, 'callgate: ');
    const profiles = judged.under[0].profiles.flatMap((profile) => (profile.judged ? [profile] : []));
    const findings = profiles.flatMap(({ part, judged: meant }) =>
      locatedFindings(foresee(meant!, outlook), judged, part),
    );
    const { faults } = judged;
    if (flags.json)
      context.stdout.write(`${writeJson({ findings, ...(faults.length > 0 && { diagnostics: faults }) })}\n`);
    else if (!flags.quiet && profiles.length > 0) tell(context, name, findings, flags);
    return faults.length > 0 ? FAILED : findings.length > 0 ? FINDINGS : CLEAN;
  },
};

function tell(
  context: Context,
  name: string,
  findings: Parameters<typeof findingText>[1][],
  { libcRange: libcs, kernelRange: kernels }: ForecastFlags,
): void {
  const style = styleFor(context.stdout, context.env);
  for (const finding of findings) context.stdout.write(findingText(style, finding));
  const amount = findings.length === 0 ? 'nothing breaks' : `${plural(findings.length, 'thing')} may break`;
  const where = `with ${libcs}, ${kernels === undefined ? 'kernels up to 7.2' : `Linux ${kernels}`} and the runtimes that were measured`;
  context.stdout.write(`${printable(name)}: ${amount} ${where}\n`);
}
