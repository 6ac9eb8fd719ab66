import { assemble } from '@callgate/engine/internal/bpf/assemble';
import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import { readListing } from '@callgate/engine/internal/bpf/read-listing';
import { verifyProgram } from '@callgate/engine/internal/bpf/verify';
import { jsonProgram } from '@callgate/engine/internal/report/programs/json';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { examples, type Verb } from '../command.ts';
import { CLEAN, FINDINGS } from '../context.ts';
import { targetOf } from '../flags/target-flags.ts';
import { expectAssembled } from '../load/listing.ts';
import { readText } from '../load/read-text.ts';
import { writeProgram } from '../terminal/write-program.ts';

interface AsmFlags {
  readonly arch?: string;
  readonly output: string;
  readonly json?: boolean;
}

export const asm: Verb = {
  name: 'asm',

  configure(command) {
    command
      .argument(
        '<file>',
        'text in the syntax of the kernel\'s bpf_asm, or the listing of another tool; "-" for stdin',
      )
      .option('-o, --output <file>', 'where the filter goes, as struct sock_filter[]; "-" for stdout', '-')
      .option('--arch <abi>', 'for machines of this ABI (default: that of this machine)')
      .option('--json', 'one JSON document on stdout: the program, and why the kernel would refuse it')
      .addHelpText(
        'after',
        `
Instructions: ld ldx st stx tax txa, jeq jgt jge jset (jne jlt jle) with two labels, ja, add sub mul div
and or xor lsh rsh neg, ret. Operands: [offset], M[word], #number, x, a, #len. Comments: ; or // or /* */.
.raw CODE, JT, JF, K is any instruction.
The tables of seccomp-tools, firejail and scmp_bpf_disasm, and the numbers of tcpdump -dd and -ddd are read, too.
Exit status: 0 written, 1 written although the kernel would refuse it, 2 could not do it.
${examples('asm filter.asm -o filter.bpf', 'disasm filter.bpf | callgate asm - -o same.bpf')}`,
      );
  },

  async run(context, command) {
    const [file] = command.processedArgs as [string];
    const flags = command.opts<AsmFlags>();
    const text = await readText(context, file);
    const program = expectAssembled(file, readListing(text) ?? assemble(text));
    const { endian } = abiOf(targetOf(flags).native);
    if (!flags.json || flags.output !== '-')
      writeProgram(context, flags.output, encodeProgram(program, endian));
    const refusal = verifyProgram(program);
    if (flags.json)
      context.stdout.write(
        `${writeJson({ instructions: program.length, program: jsonProgram(program), refusal: refusal ?? null })}\n`,
      );
    if (!refusal) return CLEAN;
    context.stderr.write(`callgate: the kernel would refuse it: instruction ${refusal.at}: ${refusal.why}\n`);
    return FINDINGS;
  },
};
