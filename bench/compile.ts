/**
 * Docker's default profile: size of the filter, instructions that run, and time to lower, compile and prove it.
 *   npx tsx -C @callgate/source bench/compile.ts
 */
import { runProgram } from '@callgate/engine/bpf/vm';
import { compileDiagram } from '@callgate/engine/compile/compile';
import { ALLOW_WORD } from '@callgate/engine/policy/action';
import { lowerProfile } from '@callgate/engine/policy/lower';
import { parseProfile } from '@callgate/engine/profile/parse';
import { DOCKER_PROFILE } from '@callgate/engine/stock/generated/docker';
import type { AbiName } from '@callgate/engine/syscalls/arch';
import { numberOf } from '@callgate/engine/syscalls/lookup';

const MIX = 'read write futex epoll_wait openat close mmap clock_nanosleep recvfrom sendto'.split(' ');
const X86_64 = 0xc000003e;
const ROUNDS = 30;

const profile = parseProfile(DOCKER_PROFILE, 'json').value!;
const lower = (abis: readonly AbiName[]) =>
  lowerProfile(profile, { native: 'x86_64', abis, kernel: { major: 6, minor: 18 }, capabilities: new Set() })
    .value!;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

console.log('ABIs               instructions   uniform    mix   denied   lower   compile and prove');
for (const abis of [['x86_64'], ['x86_64', 'x86', 'x32']] as const) {
  const times: [number, number][] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    const p = lower(abis);
    const middle = performance.now();
    compileDiagram(p.diagram, p.root, p.endian);
    times.push([middle - start, performance.now() - middle]);
  }
  const policy = lower(abis);
  const program = compileDiagram(policy.diagram, policy.root, policy.endian);
  const zero = [0n, 0n, 0n, 0n, 0n, 0n];
  const runs = Array.from({ length: 471 }, (_, nr) =>
    runProgram(program, { arch: X86_64, nr, args: zero }, 'little'),
  );
  const allowed = runs.filter((r) => r.word === ALLOW_WORD).map((r) => r.executed);
  const denied = runs.filter((r) => r.word !== ALLOW_WORD).map((r) => r.executed);
  const mix = MIX.map((name) => runs[numberOf('x86_64', name)!].executed);
  const figures = [mean(allowed), mean(mix), mean(denied)].map((n) => n.toFixed(2).padStart(7));
  const [lowering, compiling] = [0, 1].map((i) =>
    `${median(times.map((t) => t[i])).toFixed(1)} ms`.padStart(8),
  );
  console.log(
    `${abis.join('+').padEnd(18)} ${String(program.length).padStart(12)}   ${figures.join(' ')} ${lowering} ${compiling}`,
  );
}
