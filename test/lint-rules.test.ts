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
import type { Target } from '@callgate/engine/internal/runtime/target';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { tryCalls } from '@callgate/linux/internal/launch/try-calls';
import { thisMachine } from '@callgate/linux/internal/machine';
import { describe, expect, it } from 'vitest';

const PAGES = join(import.meta.dirname, '../docs/rules');
const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
const DOCKER = { name: 'docker', profile: parseProfile(DOCKER_PROFILE, { unknownNames: 'skip' }).value! };
const USUAL = usualOn(TARGET, DOCKER)!;
const ENOSYS = 38;

/** What the policy does with the call that a finding shows. */
const SHOWN: Readonly<
  Record<string, 'nothing' | 'passes' | 'fails' | 'succeeds falsely' | 'kills a thread' | 'asks a tracer'>
> = {
  'always-holds': 'passes',
  'asks-tracer': 'asks a tracer',
  'cannot-exit': 'fails',
  'cannot-load-libraries': 'fails',
  'cannot-resume': 'fails',
  'cannot-return-from-signal': 'fails',
  'cannot-start': 'fails',
  'clone-flags-elsewhere': 'passes',
  'clone3-hides-flags': 'passes',
  'clone3-without-fallback': 'fails',
  'compares-no-argument': 'passes',
  'compares-pointer': 'passes',
  'compares-unused-bits': 'passes',
  'default-allow': 'passes',
  'io-uring-passes': 'passes',
  'kills-thread': 'kills a thread',
  'libc-without-fallback': 'fails',
  'looser-than-default': 'passes',
  'misses-negative': 'fails',
  'multiplexer-passes': 'passes',
  'name-twice': 'nothing',
  'reports-success': 'succeeds falsely',
  'rule-lost': 'passes',
  'sibling-passes': 'passes',
  'terminal-injection': 'passes',
  'unnamed-errno': 'fails',
  'unshare-makes-namespaces': 'passes',
  'user-namespaces': 'passes',
  'value-two-unused': 'nothing',
};

const pageOf = (code: string) => readFileSync(join(PAGES, `${code}.md`), 'utf8');
const examplesOn = (page: string) => [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => text);
/** The machine that an example is for, which is said in the architectures of the profile. */
const targetOf = (text: string): Target => (text.includes('S390X') ? { ...TARGET, native: 's390x' } : TARGET);
const meaning = (text: string): Policy => lowerProfile(parseProfile(text).value!, targetOf(text)).value!;

function found(text: string, code: string): Finding[] {
  const [{ findings, faults }] = lintText('p.json', text, {
    target: targetOf(text),
    ...(text.includes('S390X') ? {} : { usual: USUAL }),
  });
  expect(faults).toEqual([]);
  return findings.filter((finding) => finding.code === code);
}

function shownBy(policy: Policy, { arch, nr, args }: Witness): string {
  const { action, data } = explainCall(policy, { arch: abiOf(arch).auditArch, nr, args });
  if (executes(action)) return 'passes';
  if (action === 'TRACE') return 'asks a tracer';
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
  const [bad, good] = examplesOn(page);

  it('has a page that says what it says', () => {
    expect(page).toContain(`# ${code}\n`);
    expect(page.replaceAll('\n', ' ')).toContain(`Severity: ${severity}. ${about}`);
    expect(readFileSync(join(PAGES, 'README.md'), 'utf8')).toContain(`[${code}](${code}.md)`);
  });

  it('finds what its page says, and nothing in what is right', () => {
    expect(found(bad, code)).not.toEqual([]);
    expect(found(bad, code)[0].severity).toBe(severity);
    expect(found(good, code)).toEqual([]);
  });

  it('shows a call that the profile treats as it says', () => {
    const policy = meaning(bad);
    const shown = found(bad, code).map(({ witness }) => (witness ? shownBy(policy, witness) : 'nothing'));
    expect(new Set(shown)).toEqual(new Set([SHOWN[code]]));
  });
});

describe.runIf(thisMachine().abi.name === 'x86_64')('the kernel', () => {
  const shown = POLICY_RULES.flatMap(({ code }) => {
    const [bad] = examplesOn(pageOf(code));
    return found(bad, code).flatMap(({ witness }) =>
      witness?.arch === 'x86_64' ? [{ code, bad, witness }] : [],
    );
  });

  it.each(shown)('does with the call that $code shows what is said of it', async ({ code, bad, witness }) => {
    const filter = compilePolicy(meaning(bad)).program;
    const { nr, args } = witness;
    const [[confined], [free]] = [await tryCalls([{ filter, nr, args }]), await tryCalls([{ nr, args }])];
    switch (SHOWN[code]) {
      case 'passes':
        expect(confined).toEqual(free);
        break;
      case 'kills a thread':
        expect(confined).toEqual({ kind: 'signal', signal: 31 });
        break;
      case 'asks a tracer':
        expect(confined).toEqual({ kind: 'returned', result: BigInt(-ENOSYS) });
        break;
      case 'succeeds falsely':
        expect(confined).toEqual({ kind: 'returned', result: 0n });
        break;
      default:
        expect(confined).toEqual({ kind: 'returned', result: BigInt(-errnoOf(meaning(bad), witness)) });
    }
  });
});
