/**
 * Everything pure about seccomp profiles: what a person wrote (Profile), what it means on a target (Policy), the program
 * that the kernel runs, and how two of them differ. What is not exported here, or by ./bpf, ./build, ./logs, ./report
 * and ./stock, is private and free to move.
 */
export { type AllowedCall, allowedCalls } from './analysis/allowed-calls.ts';
export { type AskedCall, type AskingFault, askedCall, callOf } from './analysis/asked-call.ts';
export { type Change, type Difference, type Differences, diffPolicies } from './analysis/diff.ts';
export { explainCall, type PossibleVerdict, possibleVerdicts, type Verdict } from './analysis/explain.ts';
export { type AbiSummary, type CallSummary, summarize } from './analysis/summary.ts';
export { type Compiled, type CompileOptions, compilePolicy, FilterTooLarge } from './compile/compile.ts';
export type { Diagnostic, Place, Remedy, Result, Severity } from './diagnostics/diagnostic.ts';
export type { Call } from './diagram/fields.ts';
export { type Decompiled, decompilePolicy } from './lift/decompile.ts';
export { type LiftedPolicy, liftPolicy } from './lift/lift-policy.ts';
export { lintFacts } from './lint/lint.ts';
export { type Lowered, lowerProfile } from './policy/lower.ts';
export { arePoliciesEqual, type Origin, type Policy } from './policy/policy.ts';
export { type ParseOptions, parseProfile } from './profile/parse.ts';
export {
  type Condition,
  type KernelVersion,
  type Profile,
  parseKernel,
  type Rule,
} from './profile/profile.ts';
export { stringifyProfile } from './profile/stringify.ts';
export type { Fact } from './runtime/fact.ts';
export { filterFlags } from './runtime/filter-flags.ts';
export type { Runtime, Target } from './runtime/target.ts';
export { lineMap, type Position } from './source/line-map.ts';
export { type Abi, type AbiName, abiOf, findAbi } from './syscalls/arch.ts';
export { type Argument, errnoName, parseArgument, prototypeOf } from './syscalls/arguments.ts';
export { callsOf, nameOf, numberOf } from './syscalls/lookup.ts';
