import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainCall } from '@callgate/engine/internal/analysis/explain';
import { executes } from '@callgate/engine/internal/bpf/action';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import type { Finding, Witness } from '@callgate/engine/internal/lint/finding';
import { lintText, usualOn } from '@callgate/engine/internal/lint/lint-text';
import { POLICY_RULES } from '@callgate/engine/internal/lint/policy-rules';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { compareKernels, parseKernel } from '@callgate/engine/internal/profile/profile';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { tryCalls } from '@callgate/linux/internal/launch/try-calls';
import { thisMachine } from '@callgate/linux/internal/machine';
import { describe, expect, it } from 'vitest';

const PAGES = join(import.meta.dirname, '../docs/rules');
const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
const DOCKER = { name: 'docker', profile: parseProfile(DOCKER_PROFILE, { unknownNames: 'skip' }).value! };
const USUAL = usualOn(TARGET, DOCKER)!;
const ENOSYS = 38;

type Shown =
  | 'nothing'
  | 'passes'
  | 'fails'
  | 'succeeds falsely'
  | 'kills a thread'
  | 'raises a signal'
  | 'asks a tracer'
  | 'asks a supervisor';

/** What the policy does with the call that a finding shows. */
const SHOWN: Readonly<Record<string, Shown>> = {
  'all-caps-needed': 'nothing',
  'always-holds': 'passes',
  'architecture-unused': 'nothing',
  'artifact-refused': 'nothing',
  'asks-tracer': 'asks a tracer',
  'call-not-yet': 'passes',
  'call-removed': 'passes',
  'call-without-capability': 'passes',
  'cannot-exit': 'fails',
  'cannot-load-libraries': 'fails',
  'cannot-resume': 'fails',
  'cannot-return-from-signal': 'fails',
  'cannot-start': 'fails',
  'capabilities-in-namespace': 'passes',
  'capability-without-call': 'fails',
  'clone-flags-elsewhere': 'passes',
  'clone3-hides-flags': 'passes',
  'clone3-without-fallback': 'fails',
  'compares-no-argument': 'passes',
  'compares-pointer': 'passes',
  'compares-unused-bits': 'passes',
  'default-allow': 'passes',
  'default-log': 'passes',
  'denials-unlogged': 'fails',
  'equal-operation-passes': 'passes',
  'errno-retried': 'fails',
  'executable-memory': 'passes',
  'filter-too-long': 'nothing',
  'io-uring-in-part': 'passes',
  'io-uring-passes': 'passes',
  'kills-32-bit': 'kills a thread',
  'kills-thread': 'kills a thread',
  'landlock-denied': 'fails',
  'libc-without-fallback': 'fails',
  'listener-unused': 'nothing',
  'looser-than-default': 'passes',
  'may-add-filters': 'passes',
  'misses-negative': 'fails',
  'mount-by-parts': 'passes',
  'multiplexer-passes': 'passes',
  'name-twice': 'nothing',
  'never-filtered': 'nothing',
  'one-fstat': 'fails',
  'only-logged': 'passes',
  'other-abi-passes': 'passes',
  'personality-passes': 'passes',
  'ptrace-changes-calls': 'passes',
  'raises-signal': 'raises a signal',
  'rare-socket-families': 'passes',
  'reports-success': 'succeeds falsely',
  'rule-lost': 'passes',
  'sibling-passes': 'passes',
  'siblings-lacking': 'fails',
  'sibling-unfiltered': 'passes',
  'supervisor-reads-memory': 'asks a supervisor',
  'terminal-injection': 'passes',
  'time64-denied': 'fails',
  'unnamed-errno': 'fails',
  'unshare-makes-namespaces': 'passes',
  'user-namespaces': 'passes',
  'value-two-unused': 'nothing',
  'vdso-answers': 'fails',
  'x32-covered': 'passes',
};

/** The ABIs whose calls a machine of x86_64 makes, and how. */
const GATES: ReadonlyMap<string, 'x86' | undefined> = new Map([
  ['x86_64', undefined],
  ['x86', 'x86'],
]);

const pageOf = (code: string) => readFileSync(join(PAGES, `${code}.md`), 'utf8');
/** What is found and what is not. */
function examplesOf(code: string): string[] {
  const [bad, good] = [...pageOf(code).matchAll(/```json\n(.*?)```/gs)].map(([, text]) => text);
  return code === 'filter-too-long' ? [repeated(bad), good] : [bad, good];
}

/** A page has no room for 5,000 rules. */
function repeated(text: string): string {
  const profile = JSON.parse(text);
  const [rule] = profile.syscalls;
  profile.syscalls = Array.from({ length: 5000 }, (_, i) => ({
    ...rule,
    args: [{ ...rule.args[0], value: rule.args[0].value + 3 * i }],
  }));
  return JSON.stringify(profile);
}

/** The machine that an example is for, which is said in the architectures of the profile or in flags on the page. */
function targetOf(code: string, text: string): Target {
  const [, kernel] = / --kernel (\d+\.\d+)/.exec(pageOf(code)) ?? [];
  const [, caps] = / --caps ([A-Z_]+)/.exec(pageOf(code)) ?? [];
  return {
    ...TARGET,
    ...(text.includes('S390X') && { native: 's390x' as const }),
    ...(kernel !== undefined && { kernel: parseKernel(kernel)! }),
    ...(caps !== undefined && { capabilities: [caps] }),
  };
}

function meaning(code: string, text: string): Policy {
  return lowerProfile(parseProfile(text).value!, targetOf(code, text)).value!;
}

function found(code: string, text: string): Finding[] {
  const [{ findings, faults }] = lintText('p.json', text, {
    target: targetOf(code, text),
    ...(text.includes('S390X') ? {} : { usual: USUAL }),
  });
  expect(faults).toEqual([]);
  return findings.filter((finding) => finding.code === code);
}

function shownBy(policy: Policy, { arch, nr, args }: Witness): string {
  const { action, data } = explainCall(policy, { arch: abiOf(arch).auditArch, nr, args });
  if (executes(action)) return 'passes';
  if (action === 'TRACE') return 'asks a tracer';
  if (action === 'NOTIFY') return 'asks a supervisor';
  if (action === 'TRAP') return 'raises a signal';
  if (action === 'KILL_THREAD') return 'kills a thread';
  return action === 'ERRNO' && data === 0 ? 'succeeds falsely' : 'fails';
}

function errnoOf(policy: Policy, { arch, nr, args }: Witness): number {
  return explainCall(policy, { arch: abiOf(arch).auditArch, nr, args }).data;
}

it('every rule has a page, and every page a rule', () => {
  const pages = readdirSync(PAGES).filter((name) => name !== 'README.md');
  expect(pages.sort()).toEqual(POLICY_RULES.map(({ code }) => `${code}.md`).sort());
});

describe.each(POLICY_RULES)('$code', ({ code, severity, about }) => {
  const page = pageOf(code);
  const [bad, good] = examplesOf(code);

  it('has a page that says what it says', () => {
    expect(page).toContain(`# ${code}\n`);
    expect(page.replaceAll('\n', ' ')).toContain(`Severity: ${severity}. ${about}`);
    expect(readFileSync(join(PAGES, 'README.md'), 'utf8')).toContain(`[${code}](${code}.md)`);
  });

  it('finds what its page says, and nothing in what is right', () => {
    expect(found(code, bad)).not.toEqual([]);
    expect(found(code, bad)[0].severity).toBe(severity);
    expect(found(code, good)).toEqual([]);
  });

  it('shows a call that the profile treats as it says', () => {
    const policy = meaning(code, bad);
    const shown = found(code, bad).map(({ witness }) => (witness ? shownBy(policy, witness) : 'nothing'));
    expect(new Set(shown)).toEqual(new Set([SHOWN[code]]));
  });
});

describe.runIf(thisMachine().abi.name === 'x86_64')('the kernel', () => {
  const shown = POLICY_RULES.flatMap(({ code }) => {
    const [bad] = examplesOf(code);
    return found(code, bad).flatMap(({ witness }) =>
      witness && GATES.has(witness.arch) ? [{ code, bad, witness }] : [],
    );
  });

  it.each(shown)('does with the call that $code shows what is said of it', async ({ code, bad, witness }) => {
    const filter = compilePolicy(meaning(code, bad)).program;
    const { arch, nr, args } = witness;
    const call = { nr, args, gate: GATES.get(arch) };
    const [[confined], [free]] = [await tryCalls([{ filter, ...call }]), await tryCalls([call])];
    switch (SHOWN[code]) {
      case 'passes':
        expect(confined).toEqual(free);
        break;
      case 'kills a thread':
      case 'raises a signal':
        expect(confined).toEqual({ kind: 'signal', signal: 31 });
        break;
      case 'asks a tracer':
      case 'asks a supervisor':
        expect(confined).toEqual({ kind: 'returned', result: BigInt(-ENOSYS) });
        break;
      case 'succeeds falsely':
        expect(confined).toEqual({ kind: 'returned', result: 0n });
        break;
      default:
        expect(confined).toEqual({ kind: 'returned', result: BigInt(-errnoOf(meaning(code, bad), witness)) });
    }
  });

  const asksNoFilter = compareKernels(thisMachine().kernel, { major: 6, minor: 14 }) >= 0;
  it.runIf(asksNoFilter)('asks no filter about uretprobe', async () => {
    const [bad] = examplesOf('never-filtered');
    const policy = meaning('never-filtered', bad);
    const nr = numberOf('x86_64', 'uretprobe')!;
    expect(explainCall(policy, { arch: abiOf('x86_64').auditArch, nr, args: [] }).action).toBe('ERRNO');
    const filter = compilePolicy(policy).program;
    expect(await tryCalls([{ filter, nr, args: [] }])).toEqual(await tryCalls([{ nr, args: [] }]));
  });
});
