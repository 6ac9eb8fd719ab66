import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { errnoNumber } from '@callgate/engine/internal/syscalls/arguments';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { addressInMemory } from './attack-memory.ts';
import type { Answer, AttackCategory, AttackRow, CallRow } from './attack-row.ts';
import { ESCAPE_ATTACKS } from './escape-attacks.ts';
import { FILE_ATTACKS } from './file-attacks.ts';
import { KERNEL_ATTACKS } from './kernel-attacks.ts';
import { MACHINE_ATTACKS } from './machine-attacks.ts';
import { NETWORK_ATTACKS } from './network-attacks.ts';
import { OBSOLETE_ATTACKS } from './obsolete-attacks.ts';
import { PROCESS_ATTACKS } from './process-attacks.ts';
import type { Attack, AttackWay } from './trial.ts';

export { ATTACK_CATEGORIES, type AttackCategory } from './attack-row.ts';

const ROWS: readonly AttackRow[] = [
  ...ESCAPE_ATTACKS,
  ...KERNEL_ATTACKS,
  ...PROCESS_ATTACKS,
  ...MACHINE_ATTACKS,
  ...FILE_ATTACKS,
  ...NETWORK_ATTACKS,
  ...OBSOLETE_ATTACKS,
];

/** Every attack that callgate knows, by name. */
export const ATTACK_IDS: readonly string[] = ROWS.map(({ id }) => id);

/** Every attack, with its ways on the ABIs that one program of a machine can call through; attacks without any are left out. */
export function attacksOf(native: AbiName): readonly Attack[] {
  const abis = abisOfProgram(native);
  return ROWS.map(({ id, category, gain, right, calls }) => {
    const ways = calls.flatMap((call) => abis.flatMap((abi) => waysOf(abi, call)));
    return { id, category, gain, ...(right !== undefined && { right }), ways };
  }).filter(({ ways }) => ways.length > 0);
}

/** The attack of that name, or undefined: nobody knows it, or the machine has none of its calls. */
export function findAttack(native: AbiName, id: string): Attack | undefined {
  return attacksOf(native).find((attack) => attack.id === id);
}

export function attacksInCategory(native: AbiName, category: AttackCategory): readonly Attack[] {
  return attacksOf(native).filter((attack) => attack.category === category);
}

/** An x86_64 program can make i386's and x32's calls, too; others make their own. */
export function abisOfProgram(native: AbiName): readonly AbiName[] {
  return native === 'x86_64' ? ['x86_64', 'x86', 'x32'] : [native];
}

/** The call on an ABI; nothing where the ABI lacks it. */
function waysOf(abi: AbiName, [syscall, args, reached, asks]: CallRow): AttackWay[] {
  const nr = numberOf(abi, syscall);
  if (nr === undefined) return [];
  const { bits } = abiOf(abi);
  const [asked] = asks ? waysOf(abi, asks) : [];
  return [
    {
      abi,
      nr,
      syscall,
      args: args.map((value) =>
        typeof value === 'string' ? addressInMemory(value) : BigInt.asUintN(bits, BigInt(value)),
      ),
      reached: (typeof reached === 'string' ? [reached] : reached).map(numberOfAnswer),
      ...(asked && { asks: asked }),
    },
  ];
}

function numberOfAnswer(answer: Answer): number {
  return answer === 'ok' ? 0 : errnoNumber(answer)!;
}
