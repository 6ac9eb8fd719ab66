import { formatProgram } from '@callgate/engine/internal/report/program-formats';
import type { Carrier } from './carrier.ts';
import { shipProgram } from './program.ts';

/** A header of its own names, so that several can be included. */
function header(name: string, array: string): string {
  const word = identifier(name);
  const body = array
    .replace(/^#include.*\n\n/, '')
    .replace(/\bfilter\[\] = \{/, `${word}_filter[] = {`)
    .replace(/\bsock_fprog program\b/, `sock_fprog ${word}_program`)
    .replace(
      /sizeof\(filter\) \/ sizeof\(filter\[0\]\)/,
      `sizeof(${word}_filter) / sizeof(${word}_filter[0])`,
    )
    .replace(/\.filter = filter\b/, `.filter = ${word}_filter`);
  return `#ifndef ${word.toUpperCase()}_H
#define ${word.toUpperCase()}_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

${body}
/* Puts the calling thread, and what it starts, under the filter. Returns 0, or -1 with errno. */
static inline int ${word}_install(void)
{
\tif (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
\t\treturn -1;
\treturn prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &${word}_program);
}

#endif
`;
}

function identifier(name: string): string {
  return `seccomp_${name.replace(/-/g, '_')}`;
}

export const c: Carrier = {
  id: 'c',
  about: 'a C header with the filter and a function that installs it',
  enforcer: 'kernel',
  write: (cargo) =>
    shipProgram(cargo, (program) => ({
      files: [
        {
          path: `${cargo.name}.h`,
          content: header(cargo.name, formatProgram('c', program, cargo.policy) as string),
        },
      ],
      notes: [`used as: #include "${cargo.name}.h", then ${identifier(cargo.name)}_install()`],
    })),
};
