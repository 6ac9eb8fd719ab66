import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Carrier } from './carrier.ts';
import { shipProgram } from './program.ts';

export const bpf: Carrier = {
  id: 'bpf',
  about: 'the filter itself: struct sock_filter[], 8 bytes an instruction',
  enforcer: 'kernel',
  write: (cargo) =>
    shipProgram(cargo, (program) => ({
      files: [{ path: `${cargo.name}.bpf`, content: encodeProgram(program, cargo.policy.endian) }],
      notes: [],
    })),
};
