import type { Action } from '@callgate/engine/internal/bpf/action';
import type { Condition } from '@callgate/engine/internal/profile/profile';
import type { Abi } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import type { Cargo, Shipment } from '../carrier.ts';
import { callsOfCargo } from '../list/cargo-calls.ts';
import { kafelName } from './names.ts';

const OPERATORS = { EQ: '==', NE: '!=', LT: '<', LE: '<=', GE: '>=', GT: '>' } as const;
const ARGUMENTS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** A policy; its arguments have names of their own, so that all 64 bits of them are compared. */
export function writeKafel(cargo: Cargo): Shipment {
  const { byDefault, calls, abis } = callsOfCargo(cargo);
  const [native] = abis;
  const blocks = new Map<string, string[]>();
  for (const { name, cases, otherwise } of calls) {
    const call = callText(name, native);
    if (call === undefined) continue;
    const answers = cases.length > 0 ? cases : [{ conditions: [], action: otherwise }];
    for (const { conditions, action } of answers) {
      const block = blocks.get(wordOf(action)) ?? [];
      block.push(
        conditions.length > 0 ? `${call}(${ARGUMENTS.join(', ')}) { ${testText(conditions)} }` : call,
      );
      blocks.set(wordOf(action), block);
    }
  }
  const body = [...blocks]
    .map(([action, lines]) => `  ${action} {\n    ${lines.join(',\n    ')}\n  }`)
    .join(',\n');
  const name = cargo.name.replaceAll(/[^A-Za-z0-9]/g, '_').replace(/^(?=[^A-Za-z])/, 'p');
  return {
    files: [
      {
        path: `${cargo.name}.kafel`,
        content: `POLICY ${name} {\n${body}\n}\n\nUSE ${name}\nDEFAULT ${wordOf(byDefault)}\n`,
      },
    ],
    notes: [
      `nsjail --seccomp_policy ${cargo.name}.kafel enforces it, no OCI runtime, and for ${native.name} alone: it kills calls of other ABIs`,
    ],
  };
}

/** A call by its name, or by its number where kafel has none; undefined where the machine has no such call. */
function callText(name: string, native: Abi): string | undefined {
  const number = numberOf(native.name, name);
  if (number === undefined) return undefined;
  return (native.bits === 64 ? kafelName(name) : undefined) ?? `SYSCALL[${number}]`;
}

function wordOf({ kind, data }: Action): string {
  switch (kind) {
    case 'ALLOW':
    case 'LOG':
    case 'KILL_PROCESS':
      return kind;
    case 'KILL_THREAD':
      return 'KILL';
    case 'NOTIFY':
      return 'USER_NOTIF';
    case 'ERRNO':
    case 'TRACE':
    case 'TRAP':
      return `${kind}(${data})`;
  }
}

function testText(conditions: readonly Condition[]): string {
  return conditions
    .map(({ argument, operator, value, valueTwo }) => {
      const name = ARGUMENTS[argument];
      return operator === 'MASKED_EQ'
        ? `(${name} & ${hex(value)}) == ${hex(valueTwo)}`
        : `${name} ${OPERATORS[operator]} ${hex(value)}`;
    })
    .join(' && ');
}

function hex(value: bigint): string {
  return value < 10n ? String(value) : `0x${value.toString(16)}`;
}
