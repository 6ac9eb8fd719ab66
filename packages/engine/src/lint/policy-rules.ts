import type { PolicyRule } from './policy-rule.ts';
import { allCapsNeeded } from './rules/all-caps-needed.ts';
import { alwaysHolds } from './rules/always-holds.ts';
import { architectureUnused } from './rules/architecture-unused.ts';
import { artifactRefused } from './rules/artifact-refused.ts';
import { asksTracer } from './rules/asks-tracer.ts';
import { callNotYet } from './rules/call-not-yet.ts';
import { callRemoved } from './rules/call-removed.ts';
import { callWithoutCapability } from './rules/call-without-capability.ts';
import { cannotExit } from './rules/cannot-exit.ts';
import { cannotLoadLibraries } from './rules/cannot-load-libraries.ts';
import { cannotResume } from './rules/cannot-resume.ts';
import { cannotReturnFromSignal } from './rules/cannot-return-from-signal.ts';
import { cannotStart } from './rules/cannot-start.ts';
import { capabilitiesInNamespace } from './rules/capabilities-in-namespace.ts';
import { capabilityWithoutCall } from './rules/capability-without-call.ts';
import { cloneFlagsElsewhere } from './rules/clone-flags-elsewhere.ts';
import { clone3HidesFlags } from './rules/clone3-hides-flags.ts';
import { clone3WithoutFallback } from './rules/clone3-without-fallback.ts';
import { comparesNoArgument } from './rules/compares-no-argument.ts';
import { comparesPointer } from './rules/compares-pointer.ts';
import { comparesUnusedBits } from './rules/compares-unused-bits.ts';
import { defaultAllow } from './rules/default-allow.ts';
import { defaultLog } from './rules/default-log.ts';
import { denialsUnlogged } from './rules/denials-unlogged.ts';
import { equalOperationPasses } from './rules/equal-operation-passes.ts';
import { errnoRetried } from './rules/errno-retried.ts';
import { executableMemory } from './rules/executable-memory.ts';
import { filterTooLong } from './rules/filter-too-long.ts';
import { ioUringInPart } from './rules/io-uring-in-part.ts';
import { ioUringPasses } from './rules/io-uring-passes.ts';
import { kills32Bit } from './rules/kills-32-bit.ts';
import { killsThread } from './rules/kills-thread.ts';
import { landlockDenied } from './rules/landlock-denied.ts';
import { libcWithoutFallback } from './rules/libc-without-fallback.ts';
import { listenerUnused } from './rules/listener-unused.ts';
import { looserThanDefault } from './rules/looser-than-default.ts';
import { mayAddFilters } from './rules/may-add-filters.ts';
import { missesNegative } from './rules/misses-negative.ts';
import { mountByParts } from './rules/mount-by-parts.ts';
import { multiplexerPasses } from './rules/multiplexer-passes.ts';
import { nameTwice } from './rules/name-twice.ts';
import { neverFiltered } from './rules/never-filtered.ts';
import { oneFstat } from './rules/one-fstat.ts';
import { onlyLogged } from './rules/only-logged.ts';
import { otherAbiPasses } from './rules/other-abi-passes.ts';
import { personalityPasses } from './rules/personality-passes.ts';
import { ptraceChangesCalls } from './rules/ptrace-changes-calls.ts';
import { raisesSignal } from './rules/raises-signal.ts';
import { rareSocketFamilies } from './rules/rare-socket-families.ts';
import { reportsSuccess } from './rules/reports-success.ts';
import { ruleLost } from './rules/rule-lost.ts';
import { siblingPasses } from './rules/sibling-passes.ts';
import { siblingUnfiltered } from './rules/sibling-unfiltered.ts';
import { siblingsLacking } from './rules/siblings-lacking.ts';
import { supervisorReadsMemory } from './rules/supervisor-reads-memory.ts';
import { terminalInjection } from './rules/terminal-injection.ts';
import { time64Denied } from './rules/time64-denied.ts';
import { unnamedErrno } from './rules/unnamed-errno.ts';
import { unshareMakesNamespaces } from './rules/unshare-makes-namespaces.ts';
import { userNamespaces } from './rules/user-namespaces.ts';
import { valueTwoUnused } from './rules/value-two-unused.ts';
import { vdsoAnswers } from './rules/vdso-answers.ts';
import { x32Covered } from './rules/x32-covered.ts';

/** All rules about what a profile means. */
export const POLICY_RULES: readonly PolicyRule[] = [
  allCapsNeeded,
  alwaysHolds,
  architectureUnused,
  artifactRefused,
  asksTracer,
  callNotYet,
  callRemoved,
  callWithoutCapability,
  cannotExit,
  cannotLoadLibraries,
  cannotResume,
  cannotReturnFromSignal,
  cannotStart,
  capabilitiesInNamespace,
  capabilityWithoutCall,
  cloneFlagsElsewhere,
  clone3HidesFlags,
  clone3WithoutFallback,
  comparesNoArgument,
  comparesPointer,
  comparesUnusedBits,
  defaultAllow,
  defaultLog,
  denialsUnlogged,
  equalOperationPasses,
  errnoRetried,
  executableMemory,
  filterTooLong,
  ioUringInPart,
  ioUringPasses,
  kills32Bit,
  killsThread,
  landlockDenied,
  libcWithoutFallback,
  listenerUnused,
  looserThanDefault,
  mayAddFilters,
  missesNegative,
  mountByParts,
  multiplexerPasses,
  nameTwice,
  neverFiltered,
  oneFstat,
  onlyLogged,
  otherAbiPasses,
  personalityPasses,
  ptraceChangesCalls,
  raisesSignal,
  rareSocketFamilies,
  reportsSuccess,
  ruleLost,
  siblingPasses,
  siblingUnfiltered,
  siblingsLacking,
  supervisorReadsMemory,
  terminalInjection,
  time64Denied,
  unnamedErrno,
  unshareMakesNamespaces,
  userNamespaces,
  valueTwoUnused,
  vdsoAnswers,
  x32Covered,
];
