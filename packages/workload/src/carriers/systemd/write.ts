import type { Action } from '@callgate/engine/internal/bpf/action';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { errnoName } from '@callgate/engine/internal/syscalls/arguments';
import type { Cargo, Shipment } from '../carrier.ts';
import { SYSTEMD_GROUPS } from '../generated/systemd-groups.ts';
import { type CargoCall, type CargoCalls, callsOfCargo, sameAction } from '../list/cargo-calls.ts';
import { CallGroups } from '../list/groups.ts';
import { ARCHITECTURES } from './architectures.ts';

/** Names on a line. */
const MOST_NAMES = 8;
const KILL: Action = { kind: 'KILL_PROCESS', data: 0 };
const ALLOW: Action = { kind: 'ALLOW', data: 0 };

/** A drop-in that gives a service the profile; systemd has no conditions, so a call that has some is refused. */
export function writeDropIn(cargo: Cargo): Shipment {
  const said = callsOfCargo(cargo);
  const content = ['[Service]', ...filterLines(said), ...logLines(said), architectureLine(said), ''].join(
    '\n',
  );
  return {
    files: [{ path: `${cargo.name}.conf`, content }],
    notes: [
      `systemd enforces it, no container runtime: put it into /etc/systemd/system/UNIT.service.d/ and run systemctl daemon-reload`,
      'SystemCallLog= needs systemd 247',
    ].slice(0, logLines(said).length > 0 ? 2 : 1),
  };
}

/** What systemd can say of a call: it has no conditions, so the rarest answer is taken that lets least pass. */
function answerOf({ cases, otherwise }: CargoCall): Action {
  return cases.find(({ action }) => !passes(action))?.action ?? otherwise;
}

function passes({ kind }: Action): boolean {
  return kind === 'ALLOW' || kind === 'LOG';
}

/** The nearest of what systemd has: an errno, or the end of the process. */
function refusalFor(action: Action): Action {
  return action.kind === 'ERRNO' ? action : KILL;
}

function filterLines({ byDefault, calls }: CargoCalls): string[] {
  const isAllowList = !passes(byDefault);
  const refused = isAllowList ? refusalFor(byDefault) : commonRefusal(calls);
  const named = isAllowList ? calls.filter((call) => passes(answerOf(call))) : [];
  const denied = calls.filter((call) => !passes(answerOf(call)));
  const errnoLine = refused.kind === 'ERRNO' ? [`SystemCallErrorNumber=${errnoWord(refused)}`] : [];
  const passing = new Set(named.map(({ name }) => name));
  const added = isAllowList ? defaultCalls().filter((name) => !passing.has(name)) : [];
  if (!isAllowList && denied.length === 0) return [];
  // An empty list cannot be written; what systemd adds to one is taken out of it again.
  const allowed = named.map(({ name }) => name);
  return [
    ...errnoLine,
    ...(isAllowList ? settings('SystemCallFilter', '', allowed.length > 0 ? allowed : ['@default']) : []),
    ...settings('SystemCallFilter', '~', added),
    ...settings(
      'SystemCallFilter',
      '~',
      denied.flatMap((call) => {
        const answer = refusalFor(answerOf(call));
        if (sameAction(answer, refused)) return isAllowList ? [] : [call.name];
        return [`${call.name}:${answer.kind === 'ERRNO' ? errnoWord(answer) : 'kill'}`];
      }),
    ),
  ];
}

/** What most calls of a deny list are answered. */
function commonRefusal(calls: readonly CargoCall[]): Action {
  const answers = calls
    .map(answerOf)
    .filter((answer) => !passes(answer))
    .map(refusalFor);
  const count = (answer: Action) => answers.filter((other) => sameAction(other, answer)).length;
  return answers.reduce((most, answer) => (count(answer) > count(most) ? answer : most), answers[0] ?? KILL);
}

function logLines({ byDefault, calls }: CargoCalls): string[] {
  if (byDefault.kind === 'LOG') {
    const quiet = calls.filter((call) => sameAction(answerOf(call), ALLOW)).map(({ name }) => name);
    // Of a call that is refused nothing is logged, whether or not it is named.
    return settings(
      'SystemCallLog',
      '~',
      quiet.length > 0 ? quiet : calls.slice(0, 1).map(({ name }) => name),
    );
  }
  const logged = calls.filter((call) => answerOf(call).kind === 'LOG').map(({ name }) => name);
  return settings('SystemCallLog', '', logged);
}

function settings(key: string, sign: string, names: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i < names.length; i += MOST_NAMES)
    lines.push(`${key}=${sign}${names.slice(i, i + MOST_NAMES).join(' ')}`);
  return lines;
}

function defaultCalls(): readonly string[] {
  return new CallGroups(SYSTEMD_GROUPS).callsOf('@default')!;
}

function errnoWord({ data }: Action): string {
  return errnoName(data) ?? String(data);
}

function architectureLine({ abis }: CargoCalls): string {
  const words = abis.slice(1).map(({ name }) => wordOf(name));
  return `SystemCallArchitectures=${['native', ...words.flatMap((word) => word ?? [])].join(' ')}`;
}

function wordOf(name: AbiName): string | undefined {
  return Object.entries(ARCHITECTURES).find(([, abi]) => abi === name)?.[0];
}
