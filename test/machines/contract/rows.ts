import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { answer, type Fixture, fixtureNames, loadFixture, lowerText } from '@callgate/testing/behaviour';
import { askKernel, type VictimAbi } from '@callgate/testing/victim';

/** Behaviour rows of one profile and one way into the kernel, as they travel to a machine. */
export interface Rows {
  readonly name: string;
  readonly victim: VictimAbi;
  readonly program: Program;
  readonly rows: readonly {
    readonly text: string;
    readonly nr: number;
    readonly args: readonly string[];
    readonly wanted: string;
  }[];
}

/** The programs that make calls on each machine, by the ABI of the call; an x32 call is an x86_64 call with bit 30 set. */
const VICTIMS: Readonly<Record<'x64' | 'arm64', Readonly<Record<string, VictimAbi>>>> = {
  x64: { x86_64: 'x86_64', x32: 'x86_64', x86: 'x86' },
  arm64: { aarch64: 'aarch64', arm: 'arm' },
};

const NO_ARGUMENTS = [0n, 0n, 0n, 0n, 0n, 0n];
/** uretprobe and uprobe on x86_64 are never filtered (kernel: seccomp_uprobe_exception). */
const UNFILTERED: Readonly<Record<string, readonly number[]>> = { x86_64: [335, 336] };

/** All rows of test/fixtures/profiles that such a machine can make, and every call under Docker's profile. */
export function rowsFor(cpu: keyof typeof VICTIMS): Rows[] {
  const victims = VICTIMS[cpu];
  const ways = [...new Set(Object.values(victims))];
  const [native] = ways;
  const fixtures = fixtureNames().flatMap((name) => loadFixture(name).fixtures);
  const stated = fixtures
    .filter(({ target }) => target.native === native)
    .flatMap((fixture) => ways.map((v) => rowsOf(fixture, v, victims)));
  const policy = lowerText(DOCKER_PROFILE, { native });
  const { program } = compilePolicy(policy);
  return [...stated, ...ways.map((v) => everyCall(program, v))];
}

/** Every call of an ABI under a program, without arguments, and what the VM answers. */
function everyCall(program: Program, victim: VictimAbi): Rows {
  const { auditArch: arch, endian } = abiOf(victim);
  const calls = callsOf(victim).filter(([, nr]) => !UNFILTERED[victim]?.includes(nr));
  const rows = calls.map(([name, nr]) => {
    const { word } = runProgram(program, { arch, nr, args: NO_ARGUMENTS }, endian);
    return { text: `${victim} ${name}`, nr, args: NO_ARGUMENTS.map(String), wanted: answer(word) };
  });
  return { name: 'stock:docker', victim, program, rows };
}

function rowsOf(
  { name, program, rows }: Fixture,
  victim: VictimAbi,
  victims: Readonly<Record<string, VictimAbi>>,
): Rows {
  const mine = rows.filter(({ abi }) => victims[abi.name] === victim);
  const portable = mine.map(({ text, nr, args, wanted }) => ({ text, nr, args: args.map(String), wanted }));
  return { name, victim, program, rows: portable };
}

/** Has the machine's kernel judge every row: how many there were, and which it answers otherwise. */
export async function askRows(all: readonly Rows[]): Promise<{ asked: number; wrong: string[] }> {
  const wrong: string[] = [];
  let asked = 0;
  for (const { name, victim, program, rows } of all) {
    const calls = rows.map(({ nr, args }) => ({ nr, args: args.map(BigInt) }));
    const words = await askKernel(program, victim, calls);
    asked += rows.length;
    rows.forEach(({ text, wanted }, i) => {
      if (answer(words[i]) !== wanted) wrong.push(`${name}: ${text} gave ${answer(words[i])}`);
    });
  }
  return { asked, wrong };
}
