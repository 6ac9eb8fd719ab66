import { listing } from '@callgate/engine/internal/report/listing';
import { listingText } from '@callgate/engine/internal/report/listing-text';
import { jsonProgram } from '@callgate/engine/internal/report/programs/json';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure } from '../context.ts';
import { targetOf } from '../flags/target-flags.ts';
import { LIVE_HELP } from '../load/live-filters.ts';
import { loadPrograms } from '../load/subject.ts';
import { styleFor } from '../terminal/style.ts';

interface DisasmFlags {
  readonly arch?: string;
  readonly json?: boolean;
}

export const disasm: Verb = {
  name: 'disasm',

  configure(command) {
    command
      .argument('<subject>', `a filter: FILE.bpf (struct sock_filter[]), "-" for stdin, ${LIVE_HELP}`)
      .option('--arch <abi>', 'for machines of this ABI (default: that of this machine)')
      .option('--json', 'one JSON document')
      .addHelpText(
        'after',
        `
callgate asm makes the same filter of the text again, byte for byte. The comments name ABIs, system calls,
arguments and actions where that is certain. If a process has several filters, the newest comes first.
${examples('disasm filter.bpf', 'disasm docker:web', 'disasm pid:1234 > filter.asm')}`,
      );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<DisasmFlags>();
    const target = targetOf(flags);
    const programs = await loadPrograms(context, name, target);
    const { endian } = abiOf(target.native);
    if (flags.json) {
      const filters = programs.map((program) => ({
        instructions: program.length,
        program: jsonProgram(program),
      }));
      context.stdout.write(`${writeJson({ filters })}\n`);
      return CLEAN;
    }
    if (programs.length === 0) throw new CliFailure(`${printable(name)} has no filter`);
    const style = styleFor(context.stdout, context.env);
    const texts = programs.map((program, i) => {
      const head = `; filter ${i + 1} of ${programs.length}, ${plural(program.length, 'instruction')}\n`;
      return (programs.length > 1 ? style.bold(head) : '') + listingText(style, listing(program, endian));
    });
    context.stdout.write(texts.join('\n'));
    return CLEAN;
  },
};
