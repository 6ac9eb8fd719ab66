import type { Action } from '@callgate/engine/internal/bpf/action';
import type { Condition } from '@callgate/engine/internal/profile/profile';
import { errnoName } from '@callgate/engine/internal/syscalls/arguments';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import type { Cargo, Shipment } from '../carrier.ts';
import { type CargoCall, callsOfCargo } from '../list/cargo-calls.ts';
import { ALL_ONES } from '../list/comparisons.ts';
import { passingOf } from '../list/conjunctions.ts';

const ALLOW: Action = { kind: 'ALLOW', data: 0 };
const COMPARISONS = { EQ: '==', NE: '!=', LT: '<', LE: '<=', GE: '>=', GT: '>' } as const;

/** A policy. What it does not name is killed, so that where a profile answers otherwise every call is named. */
export function writeMinijail(cargo: Cargo): Shipment {
  const { byDefault, calls, abis } = callsOfCargo(cargo);
  const [native] = abis;
  const known = new Set(callsOf(native.name).map(([name]) => name));
  const named = calls.filter(({ name }) => known.has(name));
  const others = isKill(byDefault)
    ? []
    : [...known]
        .filter((name) => !named.some((call) => call.name === name))
        .map((name): CargoCall => ({ name, cases: [], otherwise: byDefault }));
  const lines = [...named, ...others]
    .map((call) => ({ name: call.name, text: expressionFor(call) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    files: [
      {
        path: `${cargo.name}.policy`,
        content: lines
          .flatMap(({ name, text }) => (text === undefined ? [] : [`${name}: ${text}\n`]))
          .join(''),
      },
    ],
    notes: [
      `minijail0 -S ${cargo.name}.policy enforces it, no OCI runtime, and for ${native.name} alone: it kills calls of other ABIs`,
    ],
  };
}

function isKill({ kind }: Action): boolean {
  return kind === 'KILL_PROCESS' || kind === 'KILL_THREAD';
}

/** Undefined for a call that is killed, which needs no line. */
function expressionFor(call: CargoCall): string | undefined {
  const { when, otherwise } = passingOf(call, ALLOW);
  const refusal =
    otherwise.kind === 'ERRNO' ? `return ${errnoName(otherwise.data) ?? otherwise.data}` : undefined;
  if (when.length === 0) return refusal;
  if (when.some((conjunction) => conjunction.length === 0)) return '1';
  const test = when.map((conjunction) => conjunction.flatMap(comparisons).join(' && ')).join(' || ');
  return refusal ? `${test}; ${refusal}` : test;
}

/** A condition in minijail's words, which may take several joined by &&. */
function comparisons({ argument, operator, value, valueTwo }: Condition): string[] {
  const left = `arg${argument}`;
  if (operator !== 'MASKED_EQ') return [`${left} ${COMPARISONS[operator]} ${hex(value)}`];
  const clear = value & ~valueTwo & ALL_ONES;
  const set: string[] = [];
  for (let bit = 1n; bit <= valueTwo; bit <<= 1n)
    if ((valueTwo & bit) !== 0n) set.push(`${left} & ${hex(bit)}`);
  return [...(clear !== 0n ? [`${left} in ${hex(~clear & ALL_ONES)}`] : []), ...set];
}

function hex(value: bigint): string {
  return value < 10n ? String(value) : `0x${value.toString(16)}`;
}
