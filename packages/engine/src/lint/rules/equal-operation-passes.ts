import { advice } from '../../diagnostics/diagnostic.ts';
import { type CallSet, isSubset } from '../../diagram/call-set.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import type { AbiName } from '../../syscalls/arch.ts';
import { withRelease } from '../denied-siblings.ts';
import type { Judged } from '../judged.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';

const WHOLE = 0xffff_ffff_ffff_ffffn;

/** One thing that can be asked of the kernel. */
interface Operation {
  readonly call: string;
  /** Which argument says so, and how; undefined: the call does nothing else. */
  readonly argument?: number;
  readonly value?: bigint;
  readonly name?: string;
}

/** Operations each of which does the same, and what. */
interface Equals {
  readonly effect: string;
  readonly operations: readonly Operation[];
  readonly abis?: readonly AbiName[];
  /** Without one of these none of them does anything. */
  readonly needs?: readonly Operation[];
}

const request = (name: string, value: bigint): Operation => ({ call: 'ptrace', argument: 0, value, name });
const command = (name: string, value: bigint): Operation => ({ call: 'ioctl', argument: 1, value, name });

const ATTACH = [request('PTRACE_ATTACH', 16n), request('PTRACE_SEIZE', 0x4206n)];
const TRACES = [...ATTACH, request('PTRACE_TRACEME', 0n)];

/** linux/ptrace.h, linux/fs.h; that they do the same was tried (docs/facts.md). */
const EQUALS: readonly Equals[] = [
  { effect: 'attaches to a process', operations: ATTACH },
  {
    effect: 'reads the memory of a traced process',
    operations: [request('PTRACE_PEEKTEXT', 1n), request('PTRACE_PEEKDATA', 2n)],
    needs: TRACES,
  },
  {
    effect: 'writes the memory of a traced process',
    operations: [request('PTRACE_POKETEXT', 4n), request('PTRACE_POKEDATA', 5n)],
    needs: TRACES,
  },
  {
    effect: 'sets the flags of a file, such as append-only',
    operations: [
      command('FS_IOC_SETFLAGS', 0x4008_6602n),
      command('FS_IOC_FSSETXATTR', 0x401c_5820n),
      { call: 'file_setattr' },
    ],
    abis: ['x86_64', 'aarch64', 'riscv64'],
  },
];

/** A condition denies one operation of a call, and an equal one passes. */
export const equalOperationPasses: PolicyRule = {
  code: 'equal-operation-passes',
  severity: 'high',
  about:
    'A condition denies one operation of ptrace or ioctl, but another operation, or another call, that does the same passes.',
  *find(judged) {
    for (const equals of EQUALS) {
      const { abis, needs, operations } = equals;
      if (abis && !abis.includes(judged.native.name)) continue;
      if (needs?.every((operation) => !passes(judged, operation))) continue;
      const denied = operations.find((operation) => isDenied(judged, operation));
      const other = operations.find((operation) => passes(judged, operation));
      if (denied && other) yield found(judged, denied, other, equals);
    }
  },
};

function found(judged: Judged, denied: Operation, other: Operation, { effect }: Equals): Found {
  const { native } = judged;
  const witness = judged.witness(native, other.call, asking(judged, other));
  return {
    message: `${nameOf(denied)} is denied, but ${nameOf(other)} passes, which ${effect}, too`,
    place: judged.placeOf(judged.verdict(native, denied.call, argumentsOf(denied)).origin),
    related: judged.placeOf(judged.verdict(native, other.call, witness.args).origin),
    witness,
    fix: advice(`deny ${nameOf(other)}, too`),
  };
}

function nameOf({ call, name }: Operation): string {
  return name === undefined ? withRelease(call) : `${call} with ${name}`;
}

function argumentsOf({ argument, value = 0n }: Operation): bigint[] {
  const args = [0n, 0n, 0n, 0n, 0n, 0n];
  return argument === undefined ? args : args.with(argument, value);
}

/** Whether a condition of a rule denies it whatever the other arguments, though the call passes with others. */
function isDenied(judged: Judged, operation: Operation): boolean {
  const { native } = judged;
  const { call, argument, value = 0n } = operation;
  if (argument === undefined || judged.passes(native, call) !== 'sometimes') return false;
  const { origin } = judged.verdict(native, call, argumentsOf(operation));
  return origin.because === 'rule' && judged.isDeniedWith(native, call, argument, WHOLE, value);
}

/** Whether it passes, whatever the other arguments are. */
function passes(judged: Judged, operation: Operation): boolean {
  const { native, policy } = judged;
  const { call } = operation;
  if (!judged.isInKernel(call)) return false;
  return isSubset(policy.diagram, asking(judged, operation), judged.passing(native, call) ?? Diagram.FALSE);
}

/** The arguments that ask for it. */
function asking({ policy }: Judged, { argument, value = 0n }: Operation): CallSet {
  return argument === undefined ? Diagram.TRUE : policy.diagram.equals(argumentField(argument), value);
}
