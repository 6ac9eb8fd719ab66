import type { Action } from '@callgate/engine/internal/bpf/action';
import type { Condition } from '@callgate/engine/internal/profile/profile';
import type { Cargo, Shipment } from '../carrier.ts';
import { callsOfCargo } from '../list/cargo-calls.ts';

/** A policy of version 2. LXC covers every ABI of the machine; what it has no action for is killed. */
export function writeLxc(cargo: Cargo): Shipment {
  const { byDefault, calls } = callsOfCargo(cargo);
  const lines = calls.flatMap(({ name, cases, otherwise }) =>
    cases.length > 0
      ? cases.map(({ conditions, action }) => ruleLine(name, action, conditions))
      : [ruleLine(name, otherwise, [])],
  );
  const kind = byDefault.kind === 'ALLOW' ? 'denylist' : 'allowlist';
  return {
    files: [
      {
        path: `${cargo.name}.seccomp`,
        content: ['2', `${kind} ${wordOf(byDefault)}`, '[all]', ...lines, ''].join('\n'),
      },
    ],
    notes: [
      'LXC enforces it, no OCI runtime: name it by lxc.seccomp.profile in the configuration of the container',
    ],
  };
}

function ruleLine(name: string, action: Action, conditions: readonly Condition[]): string {
  return [name, wordOf(action), ...conditions.map(conditionText)].join(' ');
}

function wordOf({ kind, data }: Action): string {
  switch (kind) {
    case 'ERRNO':
      return `errno ${data}`;
    case 'ALLOW':
      return 'allow';
    case 'TRAP':
      return 'trap';
    case 'NOTIFY':
      return 'notify';
    // It has no word for it, and neither lets the call pass unseen.
    case 'LOG':
    case 'TRACE':
    case 'KILL_PROCESS':
    case 'KILL_THREAD':
      return 'kill';
  }
}

function conditionText({ argument, operator, value, valueTwo }: Condition): string {
  return operator === 'MASKED_EQ'
    ? `[${argument},${valueTwo},SCMP_CMP_MASKED_EQ,${value}]`
    : `[${argument},${value},SCMP_CMP_${operator}]`;
}
