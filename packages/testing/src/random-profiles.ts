import { type ActionName, OPERATORS } from '@callgate/engine/internal/profile/profile';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import type { Machine, PlainProfile, PlainRule } from './naive-evaluator.ts';
import type { PlainCondition } from './naive-rule-list.ts';
import type { Random } from './random-programs.ts';

/** The native ABI, then the others that a profile lists. */
export const ABI_SETS: readonly (readonly AbiName[])[] = [
  ['x86_64'],
  ['x86_64', 'x86'],
  ['x86_64', 'x86', 'x32'],
  ['aarch64', 'arm'],
  ['s390x', 's390'],
  ['riscv64'],
  ['ppc64le'],
  ['mips64', 'mips64n32', 'mips'],
];

const RUNTIMES: readonly Machine['runtime'][] = ['runc', 'crun', 'containerd'];

/** Behind socketcall and ipc on some ABIs, and those two themselves. */
const MULTIPLEXED = [
  ...['socket', 'bind', 'connect', 'listen', 'accept', 'accept4', 'send', 'recv', 'sendto', 'sendmmsg'],
  ...['semop', 'semtimedop', 'semget', 'msgsnd', 'shmat', 'shmget', 'socketcall', 'ipc'],
];
/** Present on all ABIs, or on some; the number 0 of some; late numbers. */
const PLAIN = [
  ...[
    'read',
    'openat',
    'personality',
    'clone',
    'ioctl',
    'fcntl',
    'mmap',
    'prctl',
    'futex',
    'close',
    'ptrace',
  ],
  ...['open', 'fork', 'chown32', 'arch_prctl', 'arm_fadvise64_64', 'kexec_file_load', 's390_pci_mmio_read'],
  ...['io_setup', 'restart_syscall', 'setns', 'clone3', 'faccessat2', 'fchmodat2'],
];

const DEFAULTS: readonly (readonly [action: ActionName, errnoRet?: number])[] = [
  ...[['ERRNO'], ['ERRNO', 38], ['ERRNO', 13], ['ERRNO', 65537], ['ALLOW'], ['LOG']],
  ...[['KILL'], ['KILL_THREAD'], ['KILL_PROCESS'], ['TRAP'], ['TRACE', 7], ['TRACE']],
] as [ActionName, number?][];

const ACTIONS: readonly (readonly [action: ActionName, errnoRet?: number])[] = [
  ...[['ALLOW'], ['ALLOW'], ['ALLOW'], ['LOG'], ['KILL'], ['KILL_PROCESS'], ['TRAP'], ['NOTIFY']],
  ...[['ERRNO'], ['ERRNO', 1], ['ERRNO', 2], ['ERRNO', 38], ['ERRNO', 4094], ['TRACE'], ['TRACE', 9]],
] as [ActionName, number?][];

const VALUES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 5n, 16n, 21n, 0xffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn],
  ...[1n << 32n, (1n << 32n) + 1n, (1n << 32n) + 5n, 7n << 32n, (1n << 63n) - 1n, 1n << 63n],
  ...[0xffff_ffff_0000_0000n, 0xffff_ffff_0000_0005n, (1n << 64n) - 2n, (1n << 64n) - 1n],
];
const MASKS: readonly bigint[] = [
  ...[0n, 1n, 0xfn, 0xffn, 0x7e02_0000n, 0xffff_ffffn, 0xf_0000_000fn, 0xffff_ffff_0000_0000n],
  ...[1n << 63n, (1n << 64n) - 1n],
];

/** A profile, and who is to load it. */
export interface Case {
  readonly machine: Machine;
  readonly profile: PlainProfile;
}

/** A random case on a set of ABIs, made so that its rules meet one another often. */
export function randomCase(random: Random, [native, ...others]: readonly AbiName[]): Case {
  const runtime = random.pick(RUNTIMES);
  const taste = new Taste(random, runtime);
  const count = 1 + Math.floor((40 * random.below(1000) * random.below(1000)) / 1e6);
  const syscalls: PlainRule[] = [];
  while (syscalls.length < count)
    syscalls.push(...(random.chance(0.05) ? taste.family() : [taste.rule(syscalls)]));
  const [defaultAction, defaultErrnoRet] = random.pick(DEFAULTS);
  const architectures = random.chance(0.5) ? [native, ...others] : others;
  return {
    machine: { runtime, native },
    profile: { defaultAction, defaultErrnoRet, architectures, syscalls },
  };
}

/** What the rules of one profile are made of: few names, actions, arguments and values, so that they overlap. */
class Taste {
  private readonly random: Random;
  private readonly runtime: Machine['runtime'];
  private readonly names: readonly string[];
  private readonly actions: readonly (readonly [ActionName, number?])[];
  private readonly values: readonly bigint[];
  private readonly masks: readonly bigint[];
  private readonly indexes: readonly number[];
  private readonly operators: readonly PlainCondition['op'][];
  private readonly unconditional: number;

  constructor(random: Random, runtime: Machine['runtime']) {
    const some = <T>(count: number, from: () => T) => Array.from({ length: count }, from);
    this.random = random;
    this.runtime = runtime;
    this.names = some(1 + random.below(6), () => random.pick(random.chance(0.45) ? MULTIPLEXED : PLAIN));
    this.actions = some(1 + random.below(4), () => random.pick(ACTIONS));
    this.values = some(2 + random.below(6), () => (random.chance(0.8) ? random.pick(VALUES) : this.number()));
    this.masks = some(2, () => (random.chance(0.8) ? random.pick(MASKS) : this.number()));
    this.indexes = some(1 + random.below(4), () => random.below(random.chance(0.8) ? 3 : 6));
    this.operators = random.chance(0.7) ? OPERATORS : some(2, () => random.pick(OPERATORS));
    this.unconditional = random.pick([0, 0.05, 0.15, 0.5]);
  }

  /** A rule of its own, or a relative of an earlier one. */
  rule(earlier: readonly PlainRule[]): PlainRule {
    const { random } = this;
    const names = [random.pick(this.names)];
    if (random.chance(0.2)) names.push(random.pick(this.names));
    if (earlier.length === 0 || random.chance(0.6))
      return { names, ...this.action(), args: this.conditions() };
    const relative = random.pick(earlier);
    const { action, errnoRet } = random.chance(0.5) ? relative : this.action();
    const args = this.varied(relative.args);
    return { names: random.chance(0.7) ? relative.names : names, action, errnoRet, args };
  }

  /**
   * A rule, its last conditions alone, and its first ones with another action: whether that contradicts the rule turns
   * on whether the second one has made the rule superfluous.
   */
  family(): PlainRule[] {
    const args = this.conditions().sort((a, b) => a.index - b.index);
    const whole = { names: [this.random.pick(this.names)], ...this.action(), args };
    const cut = Math.ceil(args.length / 2);
    const last = { ...whole, args: args.slice(cut) };
    const first = { ...whole, ...this.action(), args: args.slice(0, cut) };
    return this.random.chance(0.5) ? [whole, last, first] : [last, whole, first];
  }

  private action(): Pick<PlainRule, 'action' | 'errnoRet'> {
    const [action, errnoRet] = this.random.pick(this.actions);
    // Beside other actions an errno means nothing to runc, and crun refuses it.
    const isIgnored = action === 'ALLOW' && this.runtime !== 'crun' && this.random.chance(0.05);
    return { action, errnoRet: isIgnored ? 5 : errnoRet };
  }

  private conditions(): PlainCondition[] {
    if (this.random.chance(this.unconditional)) return [];
    const count = 1 + this.random.below(1 + this.random.below(4));
    const conditions = Array.from({ length: count }, () => this.condition());
    if (this.random.chance(0.15)) return conditions;
    // Most rules ask each argument once.
    return conditions.filter((c, i) => conditions.findIndex(({ index }) => index === c.index) === i);
  }

  private condition(): PlainCondition {
    const { random } = this;
    const op = random.pick(this.operators);
    const index = random.pick(this.indexes);
    const datum = random.pick(this.values);
    if (op === 'MASKED_EQ') return { index, op, value: random.pick(this.masks), valueTwo: datum };
    // Only MASKED_EQ reads valueTwo.
    return { index, op, value: datum, valueTwo: random.chance(0.05) ? 7n : 0n };
  }

  /** Nearly the conditions of an earlier rule: the first or last ones, one more, another order, another bound. */
  private varied(conditions: readonly PlainCondition[]): PlainCondition[] {
    const at = this.random.below(conditions.length + 1);
    switch (this.random.below(6)) {
      case 0:
        return conditions.slice(0, at);
      case 1:
        return conditions.slice(at);
      case 2:
        return [...conditions, this.condition()].slice(0, 4);
      case 3:
        return [...conditions].reverse();
      case 4:
        return conditions.map((c, i) => (i === at ? { ...this.condition(), index: c.index } : c));
      default:
        return conditions.map((c, i) => (i === at ? { ...c, op: this.random.pick(this.operators) } : c));
    }
  }

  private number(): bigint {
    const low = BigInt(this.random.word());
    return this.random.chance(0.5) ? low : (BigInt(this.random.word()) << 32n) | low;
  }
}

/** The profile as a file in OCI's form. */
export function profileText({ profile }: Case): string {
  const rules = profile.syscalls.map((rule) => {
    const args = rule.args.map(({ index, op, value, valueTwo }) => {
      const two = valueTwo === 0n ? '' : `, "valueTwo": ${valueTwo}`;
      return `{"index": ${index}, "value": ${value}${two}, "op": "SCMP_CMP_${op}"}`;
    });
    const keys = [`"names": ${JSON.stringify(rule.names)}`, `"action": "SCMP_ACT_${rule.action}"`];
    if (rule.errnoRet !== undefined) keys.push(`"errnoRet": ${rule.errnoRet}`);
    if (args.length > 0) keys.push(`"args": [${args.join(', ')}]`);
    return `    {${keys.join(', ')}}`;
  });
  const keys = [`"defaultAction": "SCMP_ACT_${profile.defaultAction}"`];
  if (profile.defaultErrnoRet !== undefined) keys.push(`"defaultErrnoRet": ${profile.defaultErrnoRet}`);
  if (profile.syscalls.some(({ action }) => action === 'NOTIFY'))
    keys.push('"listenerPath": "/run/agent.sock"');
  const tokens = profile.architectures.map((name) => abiOf(name).token);
  if (tokens.length > 0) keys.push(`"architectures": ${JSON.stringify(tokens)}`);
  return `{\n  ${keys.join(',\n  ')},\n  "syscalls": [\n${rules.join(',\n')}\n  ]\n}\n`;
}
