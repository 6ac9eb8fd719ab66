import * as v from 'valibot';
import { FINDING_SEVERITIES } from '../lint/finding.ts';
import { escapedCharacter, replaceUnprintable } from '../source/unprintable.ts';
import { isKnownName } from '../syscalls/lookup.ts';

const words = v.pipe(v.string(), v.trim(), v.nonEmpty('is empty'));
/** February has no 30th, though the form would take it. */
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

const severity = v.picklist(FINDING_SEVERITIES);
const files = v.optional(
  v.pipe(
    v.array(
      v.pipe(
        words,
        v.check((glob) => !/^(\/|\.\.(\/|$))/.test(glob), 'leads out of the folder of the configuration'),
        v.transform((glob) => glob.replace(/^\.\//, '')),
      ),
    ),
    v.minLength(1, 'is empty'),
    v.description('Only for these profiles: paths from the folder of this file, with * and **.'),
  ),
);
const reason = v.pipe(
  words,
  v.check(isPrintable, 'holds a line break, or another character that cannot be printed'),
  v.description('Why, for whoever reads it later.'),
);

const target = v.strictObject({
  runtime: v.optional(v.pipe(words, v.description('As --runtime: docker, containerd@2.1, …'))),
  kernel: v.optional(v.pipe(words, v.description('As --kernel: "6.1", in quotes.'))),
  arch: v.optional(v.pipe(words, v.description('As --arch: x86_64,x86.'))),
  caps: v.optional(v.pipe(words, v.description('As --caps: CAP_NET_ADMIN.'))),
});

const suppression = v.strictObject({
  code: v.pipe(words, v.description('What stands in brackets behind a finding.')),
  files,
  call: v.optional(
    v.pipe(
      words,
      v.check(isKnownName, 'is no system call'),
      v.description('Only where the finding is about this call.'),
    ),
  ),
  reason,
  until: v.pipe(
    v.string(),
    v.isoDate('is no date such as 2027-03-31'),
    v.check((day) => isDay(day), 'is no date such as 2027-03-31'),
    v.description('The last day on which it holds; then the finding is back.'),
  ),
});

const budget = v.pipe(
  v.strictObject({
    never: v.optional(
      v.pipe(
        v.array(words),
        v.minLength(1, 'is empty'),
        v.description('Calls that may not pass: bpf, or with arguments: socket=family==AF_PACKET.'),
      ),
    ),
    neverLooserThan: v.optional(
      v.pipe(
        words,
        v.description('Nothing may pass that does not pass there, such as stock:containerd@2.1.'),
      ),
    ),
    files,
    severity: v.optional(severity),
    reason: v.optional(reason),
  }),
  v.check(
    (has) => has.never !== undefined || has.neverLooserThan !== undefined,
    'has neither never nor neverLooserThan',
  ),
);

/** The document. */
export const configSchema = v.strictObject({
  $schema: v.optional(v.string()),
  targets: v.optional(
    v.pipe(
      v.array(target),
      v.minLength(1, 'is empty'),
      v.maxLength(20, 'has more than 20'),
      v.description(
        'What profiles are judged for, each in turn; flags of the command line take their place.',
      ),
    ),
  ),
  severities: v.optional(
    v.pipe(
      v.record(v.string(), v.picklist([...FINDING_SEVERITIES, 'off'])),
      v.description('How much the findings of a code matter here; off: not at all.'),
    ),
  ),
  failOn: v.optional(v.pipe(severity, v.description('As --fail-on of lint.'))),
  suppressions: v.optional(
    v.pipe(v.array(suppression), v.description('Findings that are known, and who bears them until when.')),
  ),
  budgets: v.optional(v.pipe(v.array(budget), v.description('What no profile may let pass, by proof.'))),
});

/** The keys that the document has, and those of its lists' elements. */
export const CONFIG_KEYS = {
  document: Object.keys(configSchema.entries),
  targets: Object.keys(target.entries),
  suppressions: Object.keys(suppression.entries),
  budgets: Object.keys(budget.pipe[0].entries),
} as const;

/** What a house wants of its profiles. */
export type Config = v.InferOutput<typeof configSchema>;
export type ConfigTarget = v.InferOutput<typeof target>;
export type Suppression = v.InferOutput<typeof suppression>;
export type ConfigBudget = v.InferOutput<typeof budget>;

function isPrintable(text: string): boolean {
  return replaceUnprintable(text, escapedCharacter) === text;
}
