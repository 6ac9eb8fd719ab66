import { bitOf, type Call, type Field, VARIABLES } from './fields.ts';

/** A node of one Diagram. Two nodes of the same Diagram mean the same exactly when their ids are equal. */
export type NodeId = number;

/** The Diagram would need more nodes, or more steps to find them, than its owner allows. */
export class DiagramTooLarge extends Error {
  constructor() {
    super('the policy needs too large a diagram');
  }
}

const TERMINAL = 0xffff;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
/** How many results of choose are remembered: as many as there is room for nodes, up to this. */
const MOST_CACHED = 1 << 16;

/**
 * A hash-consed, reduced, ordered decision diagram over the bits of struct seccomp_data. Its terminals are unsigned
 * 32-bit words: actions, rule numbers, or FALSE and TRUE, which are the words 0 and 1.
 */
export class Diagram {
  /** The terminal 0. As a condition: never. */
  static readonly FALSE: NodeId = 0;
  /** The terminal 1. As a condition: always. */
  static readonly TRUE: NodeId = 1;

  private limit: number;
  private count = 0;
  /** Steps of choose, map and combine so far, and the last one that may be made; Infinity outside of `within`. */
  private stepCount = 0;
  private lastStep = Infinity;
  private variables = new Uint16Array(1 << 12);
  private lows = new Uint32Array(1 << 12);
  private highs = new Uint32Array(1 << 12);
  private unique = new Int32Array(1 << 13).fill(-1);
  private cache = new Int32Array(4 << 12).fill(-1);

  /** @param limit the number of nodes after which DiagramTooLarge is thrown. */
  constructor(limit = 1 << 22) {
    this.limit = limit;
    this.terminal(0);
    this.terminal(1);
  }

  /** Runs the work, which may make so many new nodes and steps of choose, map and combine; else DiagramTooLarge. */
  within<T>(nodes: number, steps: number, work: () => T): T {
    const { limit, lastStep } = this;
    this.limit = Math.min(limit, this.count + nodes);
    this.lastStep = Math.min(lastStep, this.stepCount + steps);
    try {
      return work();
    } finally {
      this.limit = limit;
      this.lastStep = lastStep;
    }
  }

  /** How many nodes exist, reachable or not. */
  get size(): number {
    return this.count;
  }

  /** How many steps of choose, map and combine were made. */
  get steps(): number {
    return this.stepCount;
  }

  isTerminal(id: NodeId): boolean {
    return this.variables[id] === TERMINAL;
  }

  /** The word of a terminal. */
  word(id: NodeId): number {
    return this.lows[id];
  }

  /** The variable that the node tests; VARIABLES or more for a terminal. */
  variable(id: NodeId): number {
    return this.variables[id];
  }

  /** Where a 0 in the node's variable leads. */
  low(id: NodeId): NodeId {
    return this.lows[id];
  }

  /** Where a 1 in the node's variable leads. */
  high(id: NodeId): NodeId {
    return this.highs[id];
  }

  /** The terminal that stands for an unsigned 32-bit word. */
  terminal(word: number): NodeId {
    return this.intern(TERMINAL, word >>> 0, 0);
  }

  /** The node that goes `low` or `high` by its variable; both must test later variables only. */
  node(variable: number, low: NodeId, high: NodeId): NodeId {
    return low === high ? low : this.intern(variable, low, high);
  }

  /** `yes` where the condition holds, else `no`. */
  choose(condition: NodeId, yes: NodeId, no: NodeId): NodeId {
    if (condition === Diagram.TRUE) return yes;
    if (condition === Diagram.FALSE) return no;
    if (yes === no) return yes;
    if (yes === Diagram.TRUE && no === Diagram.FALSE) return condition;
    const { cache } = this;
    const slot = (hash(condition, yes, no) << 2) & (cache.length - 1);
    if (cache[slot] === condition && cache[slot + 1] === yes && cache[slot + 2] === no)
      return cache[slot + 3];
    this.spend();
    const { variables, lows } = this;
    const variable = Math.min(variables[condition], variables[yes], variables[no]);
    const c = variables[condition] === variable;
    const y = variables[yes] === variable;
    const n = variables[no] === variable;
    const low = this.choose(c ? lows[condition] : condition, y ? lows[yes] : yes, n ? lows[no] : no);
    // The arrays may have grown, so they are read afresh.
    const high = this.choose(
      c ? this.highs[condition] : condition,
      y ? this.highs[yes] : yes,
      n ? this.highs[no] : no,
    );
    const result = this.node(variable, low, high);
    if (cache === this.cache) {
      cache[slot] = condition;
      cache[slot + 1] = yes;
      cache[slot + 2] = no;
      cache[slot + 3] = result;
    }
    return result;
  }

  and(a: NodeId, b: NodeId): NodeId {
    return this.choose(a, b, Diagram.FALSE);
  }

  or(a: NodeId, b: NodeId): NodeId {
    return this.choose(a, Diagram.TRUE, b);
  }

  not(a: NodeId): NodeId {
    return this.choose(a, Diagram.FALSE, Diagram.TRUE);
  }

  /** The condition (field & mask) == value. */
  maskedEquals(field: Field, mask: bigint, value: bigint): NodeId {
    const [asked, ones] = [bitsOf(mask), bitsOf(value)];
    let id = Diagram.TRUE;
    for (let bit = 0; bit < field.bits; bit++) {
      if (!isSet(asked, bit)) continue;
      const variable = field.first + field.bits - 1 - bit;
      id = isSet(ones, bit) ? this.node(variable, Diagram.FALSE, id) : this.node(variable, id, Diagram.FALSE);
    }
    return id;
  }

  /** The condition field == value. */
  equals(field: Field, value: bigint | number): NodeId {
    return this.maskedEquals(field, ALL_ONES, wide(value));
  }

  /** The condition field >= value, unsigned. */
  atLeast(field: Field, value: bigint | number): NodeId {
    const ones = bitsOf(wide(value));
    let id = Diagram.TRUE;
    for (let bit = 0; bit < field.bits; bit++) {
      const variable = field.first + field.bits - 1 - bit;
      id = isSet(ones, bit) ? this.node(variable, Diagram.FALSE, id) : this.node(variable, id, Diagram.TRUE);
    }
    return id;
  }

  /** For each value of a field its node: the values in ascending order, all others `otherwise`. */
  table(
    field: Field,
    entries: readonly (readonly [value: number, node: NodeId])[],
    otherwise: NodeId,
  ): NodeId {
    const walk = (bit: number, from: number, to: number): NodeId => {
      if (from === to) return otherwise;
      if (bit === field.bits) return entries[from][1];
      const mask = 2 ** (field.bits - 1 - bit);
      let middle = from;
      while (middle < to && Math.floor(entries[middle][0] / mask) % 2 === 0) middle++;
      return this.node(field.first + bit, walk(bit + 1, from, middle), walk(bit + 1, middle, to));
    };
    return walk(0, 0, entries.length);
  }

  /** The same decisions with every terminal's word replaced. */
  map(root: NodeId, replace: (word: number) => number): NodeId {
    return this.mapping(replace)(root);
  }

  /** The same for several nodes, each of which may be part of another one. */
  mapping(replace: (word: number) => number): (root: NodeId) => NodeId {
    const done = new Map<NodeId, NodeId>();
    const walk = (id: NodeId): NodeId => {
      let result = done.get(id);
      if (result === undefined) {
        this.spend();
        result = this.isTerminal(id)
          ? this.terminal(replace(this.word(id)))
          : this.node(this.variables[id], walk(this.low(id)), walk(this.high(id)));
        done.set(id, result);
      }
      return result;
    };
    return walk;
  }

  /** Both diagrams walked side by side, each pair of words joined by `join`. */
  combine(a: NodeId, b: NodeId, join: (a: number, b: number) => number): NodeId {
    const done = new Map<number, NodeId>();
    const walk = (x: NodeId, y: NodeId): NodeId => {
      if (this.isTerminal(x) && this.isTerminal(y)) return this.terminal(join(this.word(x), this.word(y)));
      const key = x * 0x4000000 + y;
      let result = done.get(key);
      if (result === undefined) {
        this.spend();
        const variable = Math.min(this.variables[x], this.variables[y]);
        const splitX = this.variables[x] === variable;
        const splitY = this.variables[y] === variable;
        result = this.node(
          variable,
          walk(splitX ? this.low(x) : x, splitY ? this.low(y) : y),
          walk(splitX ? this.high(x) : x, splitY ? this.high(y) : y),
        );
        done.set(key, result);
      }
      return result;
    };
    return walk(a, b);
  }

  /** The word that a call gets. */
  evaluate(root: NodeId, call: Call): number {
    let id = root;
    while (this.variables[id] !== TERMINAL)
      id = bitOf(call, this.variables[id]) === 0 ? this.lows[id] : this.highs[id];
    return this.lows[id];
  }

  /** Every word that a call can get, with a call that gets it, all free bits zero; that of the zero call first. */
  witnesses(root: NodeId): Map<number, Call> {
    const found = new Map<number, Call>();
    const seen = new Set<NodeId>();
    const ones: number[] = [];
    const walk = (id: NodeId): void => {
      if (seen.has(id)) return;
      seen.add(id);
      if (this.isTerminal(id)) {
        found.set(this.word(id), callWithBits(ones));
        return;
      }
      walk(this.low(id));
      ones.push(this.variables[id]);
      walk(this.high(id));
      ones.pop();
    };
    walk(root);
    return found;
  }

  /** Every node reachable from the root, each once, as a walk in depth first meets them; a node may come before a parent. */
  reachable(root: NodeId): readonly NodeId[] {
    const seen = new Set<NodeId>();
    const walk = (id: NodeId): void => {
      if (seen.has(id)) return;
      seen.add(id);
      if (this.isTerminal(id)) return;
      walk(this.low(id));
      walk(this.high(id));
    };
    walk(root);
    return [...seen];
  }

  /** The different words that a decision can end with, in the order of a depth-first walk. */
  wordsOf(root: NodeId): number[] {
    return this.reachable(root)
      .filter((id) => this.isTerminal(id))
      .map((id) => this.word(id));
  }

  private spend(): void {
    if (++this.stepCount > this.lastStep) throw new DiagramTooLarge();
  }

  private intern(variable: number, low: number, high: number): NodeId {
    let slot = hash(variable, low, high) & (this.unique.length - 1);
    for (;;) {
      const id = this.unique[slot];
      if (id < 0) break;
      if (this.lows[id] === low && this.highs[id] === high && this.variables[id] === variable) return id;
      slot = (slot + 1) & (this.unique.length - 1);
    }
    if (this.count >= this.limit) throw new DiagramTooLarge();
    const id = this.count++;
    if (id >= this.variables.length) this.grow();
    this.variables[id] = variable;
    this.lows[id] = low;
    this.highs[id] = high;
    if (this.count * 2 > this.unique.length) this.rehash();
    else this.unique[slot] = id;
    return id;
  }

  private grow(): void {
    const size = this.variables.length * 2;
    const variables = new Uint16Array(size);
    const lows = new Uint32Array(size);
    const highs = new Uint32Array(size);
    variables.set(this.variables);
    lows.set(this.lows);
    highs.set(this.highs);
    this.variables = variables;
    this.lows = lows;
    this.highs = highs;
    if (size <= MOST_CACHED) this.cache = new Int32Array(4 * size).fill(-1);
  }

  private rehash(): void {
    this.unique = new Int32Array(this.unique.length * 2).fill(-1);
    const mask = this.unique.length - 1;
    for (let id = 0; id < this.count; id++) {
      let slot = hash(this.variables[id], this.lows[id], this.highs[id]) & mask;
      while (this.unique[slot] >= 0) slot = (slot + 1) & mask;
      this.unique[slot] = id;
    }
  }
}

/** Of 64 bits the low and the high 32, which are asked for one by one: bigints would be slow. */
type Bits = readonly [low: number, high: number];

function bitsOf(value: bigint): Bits {
  return [Number(value & 0xffff_ffffn), Number((value >> 32n) & 0xffff_ffffn)];
}

function isSet([low, high]: Bits, bit: number): boolean {
  return (((bit < 32 ? low : high) >>> (bit & 31)) & 1) === 1;
}

function wide(value: bigint | number): bigint {
  return typeof value === 'number' ? BigInt(value >>> 0) : value;
}

function hash(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

/** The call in which exactly these variables are 1. */
function callWithBits(ones: readonly number[]): Call {
  const words = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
  for (const variable of ones)
    if (variable < VARIABLES) words[variable >> 6] |= 1n << BigInt(63 - (variable & 63));
  return {
    arch: Number(words[0] >> 32n),
    nr: Number(words[0] & 0xffff_ffffn),
    args: words.slice(1, 7),
    ip: words[7],
  };
}
