import type { Program } from '../../bpf/instruction.ts';
import type { Endian } from '../../bpf/seccomp-data.ts';
import { listing } from '../listing.ts';

/** The program as C for linux/filter.h and prctl(PR_SET_SECCOMP) or seccomp(2). */
export function cProgram(program: Program, endian: Endian): string {
  const comments = listing(program, endian).map((line) => line.comment.replaceAll('*/', '* /'));
  const rows = program.map(({ code, jt, jf, k }, i) => {
    const fields = `{ 0x${code.toString(16).padStart(2, '0')}, ${jt}, ${jf}, 0x${k.toString(16).padStart(8, '0')} },`;
    return `\t${comments[i] ? `${fields} /* ${comments[i]} */` : fields}`;
  });
  return `#include <linux/filter.h>

static struct sock_filter filter[] = {
${rows.join('\n')}
};

static const struct sock_fprog program = {
\t.len = sizeof(filter) / sizeof(filter[0]),
\t.filter = filter,
};
`;
}
