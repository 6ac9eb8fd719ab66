import { type Action, type ActionKind, actionOfWord, freedomOf } from '../bpf/action.ts';
import { callsWhere, countArguments, smallestCall } from '../diagram/call-set.ts';
import { adopt, type Decision } from '../diagram/decision.ts';
import { type Diagram, DiagramTooLarge, type NodeId } from '../diagram/diagram.ts';
import { ARCH, type Call, NR } from '../diagram/fields.ts';
import { restrict, restrictArch } from '../diagram/restrict.ts';
import { valueRanges } from '../diagram/value-set.ts';
import { abisOf, type Policy } from '../policy/policy.ts';
import { type Abi, type AbiName, abiOf, abiOfCall, X32_BIT } from '../syscalls/arch.ts';
import { callsOf, nameOf } from '../syscalls/lookup.ts';

/**
 * loosened: what was denied or asked may now be executed, or what was denied is asked; tightened: the other way round;
 * changed: as free as before, but with another action or errno.
 */
export type Change = 'loosened' | 'tightened' | 'changed';

/** Calls of one number that two policies decide differently. */
export interface Difference {
  /** other: every architecture that neither policy covers. */
  readonly arch: AbiName | 'other';
  /** Undefined for numbers that no system call has. */
  readonly name?: string;
  readonly nr: number;
  /** For numbers without a name: the last of a run of numbers that are decided alike. */
  readonly last: number;
  readonly change: Change;
  readonly before: Action;
  readonly after: Action;
  /** For which arguments: a condition that tests nothing else. */
  readonly when: Decision;
  /** The smallest call that shows it. */
  readonly witness: Call;
  /** For how many values of the six arguments, of 2^384. */
  readonly count: bigint;
}

/** More ranges of numbers than any real filter has. */
const MOST_RANGES = 20_000;
/** More answers for one number than anybody would read. */
const MOST_ANSWERS = 256;
/** The word of the difference diagram for what both decide alike. */
const EQUAL = 0;
const MAX_NODES = 1 << 20;
const MAX_STEPS = 1 << 23;

/** How two policies differ. */
export interface Differences {
  /** Empty when they are equal, which is a proof. */
  readonly listed: readonly Difference[];
  /** False: there are more than can be listed, and `listed` is an example. */
  readonly isComplete: boolean;
  /** The ABIs for which the second policy answers every call of the tables alike, such as those that it does not cover. */
  readonly uniform?: ReadonlySet<Difference['arch']>;
}

/**
 * Everything that two policies decide differently, by ABI and number. Calls of architectures that neither of them covers
 * are one group.
 * @example
 * ```js
 * import { diffPolicies, lowerProfile, parseProfile } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const meaning = (text) => lowerProfile(parseProfile(text).value, target).value;
 * const before = meaning('{"defaultAction": "SCMP_ACT_ALLOW"}');
 * const after = meaning('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ERRNO"}]}');
 * const { listed } = diffPolicies(before, after);
 * listed.map(({ name, change }) => [name, change]); // → [['bpf', 'tightened']]
 * ```
 */
export function diffPolicies(before: Policy, after: Policy): Differences {
  return diffDecisions(before, after, abisOf(before, after));
}

/** Everything that two decisions in SECCOMP_RET_* words decide differently; calls of the ABIs get names. */
export function diffDecisions(a: Decision, b: Decision, abis: readonly Abi[]): Differences {
  const { diagram, root: before } = a;
  const after = adopt(diagram, b);
  if (before === after) return { listed: [], isComplete: true };
  const uniform = new Set(abis.filter((abi) => isUniform(diagram, after, abi)).map((abi) => abi.name));
  try {
    const listed = diagram.within(MAX_NODES, MAX_STEPS, () =>
      new Comparison(diagram, abis).compare(before, after),
    );
    return { listed, isComplete: true, uniform };
  } catch (fault) {
    if (!(fault instanceof DiagramTooLarge)) throw fault;
    return { listed: [new Comparison(diagram, abis).example(before, after)], isComplete: false, uniform };
  }
}

function isUniform(diagram: Diagram, root: NodeId, { name, auditArch }: Abi): boolean {
  const [[, first], ...others] = callsOf(name);
  const answer = restrict(diagram, root, auditArch, first);
  return (
    diagram.isTerminal(answer) && others.every(([, nr]) => restrict(diagram, root, auditArch, nr) === answer)
  );
}

class Comparison {
  private readonly d: Diagram;
  private readonly abis: readonly Abi[];
  /** What the words of the difference diagram stand for, from word 1 on. */
  private readonly pairs: [before: number, after: number][] = [];
  private readonly found: Difference[] = [];

  constructor(diagram: Diagram, abis: readonly Abi[]) {
    this.d = diagram;
    this.abis = abis;
  }

  compare(before: NodeId, after: NodeId): Difference[] {
    const { d } = this;
    const differing = this.differing(before, after);
    const covered = new Set(this.abis.map((abi) => abi.auditArch));
    for (const auditArch of covered) this.arch(auditArch, restrictArch(d, differing, auditArch));
    this.others(differing, covered);
    return this.found;
  }

  /** One of the differences: of a call that has a name, if there is one. */
  example(before: NodeId, after: NodeId): Difference {
    const { d } = this;
    const differing = this.differing(before, after);
    for (const { name: arch, auditArch } of this.abis)
      for (const [, nr] of callsOf(arch)) {
        const node = restrict(d, differing, auditArch, nr);
        if (!this.isEqual(node)) return this.first(arch, { arch: auditArch, nr }, node);
      }
    const call = smallestCall(
      d,
      callsWhere(d, differing, (word) => word !== EQUAL),
    )!;
    return this.first('other', call, restrict(d, differing, call.arch, call.nr));
  }

  /** Of what is decided differently about a number, the part with the smallest arguments. */
  private first(
    arch: Difference['arch'],
    { arch: auditArch, nr }: Pick<Call, 'arch' | 'nr'>,
    node: NodeId,
  ): Difference {
    const { d } = this;
    const smallest = smallestCall(
      d,
      callsWhere(d, node, (word) => word !== EQUAL),
    )!;
    const word = d.evaluate(node, { ...smallest, arch: auditArch, nr });
    return this.difference(arch, auditArch, nr, nr, node, word);
  }

  /** A diagram whose words say what both decide, EQUAL where that is the same. */
  private differing(before: NodeId, after: NodeId): NodeId {
    const ids = new Map<string, number>();
    return this.d.combine(before, after, (a, b) => {
      if (a === b) return EQUAL;
      const key = `${a} ${b}`;
      const id = ids.get(key) ?? this.pairs.push([a, b]);
      ids.set(key, id);
      return id;
    });
  }

  private arch(auditArch: number, node: NodeId): void {
    for (const { low, high, exit } of this.ranges(node, NR)) {
      if (this.isEqual(exit)) continue;
      for (const [from, to] of isX86(auditArch) ? splitAtX32(low, high) : [[low, high]])
        this.numbers(auditArch, from, to, exit);
    }
  }

  /** Every named number of a run by itself, and what lies between them as runs. */
  private numbers(auditArch: number, from: number, to: number, exit: NodeId): void {
    const abi = abiOfCall(auditArch, from)!;
    let next = from;
    for (const [, nr] of callsOf(abi.name)) {
      if (nr > to) break;
      if (nr < next) continue;
      if (nr > next) this.add(abi.name, auditArch, next, nr - 1, exit);
      this.add(abi.name, auditArch, nr, nr, exit);
      next = nr + 1;
    }
    if (next <= to) this.add(abi.name, auditArch, next, to, exit);
  }

  /** Architectures that no ABI of either side has: one of them stands for all that are decided alike. */
  private others(differing: NodeId, covered: ReadonlySet<number>): void {
    const seen = new Set<NodeId>();
    for (const { low, high, exit } of this.ranges(differing, ARCH)) {
      let arch = low;
      while (covered.has(arch)) arch++;
      if (this.isEqual(exit) || arch > high || seen.has(exit)) continue;
      seen.add(exit);
      for (const run of this.ranges(exit, NR))
        if (!this.isEqual(run.exit)) this.add('other', arch, run.low, run.high, run.exit);
    }
  }

  private add(arch: Difference['arch'], auditArch: number, nr: number, last: number, node: NodeId): void {
    const words = this.d.wordsOf(node).filter((word) => word !== EQUAL);
    if (words.length > MOST_ANSWERS) throw new DiagramTooLarge();
    for (const word of words) this.found.push(this.difference(arch, auditArch, nr, last, node, word));
  }

  private difference(
    arch: Difference['arch'],
    auditArch: number,
    nr: number,
    last: number,
    node: NodeId,
    word: number,
  ): Difference {
    const { d } = this;
    const name = arch === 'other' ? undefined : nameOf(arch, nr);
    const set = callsWhere(d, node, (w) => w === word);
    const [before, after] = this.pairs[word - 1].map(actionOfWord);
    return {
      arch,
      ...(name !== undefined && { name }),
      nr,
      last,
      change: changeOf(before.kind, after.kind),
      before,
      after,
      when: { diagram: d, root: set },
      witness: { ...smallestCall(d, set)!, arch: auditArch, nr },
      count: countArguments(d, set),
    };
  }

  private ranges(node: NodeId, field: typeof NR) {
    const ranges = valueRanges(this.d, node, field, MOST_RANGES);
    if (!ranges) throw new DiagramTooLarge();
    return ranges.map(({ low, high, exit }) => ({ low: Number(low), high: Number(high), exit }));
  }

  private isEqual(id: NodeId): boolean {
    return this.d.isTerminal(id) && this.d.word(id) === EQUAL;
  }
}

function isX86(auditArch: number): boolean {
  return auditArch === abiOf('x32').auditArch;
}

function splitAtX32(low: number, high: number): [number, number][] {
  return low < X32_BIT && high >= X32_BIT
    ? [
        [low, X32_BIT - 1],
        [X32_BIT, high],
      ]
    : [[low, high]];
}

function changeOf(before: ActionKind, after: ActionKind): Change {
  const more = freedomOf(after) - freedomOf(before);
  return more > 0 ? 'loosened' : more < 0 ? 'tightened' : 'changed';
}
