import { bitmapDocument, bitmapsOf, bitmapsText } from '@callgate/engine/internal/report/bitmap';
import { overviewDocument, overviewText } from '@callgate/engine/internal/report/overview';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { examples, type Verb } from '../command.ts';
import { CLEAN } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { stockText } from '../load/stock.ts';
import { livePart, liveText, loadSubject, SUBJECT_HELP, warningsPart } from '../load/subject.ts';
import { styleFor } from '../terminal/style.ts';

interface ShowFlags extends TargetFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly names?: boolean;
  readonly bitmap?: boolean;
}

export const show: Verb = {
  name: 'show',

  configure(command) {
    command
      .argument('<subject>', SUBJECT_HELP)
      .option('--names', 'list the names of the calls, not just how many they are')
      .option(
        '--bitmap',
        'count the calls that the kernel allows without running the filter, and say why it runs for the others',
      )
      .option('--json', 'one JSON document');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      examples(
        'show stock:docker',
        'show profile.json --names',
        'show stock:docker@26 --caps CAP_SYS_ADMIN --arch aarch64',
        'show docker:web --bitmap',
      ),
    );
  },

  async run(context, command) {
    const [file] = command.processedArgs as [string];
    const flags = command.opts<ShowFlags>();
    const subject = await loadSubject(context, file, targetOf(flags), {
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet || flags.json,
    });
    const style = styleFor(context.stdout, context.env);
    const programs = () => subject.programs ?? [compileSubject(subject)];
    const bitmaps = flags.bitmap ? bitmapsOf(programs(), subject.policy.abis, subject.target.kernel) : [];
    const document = {
      profile: file,
      ...livePart(subject),
      ...(subject.stock && { stock: { seen: subject.stock.seen, source: subject.stock.source } }),
      ...(subject.carrier && { carrier: subject.carrier.id }),
      abis: overviewDocument(subject.policy),
      ...(flags.bitmap && { bitmaps: bitmaps.map(bitmapDocument) }),
      ...warningsPart(subject),
    };
    const text = () =>
      (subject.stock ? style.dim(stockText(subject.stock)) : '') +
      (subject.carrier ? style.dim(`${subject.carrier.about}: an OCI runtime reads no such file\n`) : '') +
      (subject.live?.mode === 'none'
        ? style.yellow(liveText(subject))
        : style.yellow(liveText(subject)) + overviewText(style, file, subject.policy, flags.names ?? false)) +
      bitmapsText(style, bitmaps);
    context.stdout.write(flags.json ? `${writeJson(document)}\n` : text());
    return CLEAN;
  },
};
