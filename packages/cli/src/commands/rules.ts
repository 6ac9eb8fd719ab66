import { DIAGNOSTIC_CODES, type DiagnosticCode } from '@callgate/engine/internal/diagnostics/codes';
import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { POLICY_RULES } from '@callgate/engine/internal/lint/policy-rules';
import { OTHER_CODES } from '@callgate/engine/internal/report/finding-codes';
import { firstSentence, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { AUDIT_CODES } from '@callgate/workload/internal/findings/codes';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure } from '../context.ts';
import { styleFor } from '../terminal/style.ts';

interface Explained {
  readonly code: string;
  /** Of what is judged; what reading a profile says has none of its own. */
  readonly severity?: string;
  readonly about: string;
}

const DIAGNOSTICS = (Object.keys(DIAGNOSTIC_CODES) as DiagnosticCode[]).map((code): Explained => {
  return { code, about: DIAGNOSTIC_CODES[code] };
});
const JUDGED = [
  ...POLICY_RULES.map(({ code, severity, about }): Explained => ({ code, severity, about })),
  ...Object.entries(OTHER_CODES).map(([code, about]): Explained => ({ code, about })),
];
const AUDITED = Object.entries(AUDIT_CODES).map(([code, about]): Explained => ({ code, about }));

export const rules: Verb = {
  name: 'rules',

  configure(command) {
    command
      .argument('[code]', 'what stands in brackets at the end of a message (default: all)')
      .option('--json', 'one JSON document')
      .addHelpText('after', examples('rules', 'rules sibling-passes', 'rules wrong-level'));
  },

  async run(context, command) {
    const [code] = command.processedArgs as [string | undefined];
    const { json } = command.opts<{ json?: boolean }>();
    const all = [...JUDGED, ...AUDITED, ...DIAGNOSTICS];
    const shown = code === undefined ? all : [explained(all, code)];
    const style = styleFor(context.stdout, context.env);
    const line = ({ code: name, about }: Explained) =>
      `  ${style.bold(name.padEnd(26))} ${firstSentence(about)}\n`;
    const text = () =>
      code === undefined
        ? `What lint, gate and forecast find in what a profile means:\n${JUDGED.map(line).join('')}\nWhat audit finds in what is deployed:\n${AUDITED.map(line).join('')}\nWhat is said when a profile is read, and what lint finds in it, too:\n${DIAGNOSTICS.map(line).join('')}`
        : shown
            .map(
              ({ code: name, severity, about }) =>
                `${style.bold(name)}${severity ? ` (${severity})` : ''}: ${about}\n`,
            )
            .join('');
    context.stdout.write(json ? `${writeJson({ rules: shown })}\n` : text());
    return CLEAN;
  },
};

function explained(all: readonly Explained[], code: string): Explained {
  const found = all.find((rule) => rule.code === code);
  if (found) return found;
  const meant = suggest(
    code,
    all.map((rule) => rule.code),
  );
  throw new CliFailure(
    `there is no rule ${printable(code.slice(0, 60))}; ${meant ? `did you mean ${meant}?` : 'callgate rules lists them'}`,
  );
}
