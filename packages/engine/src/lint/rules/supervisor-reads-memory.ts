import { advice } from '../../diagnostics/diagnostic.ts';
import { type Argument, prototypeOf } from '../../syscalls/arguments.ts';
import type { Judged } from '../judged.ts';
import { listed } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';

/** What the kernel reads there, beside paths and what is const. */
const READ_TYPES = /^(const |struct (clone_args|open_how|user_msghdr|perf_event_attr)\*|union bpf_attr\*)/;
/** Others get an address back. */
const GIVE_ADDRESS = ['bind', 'connect', 'sendto'];

/** What a supervisor has read is not what the kernel reads after it. */
export const supervisorReadsMemory: PolicyRule = {
  code: 'supervisor-reads-memory',
  severity: 'low',
  about:
    'A supervisor is asked about calls whose parameters stand in memory, such as paths. What it reads there may be changed, by another thread, before the kernel reads it, so that it cannot safely answer "go on".',
  *find(judged) {
    const { native, profile } = judged;
    for (const { action, names, index } of profile.rules) {
      if (action.value !== 'NOTIFY') continue;
      const asked = names.flatMap(({ value }) => askedAbout(judged, value, index) ?? []);
      if (asked.length === 0) continue;
      const [{ witness }] = asked;
      yield {
        message: `what ${listed(asked.map(({ words }) => words))} ${asked.length === 1 ? 'points to' : 'point to'} may be changed after the supervisor has read it`,
        place: action.span,
        witness: { arch: native.name, ...witness },
        fix: advice(
          'let the supervisor make the call itself, with what it has read, and answer the result; what it cannot make for another process, such as execve, is allowed or denied',
        ),
      };
    }
  },
};

function askedAbout(judged: Judged, name: string, index: number) {
  const { native } = judged;
  if (judged.decision(native, name) === undefined) return undefined;
  const memory = prototypeOf(name, native.name)?.find((argument) => isRead(name, argument));
  const asked = judged
    .verdicts(native, name)
    .find(
      ({ verdict: { action, origin } }) =>
        action === 'NOTIFY' && origin.because === 'rule' && origin.rule.index === index,
    );
  if (!memory || !asked) return undefined;
  const { nr, args } = asked.example;
  return { words: `${memory.name} of ${name}`, witness: { nr, args } };
}

function isRead(call: string, { kind, type }: Argument): boolean {
  if (kind === 'path') return true;
  if (kind !== 'pointer') return false;
  return READ_TYPES.test(type) || (type === 'struct sockaddr*' && GIVE_ADDRESS.includes(call));
}
