import { formatDiagnostic, type LocatedDiagnostic } from '@callgate/engine/internal/report/diagnostics';
import { differencesDocument, differencesText } from '@callgate/engine/internal/report/differences';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import type { Carrier, CarrierFile } from '@callgate/workload/internal/carriers/carrier';
import { CARRIERS } from '@callgate/workload/internal/carriers/carriers';
import { type Shipped, ship } from '@callgate/workload/internal/carriers/ship';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { answerGiven, answersFor } from '../flags/carrier-flags.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { loadCargo, shippingFaults } from '../load/cargo.ts';
import { type LoadedSubject, SUBJECT_HELP, warningsPart } from '../load/subject.ts';
import { styleFor } from '../terminal/style.ts';
import { writeFiles } from '../terminal/write-files.ts';

interface ConvertFlags extends TargetFlags {
  readonly to?: string;
  readonly list?: boolean;
  readonly output?: string;
  readonly name?: string;
  readonly set?: ReadonlyMap<string, string>;
  readonly bestEffort?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const WRITTEN = CARRIERS.filter(({ write }) => write);

export const convert: Verb = {
  name: 'convert',

  configure(command) {
    command
      .argument('[subject]', SUBJECT_HELP)
      .addOption(
        new Option('--to <carrier>', `as what: ${WRITTEN.map(({ id }) => id).join(', ')}`).choices(
          WRITTEN.map(({ id }) => id),
        ),
      )
      .option('--list', 'say what each carrier is, and what --set can tell it')
      .option('-o, --output <path>', 'a file, or a folder or FILE.tar for several (default: stdout)')
      .option('--name <name>', 'what it is called there (default: the name of the file)')
      .addOption(
        new Option(
          '--set <key=value>',
          'what only you know, such as namespace=web; again for more',
        ).argParser(answerGiven),
      )
      .option('--best-effort', 'write what comes nearest even if it does not mean the same')
      .option('--json', 'one JSON document: what was written, and how it differs')
      .option('-q, --quiet', 'say nothing but what differs');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
What is written is read again and compared with the profile, for every call that there can be. Where the carrier cannot
hold the profile, nothing is written, and what it cannot hold is told, with a call that shows it.

Exit status: 0 proven equal, 1 not equal or not to be held, 2 could not do it.
${examples(
  'convert profile.json --to spo-v1 -o profile.yaml',
  'convert profile.json --to daemonset --set namespace=security | kubectl apply -f -',
  'convert docker:web --to c --name web -o web.h',
  'convert --list',
)}`,
    );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string | undefined];
    const flags = command.opts<ConvertFlags>();
    if (flags.list) return list(context, flags);
    const carrier = WRITTEN.find(({ id }) => id === flags.to);
    if (name === undefined)
      throw new CliFailure('a profile is needed, and --to; see: callgate convert --help');
    if (!carrier) throw new CliFailure('--to is needed; callgate convert --list says what there is');
    const answers = answersFor(carrier, flags.set);
    const { cargo, subject } = await loadCargo(context, name, targetOf(flags), {
      called: flags.name,
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet || flags.json,
    });
    const shipped = ship(carrier, { ...cargo, answers })!;
    const { files } = shipped.shipment;
    const faults = shippingFaults(shipped, subject);
    const notes = [...shipped.shipment.notes, ...bySides(subject, carrier)];
    const isWritten = files.length > 0 && (shipped.isWhole || flags.bestEffort === true);
    const isInDocument = flags.json === true && (flags.output ?? '-') === '-';
    if (isWritten && !isInDocument) writeFiles(context, flags.output, files);
    if (flags.json) {
      const written = isWritten ? files.map((file) => fileDocument(file, isInDocument)) : [];
      const document = {
        ...shippedDocument(carrier, cargo.name, shipped),
        notes,
        files: written,
        diagnostics: faults,
      };
      context.stdout.write(`${writeJson({ ...document, ...warningsPart(subject) })}\n`);
    } else
      tell(context, flags, { carrier, name, shipped, notes, faults, native: cargo.target.native, isWritten });
    return shipped.isWhole ? CLEAN : FINDINGS;
  },
};

/** What was not compared, because it comes from the one runtime that stands on one side alone. */
function bySides({ carrier: from, source }: LoadedSubject, to: Carrier): string[] {
  const [isFromSandbox, isToSandbox] = [from?.enforcer === 'sandbox', to.enforcer === 'sandbox'];
  if (!source || isFromSandbox === isToSandbox || from?.enforcer === 'kernel' || to.enforcer === 'kernel')
    return [];
  return [
    "runc's own ENOSYS for calls that are newer than the profile is on one side alone and not compared",
  ];
}

/** What helps a carrier that holds one ABI alone. */
function oneAbi({ proof, shipment: { limits = [] } }: Shipped, native: AbiName): string {
  if (limits.length > 0 || proof?.kind !== 'read') return '';
  const isElsewhere = proof.differences.listed.every(({ arch }) => arch !== native && arch !== 'other');
  return isElsewhere ? ` --arch ${native} takes the profile for this ABI alone,` : '';
}

function list(context: Context, { json }: ConvertFlags): number {
  if (json) {
    const carriers = CARRIERS.map(({ id, about, enforcer, asks = {}, write }) => ({
      id,
      about,
      enforcer,
      written: write !== undefined,
      asks: Object.entries(asks).map(([key, question]) => ({
        key,
        about: question.about,
        usual: question.usual,
        needed: question.needed !== undefined,
      })),
    }));
    context.stdout.write(`${writeJson({ carriers })}\n`);
    return CLEAN;
  }
  const style = styleFor(context.stdout, context.env);
  const width = Math.max(...CARRIERS.map(({ id }) => id.length));
  for (const { id, about, asks = {}, write } of CARRIERS) {
    context.stdout.write(`${style.bold(id.padEnd(width))}  ${about}${write ? '' : ' (read, not written)'}\n`);
    for (const [key, { about: what, usual, needed }] of Object.entries(asks))
      context.stdout.write(
        style.dim(`${' '.repeat(width)}    --set ${key}=…  ${what}${said(usual, needed)}\n`),
      );
  }
  return CLEAN;
}

function said(usual: string | undefined, needed: string | undefined): string {
  if (needed !== undefined) return ` (needed, such as ${needed})`;
  return usual === undefined ? '' : ` (default: ${usual})`;
}

function fileDocument({ path, content }: CarrierFile, isInside: boolean): object {
  if (!isInside) return { path };
  return typeof content === 'string'
    ? { path, content }
    : { path, base64: Buffer.from(content).toString('base64') };
}

function shippedDocument({ id }: Carrier, name: string, { proof, isWhole }: Shipped): object {
  const differences = proof?.kind === 'read' ? differencesDocument(proof.differences) : { differences: [] };
  return { carrier: id, name, ...differences, equal: isWhole };
}

interface Told {
  readonly carrier: Carrier;
  readonly name: string;
  readonly shipped: Shipped;
  readonly notes: readonly string[];
  readonly faults: readonly LocatedDiagnostic[];
  /** The machine's own ABI. */
  readonly native: AbiName;
  readonly isWritten: boolean;
}

function tell(
  context: Context,
  flags: ConvertFlags,
  { carrier, name, shipped, notes, faults, native, isWritten }: Told,
): void {
  const { stderr, env } = context;
  const style = styleFor(stderr, env);
  for (const fault of faults) stderr.write(`callgate: ${formatDiagnostic(fault)}\n`);
  const { proof, shipment } = shipped;
  const head = `${printable(name)} → ${carrier.id}`;
  if (proof?.kind === 'read' && proof.differences.listed.length > 0)
    stderr.write(`callgate: ${head}: ${differencesText(style, proof.differences)}`);
  if (!isWritten) {
    const hint =
      shipment.files.length > 0 ? `;${oneAbi(shipped, native)} --best-effort writes what comes nearest` : '';
    stderr.write(
      `callgate: ${style.red('nothing was written')}: ${carrier.id} cannot hold this profile${hint}\n`,
    );
  } else if (!flags.quiet) {
    if (shipped.isWhole) stderr.write(`callgate: ${head}: ${style.green('proven equal')}\n`);
    for (const note of notes) stderr.write(`callgate: ${carrier.id}: ${note}\n`);
  }
}
