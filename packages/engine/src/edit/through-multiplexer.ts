import type { Difference } from '../analysis/diff.ts';
import { difference } from '../diagram/call-set.ts';
import { Diagram } from '../diagram/diagram.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import { abiOf } from '../syscalls/arch.ts';
import { multiplexed } from '../syscalls/multiplex.ts';

/**
 * Whether what is different is one of these calls and no other, reached through socketcall(2) or ipc(2): a rule that names connect is
 * one for this sub-call, too, on an ABI that has such.
 */
export function isThroughMultiplexer(
  { arch, name, when: { diagram, root } }: Difference,
  names: readonly string[],
): boolean {
  if (arch === 'other' || !abiOf(arch).multiplexed) return false;
  const asked = names.flatMap((one) => {
    const through = multiplexed(one);
    return through && through.through === name ? [through.subcall] : [];
  });
  const others = asked.reduce((rest, subcall) => difference(diagram, rest, numbered(subcall)), root);
  return asked.length > 0 && others === Diagram.FALSE;

  function numbered(subcall: number) {
    const condition = {
      argument: 0,
      operator: 'EQ',
      value: BigInt(subcall),
      valueTwo: 0n,
      span: NOWHERE,
    } as const;
    return conditionsDiagram(diagram, [condition], abiOf(arch as Exclude<typeof arch, 'other'>).bits);
  }
}

const NOWHERE = { start: 0, end: 0 };
