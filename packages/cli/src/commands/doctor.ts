import { writeJson } from '@callgate/engine/internal/source/write-json';
import { checkMachine } from '@callgate/linux/internal/check-machine';
import { examples, type Verb } from '../command.ts';
import { CLEAN, FINDINGS } from '../context.ts';
import { styleFor } from '../terminal/style.ts';

export const doctor: Verb = {
  name: 'doctor',

  configure(command) {
    command.option('--json', 'one JSON document').addHelpText('after', examples('doctor', 'doctor --json'));
  },

  async run(context, command) {
    const checks = await checkMachine();
    if (command.opts<{ json?: boolean }>().json) context.stdout.write(`${writeJson({ checks })}\n`);
    else {
      const style = styleFor(context.stdout, context.env);
      for (const { name, ok, why } of checks)
        context.stdout.write(
          `${ok ? style.green('✓') : style.red('✗')} ${name}${why ? style.dim(` — ${why}`) : ''}\n`,
        );
    }
    const recordsAndEnforces =
      checks.some((c) => c.ok && c.name.startsWith('record')) &&
      checks.some((c) => c.ok && c.name.startsWith('enforce'));
    return recordsAndEnforces ? CLEAN : FINDINGS;
  },
};
