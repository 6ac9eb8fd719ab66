import type { CallRule, Fate } from './call-rule.ts';
import { SharedTests } from './shared-tests.ts';
import {
  type Compare,
  comparesOf,
  isNegated,
  keyOf,
  precedes,
  sameTest,
  type WordTest,
  wordTestOf,
} from './word-tests.ts';

/** The rules of one call on one ABI, as libseccomp's filter asks them: the first that matches wins. */
export interface RuleOrder {
  readonly order: readonly CallRule[];
  readonly fates: readonly Fate[];
}

/**
 * Several rules for one call, in the order of the file, to the order in which libseccomp's filter asks them.
 * The rules that libseccomp states (db.c: db_col_rule_add, _db_tree_add, _db_tree_prune, db_chain_lt):
 * after a rule without conditions everything is dropped, and it wipes what came before; a rule whose conditions begin
 * like an existing one's is dropped; what remains stands in a tree of tests on 32-bit words, in which the higher
 * argument, then the higher word, then equality before upper before lower bounds, then the narrower bound comes first.
 */
export function orderRules(rules: readonly CallRule[], bits: 32 | 64): RuleOrder {
  const differ = rules.some((rule) => rule.word !== rules[0].word);
  const tree = new RuleTree(bits, bits === 64 && differ);
  for (const rule of rules) tree.add(rule);
  return { order: tree.order(), fates: tree.fates };
}

interface Member {
  readonly rule: CallRule;
  readonly compares: readonly Compare[];
  /** Each condition as a text: equal conditions, equal texts. */
  readonly keys: readonly string[];
}

interface Group {
  readonly test: WordTest;
  /** What follows when the test holds, and when it does not. */
  yes?: Branch;
  no?: Branch;
}

type Branch = { readonly leaf: Member } | { readonly level: Group[] };

class RuleTree {
  readonly fates: Fate[] = [];
  private readonly bits: 32 | 64;
  private readonly root: Group[] = [];
  /** The members of the tree by their first condition. */
  private readonly byFirst = new Map<string, Set<Member>>();
  /** Those with more than one condition. */
  private readonly long = new Set<Member>();
  private unconditional: Member | undefined;
  /** What has been added, as libseccomp shares it between rules; undefined where that cannot make it refuse one. */
  private readonly shared: SharedTests<Member> | undefined;

  constructor(bits: 32 | 64, mayCollide: boolean) {
    this.bits = bits;
    this.shared = mayCollide ? new SharedTests() : undefined;
  }

  order(): CallRule[] {
    return this.unconditional ? [this.unconditional.rule] : members(this.root).map((m) => m.rule);
  }

  add(rule: CallRule): void {
    const compares = comparesOf(rule.conditions, this.bits);
    const member = { rule, compares, keys: compares.map(keyOf) };
    if (this.unconditional) this.fate('dropped', member, this.unconditional);
    else if (compares.length === 0) {
      for (const other of members(this.root)) this.fate('overridden', other, member);
      this.unconditional = member;
    } else if (this.clear(member) && !this.collides(member)) this.insert(member);
  }

  /** Settles the rule with those that begin alike or lie inside it; false when it has no place left. */
  private clear(member: Member): boolean {
    const alike = [...this.startingWith(member.keys[0])].filter((other) => beginsAlike(member, other));
    const shorter = alike.find((other) => other.keys.length < member.keys.length);
    if (shorter) return !this.collides(member) && this.refuse('dropped', member, shorter);
    const contrary = alike.find((other) => other.rule.word !== member.rule.word);
    if (contrary) return this.refuse('conflict', member, contrary);
    const same = alike.find((other) => other.keys.length === member.keys.length);
    if (same) return !this.collides(member) && this.refuse('dropped', member, same);
    for (const longer of alike) this.override(longer, member);
    return this.clearWithin(member);
  }

  /** The same for rules with the same action whose conditions stand inside the other's. */
  private clearWithin(member: Member): boolean {
    const agrees = (other: Member) => other.rule.word === member.rule.word;
    for (const outer of [...this.long])
      if (agrees(outer) && liesWithin(member, outer)) this.override(outer, member);
    for (const key of member.keys.slice(1)) {
      const inner = [...this.startingWith(key)].find((other) => agrees(other) && liesWithin(other, member));
      if (inner) return this.refuse('dropped', member, inner);
    }
    return true;
  }

  /** Whether libseccomp, which tests the halves of an argument apart, takes the rule for another one's contrary. */
  private collides(member: Member): boolean {
    const contrary = this.shared?.add(member);
    if (contrary) this.fate('collision', member, contrary);
    return contrary !== undefined;
  }

  private startingWith(key: string): ReadonlySet<Member> {
    return this.byFirst.get(key) ?? new Set();
  }

  private insert(member: Member): void {
    const first = this.byFirst.get(member.keys[0]) ?? new Set();
    this.byFirst.set(member.keys[0], first.add(member));
    if (member.keys.length > 1) this.long.add(member);
    const tests = member.compares.flatMap((c) => testsOf(c, this.bits));
    let level = this.root;
    tests.forEach(({ test, branch }, i) => {
      const group = groupFor(level, test);
      const last = i === tests.length - 1;
      const next: Branch = last ? { leaf: member } : (group[branch] ?? { level: [] });
      group[branch] = next;
      if ('level' in next) level = next.level;
    });
  }

  private override(other: Member, by: Member): void {
    this.fate('overridden', other, by);
    this.byFirst.get(other.keys[0])?.delete(other);
    this.long.delete(other);
    remove(this.root, other);
  }

  private refuse(kind: Fate['kind'], member: Member, by: Member): false {
    this.fate(kind, member, by);
    return false;
  }

  private fate(kind: Fate['kind'], member: Member, by: Member): void {
    this.fates.push({ kind, rule: member.rule, by: by.rule });
  }
}

/** The tests that one condition becomes: high word, then low word. */
function testsOf(compare: Compare, bits: 32 | 64): { test: WordTest; branch: 'yes' | 'no' }[] {
  const low = {
    test: wordTestOf(compare, 'low'),
    branch: isNegated(compare) ? ('no' as const) : ('yes' as const),
  };
  return bits === 64 ? [{ test: wordTestOf(compare, 'high'), branch: 'yes' }, low] : [low];
}

/** The group of that test in a level, put in its place when it is new. */
function groupFor(level: Group[], test: WordTest): Group {
  const at = level.findIndex((g) => sameTest(g.test, test) || precedes(test, g.test));
  if (at >= 0 && sameTest(level[at].test, test)) return level[at];
  const group: Group = { test };
  level.splice(at < 0 ? level.length : at, 0, group);
  return group;
}

function members(level: readonly Group[]): Member[] {
  return level.flatMap((g) => [...branchMembers(g.yes), ...branchMembers(g.no)]);
}

function branchMembers(branch: Branch | undefined): Member[] {
  if (!branch) return [];
  return 'leaf' in branch ? [branch.leaf] : members(branch.level);
}

function remove(level: Group[], member: Member): void {
  for (const group of level) {
    group.yes = without(group.yes, member);
    group.no = without(group.no, member);
  }
  for (let i = level.length - 1; i >= 0; i--) if (!level[i].yes && !level[i].no) level.splice(i, 1);
}

function without(branch: Branch | undefined, member: Member): Branch | undefined {
  if (!branch || 'leaf' in branch) return branch && branch.leaf === member ? undefined : branch;
  remove(branch.level, member);
  return branch.level.length > 0 ? branch : undefined;
}

function beginsAlike(a: Member, b: Member): boolean {
  const length = Math.min(a.keys.length, b.keys.length);
  return a.keys.slice(0, length).every((key, i) => key === b.keys[i]);
}

/** Whether the conditions of `inner` stand in a row inside those of `outer`, but not at its beginning. */
function liesWithin(inner: Member, outer: Member): boolean {
  const { length } = inner.keys;
  for (let start = 1; start + length <= outer.keys.length; start++)
    if (inner.keys.every((key, i) => key === outer.keys[start + i])) return true;
  return false;
}
