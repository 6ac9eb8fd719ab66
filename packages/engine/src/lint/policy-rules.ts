import type { PolicyRule } from './policy-rule.ts';
import { alwaysHolds } from './rules/always-holds.ts';
import { asksTracer } from './rules/asks-tracer.ts';
import { cannotExit } from './rules/cannot-exit.ts';
import { cannotLoadLibraries } from './rules/cannot-load-libraries.ts';
import { cannotResume } from './rules/cannot-resume.ts';
import { cannotReturnFromSignal } from './rules/cannot-return-from-signal.ts';
import { cannotStart } from './rules/cannot-start.ts';
import { cloneFlagsElsewhere } from './rules/clone-flags-elsewhere.ts';
import { clone3HidesFlags } from './rules/clone3-hides-flags.ts';
import { clone3WithoutFallback } from './rules/clone3-without-fallback.ts';
import { comparesNoArgument } from './rules/compares-no-argument.ts';
import { comparesPointer } from './rules/compares-pointer.ts';
import { comparesUnusedBits } from './rules/compares-unused-bits.ts';
import { defaultAllow } from './rules/default-allow.ts';
import { ioUringPasses } from './rules/io-uring-passes.ts';
import { killsThread } from './rules/kills-thread.ts';
import { libcWithoutFallback } from './rules/libc-without-fallback.ts';
import { looserThanDefault } from './rules/looser-than-default.ts';
import { missesNegative } from './rules/misses-negative.ts';
import { multiplexerPasses } from './rules/multiplexer-passes.ts';
import { nameTwice } from './rules/name-twice.ts';
import { reportsSuccess } from './rules/reports-success.ts';
import { ruleLost } from './rules/rule-lost.ts';
import { siblingPasses } from './rules/sibling-passes.ts';
import { terminalInjection } from './rules/terminal-injection.ts';
import { unnamedErrno } from './rules/unnamed-errno.ts';
import { unshareMakesNamespaces } from './rules/unshare-makes-namespaces.ts';
import { userNamespaces } from './rules/user-namespaces.ts';
import { valueTwoUnused } from './rules/value-two-unused.ts';

/** All rules about what a profile means. */
export const POLICY_RULES: readonly PolicyRule[] = [
  alwaysHolds,
  asksTracer,
  cannotExit,
  cannotLoadLibraries,
  cannotResume,
  cannotReturnFromSignal,
  cannotStart,
  cloneFlagsElsewhere,
  clone3HidesFlags,
  clone3WithoutFallback,
  comparesNoArgument,
  comparesPointer,
  comparesUnusedBits,
  defaultAllow,
  ioUringPasses,
  killsThread,
  libcWithoutFallback,
  looserThanDefault,
  missesNegative,
  multiplexerPasses,
  nameTwice,
  reportsSuccess,
  ruleLost,
  siblingPasses,
  terminalInjection,
  unnamedErrno,
  unshareMakesNamespaces,
  userNamespaces,
  valueTwoUnused,
];
