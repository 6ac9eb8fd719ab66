import * as op from '../bpf/opcodes.ts';
import type { Diagram, NodeId } from '../diagram/diagram.ts';
import type { CallRules } from '../libseccomp/call-rule.ts';
import { SharedTests } from '../libseccomp/shared-tests.ts';
import { type Compare, comparesOf, type WordTest } from '../libseccomp/word-tests.ts';
import type { Assembler, Label } from './layout.ts';
import { isOneBit, type WordIndex } from './words.ts';

const FIRST_ARGUMENT: WordIndex = 2;
const ALL_ONES = 0xffff_ffff;
const CODES: Readonly<Record<string, number>> = {
  '==': op.JEQ_K,
  '&': op.JEQ_K,
  '>': op.JGT_K,
  '>=': op.JGE_K,
};

interface Added {
  readonly compares: readonly Compare[];
  readonly rule: { readonly word: number };
}

/** What A holds: a word, of which a mask has left these bits. */
interface Held {
  readonly word: WordIndex;
  readonly mask: number;
}

/** Where tests begin: with nothing in A, or behind the instructions that bring there what A holds. */
interface Entry {
  readonly label: Label;
  readonly behind: readonly (Held & { readonly label: Label })[];
}

/**
 * The tests of a call's rules, one rule after the other as libseccomp asks them. A diagram that goes word by word has an exit
 * for each way in which several rules hold at once, and there can be far more of those than rules.
 */
export class RuleTests {
  private readonly tests = new SharedTests<Added>();
  private readonly byDefault: number;

  constructor({ rules, bits, byDefault }: CallRules) {
    this.byDefault = byDefault;
    for (const rule of rules) this.tests.add({ compares: comparesOf(rule.conditions, bits), rule });
  }

  /** What they decide; undefined when libseccomp refuses them. */
  meaning(diagram: Diagram): NodeId | undefined {
    return this.tests.fold<NodeId>(
      diagram.terminal(this.byDefault),
      ({ rule }) => diagram.terminal(rule.word),
      (test, yes, no) => diagram.choose(conditionOf(diagram, test), yes, no),
    );
  }

  /** Writes them in front of what is written already, and tells where they begin. */
  write(assembler: Assembler, offsetOf: (word: WordIndex) => number): Label {
    const ends = new Map<number, Entry>();
    const end = (word: number): Entry => {
      const known = ends.get(word) ?? { label: assembler.ret(word), behind: [] };
      ends.set(word, known);
      return known;
    };
    const ask = (test: WordTest, yes: Entry, no: Entry) => {
      if (test.mask === 0n) return isEquality(test) ? yes : no;
      return writeTest(assembler, test, yes, no, offsetOf(wordOf(test)));
    };
    return this.tests.fold(end(this.byDefault), ({ rule }) => end(rule.word), ask)!.label;
  }
}

function writeTest(assembler: Assembler, test: WordTest, yes: Entry, no: Entry, offset: number): Entry {
  const word = wordOf(test);
  const mask = Number(test.mask);
  const value = Number(test.datum);
  const whole = { word, mask: ALL_ONES };
  if (test.test === '&' && (value === 0 || isOneBit(mask))) {
    const [any, none] = value === 0 ? [no, yes] : [yes, no];
    const jump = assembler.jump(op.JSET_K, mask, labelIn(any, whole), labelIn(none, whole));
    return { label: assembler.load(offset, jump), behind: [{ ...whole, label: jump }] };
  }
  const held = { word, mask };
  const jump = assembler.jump(CODES[test.test], value, labelIn(yes, held), labelIn(no, held));
  if (mask === ALL_ONES) return { label: assembler.load(offset, jump), behind: [{ ...whole, label: jump }] };
  const and = assembler.and(mask, jump);
  return {
    label: assembler.load(offset, and),
    behind: [
      { ...held, label: jump },
      { ...whole, label: and },
    ],
  };
}

/** Where to go on while A holds something. */
function labelIn({ label, behind }: Entry, { word, mask }: Held): Label {
  return behind.find((b) => b.word === word && b.mask === mask)?.label ?? label;
}

function conditionOf(diagram: Diagram, test: WordTest): NodeId {
  const field = { first: wordOf(test) * 32, bits: 32 };
  if (isEquality(test)) return diagram.maskedEquals(field, test.mask, test.datum);
  const from = Number(test.datum) + (test.test === '>' ? 1 : 0);
  return from > ALL_ONES || test.mask === 0n ? 0 : diagram.atLeast(field, from);
}

function isEquality({ test }: WordTest): boolean {
  return test === '==' || test === '&';
}

/** libseccomp counts the words of arguments from the low one of the first. */
function wordOf({ priority }: WordTest): WordIndex {
  return FIRST_ARGUMENT + (priority ^ 1);
}
