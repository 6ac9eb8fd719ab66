import type { PolicyRule } from './policy-rule.ts';
import { asksTracer } from './rules/asks-tracer.ts';
import { cannotExit } from './rules/cannot-exit.ts';
import { cannotLoadLibraries } from './rules/cannot-load-libraries.ts';
import { cannotReturnFromSignal } from './rules/cannot-return-from-signal.ts';
import { cannotStart } from './rules/cannot-start.ts';
import { clone3HidesFlags } from './rules/clone3-hides-flags.ts';
import { clone3WithoutFallback } from './rules/clone3-without-fallback.ts';
import { comparesNoArgument } from './rules/compares-no-argument.ts';
import { comparesPointer } from './rules/compares-pointer.ts';
import { comparesUnusedBits } from './rules/compares-unused-bits.ts';
import { defaultAllow } from './rules/default-allow.ts';
import { ioUringPasses } from './rules/io-uring-passes.ts';
import { killsThread } from './rules/kills-thread.ts';
import { looserThanDefault } from './rules/looser-than-default.ts';
import { multiplexerPasses } from './rules/multiplexer-passes.ts';
import { nameTwice } from './rules/name-twice.ts';
import { reportsSuccess } from './rules/reports-success.ts';
import { siblingPasses } from './rules/sibling-passes.ts';
import { unshareMakesNamespaces } from './rules/unshare-makes-namespaces.ts';
import { userNamespaces } from './rules/user-namespaces.ts';

/** All rules about what a profile means. */
export const POLICY_RULES: readonly PolicyRule[] = [
  asksTracer,
  cannotExit,
  cannotLoadLibraries,
  cannotReturnFromSignal,
  cannotStart,
  clone3HidesFlags,
  clone3WithoutFallback,
  comparesNoArgument,
  comparesPointer,
  comparesUnusedBits,
  defaultAllow,
  ioUringPasses,
  killsThread,
  looserThanDefault,
  multiplexerPasses,
  nameTwice,
  reportsSuccess,
  siblingPasses,
  unshareMakesNamespaces,
  userNamespaces,
];
