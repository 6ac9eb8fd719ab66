import type { Action } from '@callgate/engine/internal/bpf/action';
import type { Diagnostic } from '@callgate/engine/internal/diagnostics/diagnostic';
import type { Condition, Profile } from '@callgate/engine/internal/profile/profile';
import { multiplexed } from '@callgate/engine/internal/syscalls/multiplex';
import type { Cargo, Shipment } from '../carrier.ts';
import { limit } from '../limit.ts';
import { type CargoCall, callsOfCargo } from '../list/cargo-calls.ts';

/** A policy of version 2. LXC covers every ABI of the machine; what it has no action for is killed. */
export function writeLxc(cargo: Cargo): Shipment {
  const { byDefault, calls, abis } = callsOfCargo(cargo);
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
    limits: abis.some(({ name }) => name === 'x86') ? leftOut(cargo.profile, calls) : [],
    notes: [
      'LXC enforces it, no OCI runtime: name it by lxc.seccomp.profile in the configuration of the container',
    ],
  };
}

/** LXC adds no rule on x86 for calls that go through socketcall or ipc there, too: they get the default action. */
function leftOut({ rules, defaultAction }: Profile, calls: readonly CargoCall[]): Diagnostic[] {
  const names = calls.map(({ name }) => name).filter((name) => multiplexed(name));
  if (names.length === 0) return [];
  const first = rules.flatMap((rule) => rule.names).find(({ value }) => names.includes(value));
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return [
    limit(
      `on x86, LXC leaves out ${first?.value ?? names[0]}${more}, which may go through socketcall or ipc there`,
      first?.span ?? defaultAction.span,
    ),
  ];
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
