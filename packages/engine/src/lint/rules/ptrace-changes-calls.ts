import { executes } from '../../bpf/action.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import { compareKernels } from '../../profile/profile.ts';
import { callsOf, numberOf } from '../../syscalls/lookup.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** From this kernel on the filter is asked after the tracer (seccomp(2)). */
const ASKED_AFTER = { major: 4, minor: 8 };
/** PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE: by one of them somebody becomes a tracer. */
const TRACES = [0n, 16n, 0x4206n];
const PTRACE_SYSCALL = 24n;
/** PTRACE_POKEUSR, PTRACE_SETREGS, PTRACE_SETREGSET: any one of them changes registers. */
const CHANGES = [6n, 13n, 0x4205n];

/** Where the tracer comes after the filter, it makes another call of what has passed. */
export const ptraceChangesCalls: PolicyRule = {
  code: 'ptrace-changes-calls',
  severity: 'high',
  about:
    'ptrace passes, and the kernel is older than Linux 4.8, which asks the filter before the tracer: a process traces its child and makes any other call of one that has passed.',
  *find(judged) {
    const { native, target } = judged;
    if (compareKernels(target.kernel, ASKED_AFTER) >= 0) return;
    const nr = numberOf(native.name, 'ptrace');
    if (nr === undefined) return;
    const verdictOf = (request: bigint) => judged.verdict(native, 'ptrace', [request]);
    const { action, origin } = verdictOf(PTRACE_SYSCALL);
    if (!executes(action) || !CHANGES.some((request) => executes(verdictOf(request).action))) return;
    if (!TRACES.some((request) => executes(verdictOf(request).action))) return;
    if (callsOf(native.name).every(([name]) => judged.passes(native, name) === 'always')) return;
    yield {
      message: 'before Linux 4.8 a tracer comes after the filter, and makes any call of one that has passed',
      place: judged.placeOf(origin),
      witness: { arch: native.name, nr, args: [PTRACE_SYSCALL] },
      fix: advice('deny ptrace, or allow it with "includes": {"minKernel": "4.8"} (Docker)'),
    };
  },
};
