import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { addressOf, type CallStep, callsBy, exitSteps, textBlock } from '../machine-code/calls.ts';
import { executable } from '../machine-code/elf.ts';
import { instructionSetOf } from '../machine-code/instruction-sets.ts';
import type { Block, MachineProgram, Place, Step } from '../machine-code/steps.ts';
import { attackMemory } from './attack-memory.ts';
import { blankLine, HELLO, UNKNOWN, wordOffset } from './probe-lines.ts';
import type { AttackWay } from './trial.ts';

/**
 * How a probe makes its calls:
 *   - "children": each in a child of its own. A child makes the call and exits, nothing else.
 *   - "shared": the same where a profile forbids to wait for children. A child has the memory of the program, which goes on when the
 *     child is gone, and finds the call's result there, or none where the call ended the child.
 *   - "row": one after the other in the program itself, where a profile forbids children. The call that ends the program is the
 *     one whose line is missing.
 *   - "silent": the first alone, where a profile forbids to write: the program makes no other call, and ends by a fault that tells
 *     the result.
 */
export type ProbeStyle = 'children' | 'shared' | 'row' | 'silent';

/** The signal by which a process says what a call returned, where it can say it in no other way. */
export const TOLD = {
  /** SIGTRAP: one of the way's `reached`. */
  reached: 5,
  /** SIGILL: EPERM, which most profiles answer. */
  denied: 4,
  /** SIGSEGV: anything else. */
  other: 11,
} as const;

const EPERM = 1;
const PR_SET_DUMPABLE = 4;
const SIGCHLD = 17;
const SIGSYS = 31;
const STDOUT = 1;
const ITIMER_REAL = 0;
/** How long a call may take, in seconds. */
const PATIENCE_S = 2;
/** A child that was killed by SIGSYS, with a core file or without. */
const KILLED = [SIGSYS, SIGSYS | 0x80];
/** Calls that start a child, the likeliest first; fork and vfork take no arguments and mind none. */
const MAKERS = ['clone', 'fork', 'clone3', 'vfork'] as const;
/** Calls after which there may be two processes where there was one. */
const STARTING: readonly string[] = MAKERS;
const CLONE_ARGS = 64;
/** CLONE_VM | CLONE_VFORK: with the memory of who makes it, who goes on when the child is gone. */
const SHARED = 0x100 | 0x4000;

/**
 * An executable for use as the entry point of any container: static, without a shell, a file system or a library around it, and
 * without memory but its own. Beside the calls of `ways` it makes clone, wait4, write and exit_group, and children try prctl and
 * setitimer.
 * Undefined for a machine that callgate writes no programs for.
 */
export function probeProgram(
  native: AbiName,
  ways: readonly AttackWay[],
  style: ProbeStyle,
): Uint8Array | undefined {
  const set = instructionSetOf(native);
  if (!set) return undefined;
  const nr = (name: string) => numberOf(native, name) ?? -1;
  const program = new Probe(ways, callsBy(nr), native, nr).inStyle(style);
  return executable({ ...program, data: [...program.data, ...blocksOf(ways, set.wordSize)] }, set);
}

class Probe {
  private readonly ways: readonly AttackWay[];
  private readonly call: CallStep;
  private readonly native: AbiName;
  private readonly nr: (name: string) => number;

  constructor(ways: readonly AttackWay[], call: CallStep, native: AbiName, nr: (name: string) => number) {
    this.ways = ways;
    this.call = call;
    this.native = native;
    this.nr = nr;
  }

  inStyle(style: ProbeStyle): MachineProgram {
    const constants = attackMemory();
    const hello = this.call('write', [STDOUT, addressOf('hello'), HELLO.length]);
    const end: Step[] = [{ kind: 'label', name: 'end' }, ...exitSteps(this.call, 0)];
    switch (style) {
      case 'silent':
        return { steps: [this.attack(0), ...this.telling(0, 'told')], data: [], constants };
      case 'shared':
        return {
          steps: [hello, ...this.ways.flatMap((_, i) => this.inShared(i)), ...end],
          data: [],
          constants,
        };
      case 'row':
        return { steps: [hello, ...this.ways.flatMap((_, i) => this.inRow(i)), ...end], data: [], constants };
      case 'children':
        return {
          steps: [
            hello,
            ...this.chooseMaker(),
            ...this.leaveNoCore(),
            ...this.havePatience(),
            ...this.ways.flatMap((_, i) => this.inChildren(i)),
            ...end,
          ],
          data: [],
          constants,
        };
    }
  }

  /** Finds the call that starts children here: each is tried with a child that only exits. */
  private chooseMaker(): Step[] {
    const tried = MAKERS.filter((name) => this.nr(name) >= 0).flatMap((name): Step[] => [
      { kind: 'store', value: this.nr(name), to: maker('nr') },
      { kind: 'store', value: name === 'clone3' ? addressOf('clone3') : SIGCHLD, to: maker('first') },
      { kind: 'store', value: name === 'clone3' ? CLONE_ARGS : 0, to: maker('second') },
      // A child of vfork writes its 0 into the parent's memory, too, but before the parent goes on.
      this.makeChild(),
      { kind: 'jump', to: 'child that exits', when: { word: PID, is: 'equal', to: 0 } },
      { kind: 'jump', to: `no ${name}`, when: { word: PID, is: 'less', to: 0 } },
      this.wait(FIRST),
      { kind: 'jump', to: 'maker chosen' },
      { kind: 'label', name: `no ${name}` },
    ]);
    return [
      ...tried,
      { kind: 'jump', to: 'maker chosen' },
      { kind: 'label', name: 'child that exits' },
      ...exitSteps(this.call, 0),
      { kind: 'label', name: 'maker chosen' },
    ];
  }

  /** Processes that are killed leave no core files, and wake nobody on the machine who collects these. */
  private leaveNoCore(): Step[] {
    const undumpable = (result?: Place) => this.call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0], result);
    return this.ifAllowed('core', undumpable, undumpable());
  }

  /** A call that waits is over after a while. */
  private havePatience(): Step[] {
    return this.ifAllowed('timer', (result) => this.startTimer(result), {
      kind: 'store',
      value: 1,
      to: HAS_TIMER,
    });
  }

  private startTimer(result?: Place): Step {
    return this.call('setitimer', [ITIMER_REAL, addressOf('patience'), 0], result);
  }

  /** A step that is taken where the profile lets a call pass, which a child finds out. */
  private ifAllowed(name: string, call: (result: Place) => Step, then: Step): Step[] {
    const label = (what: string) => `${name} ${what}`;
    return [
      { kind: 'store', value: UNKNOWN, to: FIRST },
      this.makeChild(),
      { kind: 'jump', to: label('tried'), when: { word: PID, is: 'equal', to: 0 } },
      { kind: 'jump', to: label('settled'), when: { word: PID, is: 'less', to: 0 } },
      this.wait(FIRST),
      { kind: 'jump', to: label('settled'), when: { word: FIRST, is: 'different', to: 0 } },
      then,
      { kind: 'jump', to: label('settled') },
      { kind: 'label', name: label('tried') },
      call(RESULT),
      { kind: 'jump', to: label('denied'), when: { word: RESULT, is: 'less', to: 0 } },
      ...exitSteps(this.call, 0),
      { kind: 'label', name: label('denied') },
      ...exitSteps(this.call, 1),
      { kind: 'label', name: label('settled') },
    ];
  }

  private makeChild(): Step {
    const args = [{ word: maker('first') }, { word: maker('second') }, 0, 0, 0];
    return { kind: 'syscall', nr: { word: maker('nr') }, args, result: PID };
  }

  private wait(status: Place): Step {
    return this.call('wait4', [{ word: PID }, { address: status }, 0, 0]);
  }

  private inChildren(i: number): Step[] {
    return [
      { kind: 'store', value: UNKNOWN, to: FIRST },
      { kind: 'store', value: UNKNOWN, to: SECOND },
      this.makeChild(),
      { kind: 'jump', to: `child ${i}`, when: { word: PID, is: 'equal', to: 0 } },
      { kind: 'store', value: { word: PID }, to: { block: 'made' } },
      { kind: 'jump', to: `say ${i}`, when: { word: PID, is: 'less', to: 0 } },
      this.wait(FIRST),
      ...KILLED.map((status): Step => {
        return { kind: 'jump', to: `again ${i}`, when: { word: FIRST, is: 'equal', to: status } };
      }),
      { kind: 'jump', to: `say ${i}` },
      { kind: 'label', name: `again ${i}` },
      this.makeChild(),
      { kind: 'jump', to: `faulting child ${i}`, when: { word: PID, is: 'equal', to: 0 } },
      { kind: 'jump', to: `say ${i}`, when: { word: PID, is: 'less', to: 0 } },
      this.wait(SECOND),
      { kind: 'label', name: `say ${i}` },
      ...this.say(i, [{ block: 'made' }, FIRST, SECOND]),
      { kind: 'jump', to: `after ${i}` },
      { kind: 'label', name: `child ${i}` },
      ...this.inTime('first', i),
      { kind: 'jump', to: `failed ${i}`, when: { word: RESULT, is: 'less', to: 0 } },
      // Any success exits with 0.
      { kind: 'store', value: 0, to: RESULT },
      { kind: 'label', name: `failed ${i}` },
      this.call('exit_group', [{ word: RESULT }]),
      ...this.telling(i, 'exiting'),
      { kind: 'label', name: `faulting child ${i}` },
      ...this.inTime('second', i),
      ...this.telling(i, 'faulting'),
      { kind: 'label', name: `after ${i}` },
    ];
  }

  private inShared(i: number): Step[] {
    return [
      { kind: 'store', value: UNKNOWN, to: RESULT },
      this.call('clone', [SHARED | SIGCHLD, 0, 0, 0, 0], PID),
      { kind: 'jump', to: `child ${i}`, when: { word: PID, is: 'equal', to: 0 } },
      { kind: 'store', value: { word: PID }, to: { block: 'made' } },
      ...this.say(i, [{ block: 'made' }, RESULT, RESULT]),
      { kind: 'jump', to: `after ${i}` },
      { kind: 'label', name: `child ${i}` },
      this.attack(i),
      ...exitSteps(this.call, 0),
      { kind: 'label', name: `after ${i}` },
    ];
  }

  private inRow(i: number): Step[] {
    return [
      this.attack(i),
      // Where the kernel has made a process of the call, that one has no part in this.
      ...(STARTING.includes(this.ways[i].syscall)
        ? [{ kind: 'jump', to: 'end', when: { word: RESULT, is: 'equal', to: 0 } } as const]
        : []),
      ...this.say(i, [RESULT, RESULT, RESULT]),
      // What has succeeded may have changed what comes after it.
      { kind: 'jump', to: `failed in row ${i}`, when: { word: RESULT, is: 'less', to: 0 } },
      { kind: 'jump', to: 'end' },
      { kind: 'label', name: `failed in row ${i}` },
    ];
  }

  /** The call, and before it a timer where the profile allows that. */
  private inTime(child: string, i: number): Step[] {
    const label = `${child} without timer ${i}`;
    return [
      { kind: 'jump', to: label, when: { word: HAS_TIMER, is: 'equal', to: 0 } },
      this.startTimer(),
      { kind: 'label', name: label },
      this.attack(i),
    ];
  }

  private attack(i: number): Step {
    const { abi, nr, args } = this.ways[i];
    const gate = abi === 'x86' && this.native === 'x86_64' ? ('x86' as const) : undefined;
    return { kind: 'syscall', nr, args, result: RESULT, ...(gate && { gate }) };
  }

  private say(i: number, words: readonly Place[]): Step[] {
    const line = `line ${i}`;
    return [
      ...words.map((word, w): Step => {
        return { kind: 'spell', word, to: { block: line, plus: wordOffset(i, w) } };
      }),
      this.call('write', [STDOUT, addressOf(line), blankLine(i).length]),
    ];
  }

  /** Ends the process by the signal that stands for the result. */
  private telling(i: number, name: string): Step[] {
    const label = (what: string) => `${name} ${what} ${i}`;
    const { reached } = this.ways[i];
    return [
      ...reached
        .filter((errno) => errno > 0)
        .map((errno): Step => {
          return { kind: 'jump', to: label('reached'), when: { word: RESULT, is: 'equal', to: -errno } };
        }),
      { kind: 'jump', to: label('denied'), when: { word: RESULT, is: 'equal', to: -EPERM } },
      { kind: 'jump', to: label('other'), when: { word: RESULT, is: 'less', to: 0 } },
      ...(reached.includes(0) ? [{ kind: 'jump', to: label('reached') } as const] : []),
      { kind: 'label', name: label('other') },
      { kind: 'fault', as: 'access' },
      { kind: 'label', name: label('reached') },
      { kind: 'fault', as: 'trap' },
      { kind: 'label', name: label('denied') },
      { kind: 'fault' },
    ];
  }
}

const PID: Place = { block: 'pid' };
const RESULT: Place = { block: 'result' };
const FIRST: Place = { block: 'first' };
const SECOND: Place = { block: 'second' };
const HAS_TIMER: Place = { block: 'timer' };

function maker(part: 'nr' | 'first' | 'second'): Place {
  return { block: `maker ${part}` };
}

function blocksOf(ways: readonly AttackWay[], wordSize: number): Block[] {
  const word = (name: string) => ({ name, content: wordSize });
  return [
    ...['pid', 'result', 'made', 'first', 'second', 'timer'].map(word),
    // struct itimerval: the interval and the first expiry, each in seconds and microseconds.
    { name: 'patience', content: [0, 0, PATIENCE_S, 0] },
    ...(['nr', 'first', 'second'] as const).map((part) => word(maker(part).block)),
    // struct clone_args: SIGCHLD at the end of the child, and zeros.
    { name: 'clone3', content: Uint8Array.of(...new Uint8Array(32), SIGCHLD, ...new Uint8Array(31)) },
    textBlock('hello', HELLO),
    ...ways.map((_, i) => textBlock(`line ${i}`, blankLine(i))),
  ];
}
