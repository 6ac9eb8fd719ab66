/**
 * How long the kernel takes to verify, convert, JIT-compile and attach a filter, callgate's beside libseccomp's, in pairs.
 *   npx tsx -C @callgate/source bench/attach.ts
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { libraryPlan } from '@callgate/engine/internal/runtime/library-plan';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { libc } from '@callgate/linux/internal/libc';
import { nativeNumber } from '@callgate/linux/internal/machine';
import { runLibseccomp } from '@callgate/linux/internal/verify/libseccomp';

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
/** So many that the kernel's limit on a chain of filters is not met. */
const ATTACHED = 8;
const PAIRS = 15;

/** In a process of its own: attaches the filter that stdin has, and prints the microseconds of one. */
async function attach(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const filter = Buffer.concat(chunks);
  const fprog = Buffer.alloc(16);
  fprog.writeUInt16LE(filter.length / 8);
  fprog.writeBigUInt64LE(libc().address(filter), 8);
  const seccomp = nativeNumber('seccomp');
  libc().syscall(nativeNumber('prctl'), PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const start = process.hrtime.bigint();
  for (let i = 0; i < ATTACHED; i++)
    if (libc().syscall(seccomp, SECCOMP_SET_MODE_FILTER, 0, fprog) !== 0)
      throw new Error(`errno ${libc().errno()}`);
  console.log(Number(process.hrtime.bigint() - start) / 1000 / ATTACHED);
}

function microseconds(filter: Uint8Array): number {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), 'attach'];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { input: filter });
  if (status !== 0) throw new Error(stderr.toString());
  return Number(stdout.toString());
}

async function compare(): Promise<void> {
  const profile = parseProfile(DOCKER_PROFILE).value!;
  for (const abis of [['x86_64'], ['x86_64', 'x86', 'x32']] as const satisfies readonly AbiName[][]) {
    const target: Target = {
      native: 'x86_64',
      abis,
      kernel: { major: 6, minor: 18 },
      capabilities: [],
    };
    const policy = lowerProfile(profile, target).value!;
    const ours = encodeProgram(compilePolicy(policy).program, 'little');
    const made = await runLibseccomp(libraryPlan(profile, target)!, { foreign: false, endian: 'little' });
    if (made.kind !== 'filter') throw new Error(`libseccomp: ${made.kind}`);
    const theirs = encodeProgram(made.program, 'little');
    const pairs = Array.from({ length: PAIRS }, () => [microseconds(ours), microseconds(theirs)]);
    const median = (i: number) => pairs.map((p) => p[i]).sort((a, b) => a - b)[Math.floor(PAIRS / 2)];
    const [a, b] = [median(0), median(1)];
    console.log(
      `attach, ${abis.join('+')}: callgate ${ours.length / 8} instructions ${a.toFixed(0)} µs, libseccomp ${theirs.length / 8} instructions ${b.toFixed(0)} µs, ratio ${(a / b).toFixed(2)}`,
    );
  }
}

await (process.argv[2] === 'attach' ? attach() : compare());
