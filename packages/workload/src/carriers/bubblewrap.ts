import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Carrier } from './carrier.ts';
import { shipProgram } from './program.ts';

export const bubblewrap: Carrier = {
  id: 'bubblewrap',
  about: 'a script with the command line of bwrap, and the filter beside it',
  enforcer: 'kernel',
  write: (cargo) =>
    shipProgram(cargo, (program) => {
      const path = `${cargo.name}.bpf`;
      const script = `#!/bin/sh
# What is given behind the script's name goes on: the other options of bwrap, the program.
exec bwrap --seccomp 9 "$@" 9<"$(dirname -- "$0")/${path}"
`;
      return {
        files: [
          { path: `${cargo.name}.sh`, content: script },
          { path, content: encodeProgram(program, cargo.policy.endian) },
        ],
        holder: path,
        notes: [`used as: sh ${cargo.name}.sh --ro-bind / / --dev /dev PROGRAM`],
      };
    }),
};
