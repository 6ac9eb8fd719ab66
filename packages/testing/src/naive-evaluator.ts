import type { ActionName } from '@callgate/engine/internal/profile/profile';
import { type Abi, type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { NaiveRuleList, type PlainCondition } from './naive-rule-list.ts';

/** One element of a profile's `syscalls`. */
export interface PlainRule {
  readonly names: readonly string[];
  readonly action: ActionName;
  readonly errnoRet?: number;
  readonly args: readonly PlainCondition[];
}

/** A profile in OCI's form, as data. */
export interface PlainProfile {
  readonly defaultAction: ActionName;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly AbiName[];
  readonly syscalls: readonly PlainRule[];
}

/** Who loads the profile, and where. */
export interface Machine {
  readonly runtime: 'runc' | 'crun' | 'containerd';
  readonly native: AbiName;
}

/** What a filter is asked. */
export interface PlainCall {
  readonly arch: number;
  readonly nr: number;
  readonly args: readonly bigint[];
}

/** linux/seccomp.h. */
const WORDS: Readonly<Record<ActionName, number>> = {
  KILL: 0,
  KILL_THREAD: 0,
  KILL_PROCESS: 0x80000000,
  TRAP: 0x00030000,
  ERRNO: 0x00050000,
  NOTIFY: 0x7fc00000,
  TRACE: 0x7ff00000,
  LOG: 0x7ffc0000,
  ALLOW: 0x7fff0000,
};
const BAD_ARCH_WORD = 0;
const ENOSYS_WORD = 0x00050026;
const X32 = 0x40000000;
/** A tracer writes -1 as the number of a call that is to be skipped. */
const SKIPPED = 0xffffffff;

/** The sub-call numbers of socketcall(2), linux/net.h, and ipc(2), linux/ipc.h. */
const SUB_CALLS: ReadonlyMap<string, readonly [through: string, subCall: number]> = new Map([
  ...entries('socketcall', 1, [
    'socket',
    'bind',
    'connect',
    'listen',
    'accept',
    'getsockname',
    'getpeername',
  ]),
  ...entries('socketcall', 8, ['socketpair', 'send', 'recv', 'sendto', 'recvfrom', 'shutdown', 'setsockopt']),
  ...entries('socketcall', 15, ['getsockopt', 'sendmsg', 'recvmsg', 'accept4', 'recvmmsg', 'sendmmsg']),
  ...entries('ipc', 1, ['semop', 'semget', 'semctl', 'semtimedop']),
  ...entries('ipc', 11, ['msgsnd', 'msgrcv', 'msgget', 'msgctl']),
  ...entries('ipc', 21, ['shmat', 'shmdt', 'shmget', 'shmctl']),
]);

function entries(through: string, first: number, names: readonly string[]) {
  return names.map((name, i) => [name, [through, first + i]] as const);
}

/** The multiplexer through which an ABI also reaches the call of that name, and the call's number there. */
export function subCallOf(abi: Abi, name: string): readonly [through: string, subCall: number] | undefined {
  return abi.multiplexed ? SUB_CALLS.get(name) : undefined;
}

/** The ABIs that a filter knows: the native one always. */
export function abisOf(profile: PlainProfile, machine: Machine): Abi[] {
  return [...new Set([machine.native, ...profile.architectures])].map(abiOf);
}

/** The word of an action; ERRNO and TRACE carry 16 bits, 1 unless told. */
export function wordOf(action: ActionName, errnoRet = 1): number {
  return action === 'ERRNO' || action === 'TRACE' ? WORDS[action] + (errnoRet % 0x10000) : WORDS[action];
}

/**
 * What a runtime makes of a profile, written a second time from the facts, without diagrams and without haste, so that
 * the engine has something to agree with.
 */
export class NaiveFilter {
  /** The element of `syscalls` for which the profile is refused. */
  readonly refusedAt: number | undefined;
  readonly abis: readonly Abi[];
  private readonly profile: PlainProfile;
  private readonly machine: Machine;
  private readonly defaultWord: number;
  /** By ABI, then by number; by name where the ABI has no number for it. */
  private readonly lists = new Map<AbiName, Map<number | string, NaiveRuleList>>();
  private readonly horizons: ReadonlyMap<AbiName, number>;

  constructor(profile: PlainProfile, machine: Machine) {
    this.profile = profile;
    this.machine = machine;
    this.abis = abisOf(profile, machine);
    this.defaultWord = wordOf(profile.defaultAction, profile.defaultErrnoRet);
    this.horizons = new Map(this.abis.map((abi) => [abi.name, largestNumber(profile, abi)]));
    const refused = profile.syscalls.findIndex((rule) => !this.addRule(rule));
    if (refused >= 0) this.refusedAt = refused;
  }

  /** The SECCOMP_RET_* word that the call gets. */
  answer(call: PlainCall): number {
    if (this.isBeyondHorizon(call)) return ENOSYS_WORD;
    if (this.isForeign(call)) return BAD_ARCH_WORD;
    return this.listsOf(call)[0]?.answer(call.args) ?? this.defaultWord;
  }

  /** The words of all rules whose conditions the call meets, in the order of the file. */
  claims(call: PlainCall): number[] {
    if (this.isBeyondHorizon(call) || this.isForeign(call)) return [];
    return this.listsOf(call).flatMap((list) => list.claims(call.args));
  }

  /** The largest number that any rule names on an ABI, beyond which runc's stub answers; 0 if there is none. */
  horizon(abi: Abi): number {
    return this.horizons.get(abi.name) ?? 0;
  }

  private addRule(rule: PlainRule): boolean {
    const word = wordOf(rule.action, rule.errnoRet);
    if (word === this.defaultWord) return true;
    // Two conditions on one argument make every condition a rule of its own.
    const indexes = new Set(rule.args.map(({ index }) => index));
    const pieces = indexes.size < rule.args.length ? rule.args.map((condition) => [condition]) : [rule.args];
    return rule.names.every((name) =>
      pieces.every((piece) => this.abis.every((abi) => this.addOn(abi, name, piece, word))),
    );
  }

  private addOn(abi: Abi, name: string, conditions: readonly PlainCondition[], word: number): boolean {
    const subCall = subCallOf(abi, name);
    if (!subCall) {
      // Calls that an ABI lacks emit nothing, but may contradict one another, unless it has multiplexers.
      const isAbsent = numberOf(abi.name, name) === undefined;
      return (isAbsent && abi.multiplexed) || this.listOf(abi, name).add(conditions, word);
    }
    const selected = { index: 0, op: 'EQ', value: BigInt(subCall[1]), valueTwo: 0n } as const;
    const others = conditions.filter(({ index }) => index !== 0);
    return (
      this.listOf(abi, subCall[0]).add([selected, ...others], word) &&
      this.listOf(abi, name).add(conditions, word)
    );
  }

  private listOf(abi: Abi, name: string): NaiveRuleList {
    const key = numberOf(abi.name, name) ?? name;
    const lists = this.lists.get(abi.name) ?? new Map<number | string, NaiveRuleList>();
    this.lists.set(abi.name, lists);
    const list = lists.get(key) ?? new NaiveRuleList(abi.bits);
    lists.set(key, list);
    return list;
  }

  private listsOf(call: PlainCall): NaiveRuleList[] {
    // Of the two ABIs that share an arch, only x32 has numbers with bit 30.
    const abis = this.abis.filter((abi) => abi.auditArch === call.arch);
    return abis.flatMap((abi) => this.lists.get(abi.name)?.get(call.nr) ?? []);
  }

  private isForeign({ arch, nr }: PlainCall): boolean {
    if (this.abis.every((abi) => abi.auditArch !== arch)) return true;
    const lacksX32 = !this.abis.includes(abiOf('x32'));
    return arch === abiOf('x86_64').auditArch && lacksX32 && nr >= X32 && nr !== SKIPPED;
  }

  /** runc's stub. */
  private isBeyondHorizon({ arch, nr }: PlainCall): boolean {
    if (this.machine.runtime === 'crun') return false;
    if (['ALLOW', 'LOG', 'TRACE'].includes(this.profile.defaultAction)) return false;
    const abi = this.abis.find((a) => a.auditArch === arch && isInMode(a, nr));
    const horizon = abi && this.horizon(abi);
    if (!horizon) return false;
    return nr > horizon || (nr === 0 && (abi.name === 's390' || abi.name === 's390x'));
  }
}

/** Bit 30 tells x32 from x86_64. */
function isInMode(abi: Abi, nr: number): boolean {
  const isX32Number = (nr & X32) !== 0;
  if (abi.name === 'x32') return isX32Number;
  return abi.name !== 'x86_64' || !isX32Number;
}

/** Every name counts, whatever its rule says, but for those that an ABI has behind a multiplexer. */
function largestNumber(profile: PlainProfile, abi: Abi): number {
  const names = profile.syscalls.flatMap((rule) => rule.names);
  return names
    .filter((name) => !subCallOf(abi, name))
    .reduce((largest, name) => Math.max(largest, numberOf(abi.name, name) ?? 0), 0);
}
