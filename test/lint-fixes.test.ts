import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionOfWord, executes } from '@callgate/engine/internal/bpf/action';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { parseAskedCalls } from '@callgate/engine/internal/edit/asked-calls';
import type { Finding } from '@callgate/engine/internal/lint/finding';
import { type Fixed, fixProfile } from '@callgate/engine/internal/lint/fix';
import { lintText } from '@callgate/engine/internal/lint/lint-text';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { profileText, randomCase } from '@callgate/testing/random-profiles';
import { Random } from '@callgate/testing/random-programs';
import { describe, expect, it } from 'vitest';

const PAGES = join(import.meta.dirname, '../docs/rules');
const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
const ROUNDS = 150;

/** What lint mends; of these every page's bad example is mended here. */
const MENDED = [
  'cannot-exit',
  'cannot-load-libraries',
  'cannot-resume',
  'cannot-return-from-signal',
  'cannot-start',
  'clone3-hides-flags',
  'clone3-without-fallback',
  'compares-unused-bits',
  'io-uring-in-part',
  'io-uring-passes',
  'kills-thread',
  'libc-without-fallback',
  'misses-negative',
  'mount-by-parts',
  'name-twice',
  'one-fstat',
  'sibling-passes',
  'unshare-makes-namespaces',
  'user-namespaces',
  'value-two-unused',
];

const find = (text: string): readonly Finding[] => lintText('p.json', text, { target: TARGET })[0].findings;
const fix = (text: string, isMeant: (finding: Finding) => boolean = () => true) =>
  fixProfile({ name: 'p.json', text }, { target: TARGET }, isMeant);
const meaning = (text: string): Policy =>
  lowerProfile(parseProfile(text, { unknownNames: 'skip' }).value!, TARGET).value!;

/** Arguments that rules of the examples and of random profiles tell apart. */
const ARGUMENTS = [0n, 1n, 5n, 0x1000_0000n, 0xffff_ffffn, 0x1_0000_0026n, (1n << 64n) - 1n].map((value) =>
  Array.from({ length: 6 }, () => value),
);

/** What the compiled filter answers each call of x86_64. */
function answers(policy: Policy): Map<string, number[]> {
  const { program } = compilePolicy(policy);
  const { auditArch } = policy.abis[0];
  return new Map(
    callsOf('x86_64').map(([name, nr]) => [
      name,
      ARGUMENTS.map((args) => runProgram(program, { arch: auditArch, nr, args }, policy.endian).word),
    ]),
  );
}

/** The texts differ in meaning for no call that was not said to. */
function expectOnlySaid(text: string, fixes: readonly Fixed[]): void {
  const said = new Set(fixes.flatMap(({ differences }) => differences.map(({ name }) => name)));
  const [before, after] = [text, fixes.at(-1)?.text ?? text].map((t) => answers(meaning(t)));
  for (const [call, words] of before) if (!said.has(call)) expect(after.get(call), call).toEqual(words);
}

describe.each(MENDED)('%s', (code) => {
  const page = readFileSync(join(PAGES, `${code}.md`), 'utf8');
  const [, bad] = /```json\n(.*?)```/s.exec(page)!;

  it('is gone when it is mended, and nothing else has changed', () => {
    const fixes = fix(bad, (finding) => finding.code === code);
    expect(find(fixes.at(-1)!.text).map((finding) => finding.code)).not.toContain(code);
    expectOnlySaid(bad, fixes);
  });
});

describe('--fix', () => {
  it('mends what it says that it mends, and no more', () => {
    const pages = readdirSync(PAGES).filter((name) => name !== 'README.md');
    const mended = pages.filter((name) => {
      const [, bad] = /```json\n(.*?)```/s.exec(readFileSync(join(PAGES, name), 'utf8'))!;
      return find(bad).some(({ code, mend }) => `${code}.md` === name && mend);
    });
    expect(mended).toEqual(MENDED.map((code) => `${code}.md`));
  });

  it.each([
    [
      'errno-ignored',
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": 1}]}',
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}',
    ],
    [
      'rule-equals-default',
      '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["bpf"], "action": "SCMP_ACT_ERRNO"}]}',
      '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ERRNO"}]}',
    ],
    [
      'unknown-syscall',
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "pread"], "action": "SCMP_ACT_ALLOW"}]}',
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "pread64"], "action": "SCMP_ACT_ALLOW"}]}',
    ],
    [
      'absent-everywhere',
      '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["umount"], "action": "SCMP_ACT_ERRNO"}]}',
      '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["umount2"], "action": "SCMP_ACT_ERRNO"}]}',
    ],
  ])('mends %s', (code, text, mended) => {
    expect(fix(text, (finding) => finding.code === code).map((fixed) => fixed.text)).toEqual([mended]);
  });

  it('lets nothing pass that a budget rules out, however little that matters', () => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['read', 'exit_group'], action: 'SCMP_ACT_ALLOW' }],
    });
    const calls = [parseAskedCalls('execve')];
    const options = { target: TARGET, budgets: [{ kind: 'never', calls, severity: 'low' } as const] };
    const fixed = fixProfile({ name: 'p.json', text }, options, () => true);
    expect(fixed.length).toBeGreaterThan(0);
    expect(fixed.at(-1)!.text).not.toContain('"execve"');
    expect(fix(text).at(-1)!.text).toContain('"execve"');
  });

  it('keeps the comments and the layout of YAML', () => {
    const yaml = `# denied
defaultAction: SCMP_ACT_ALLOW
syscalls:
  - names: [mkdir, mkdir]   # folders
    action: SCMP_ACT_ERRNO
`;
    const fixes = fixProfile({ name: 'p.yaml', text: yaml }, { target: TARGET }, ({ code }) =>
      ['name-twice', 'sibling-passes'].includes(code),
    );
    expect(fixes.at(-1)!.text).toBe(`# denied
defaultAction: SCMP_ACT_ALLOW
syscalls:
  - names: [mkdir]   # folders
    action: SCMP_ACT_ERRNO
  - {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
`);
  });

  it.each([
    ['setuid', 'setgid', 'setresuid', 'setgroups', 'capset'],
    ['execve', 'execveat'],
    ['landlock_restrict_self'],
    ['fork', 'vfork'],
    ['pkey_mprotect'],
    ['preadv2'],
    ['stat', 'lstat'],
    ['recvmmsg'],
    ['seccomp'],
  ])('neither opens what is denied on purpose nor denies what programs need: %s', (...names: string[]) => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names, action: 'SCMP_ACT_ERRNO' }],
    });
    const fixes = fix(text);
    const after = answers(meaning(fixes.at(-1)?.text ?? text));
    for (const name of names)
      expect(
        after.get(name)!.every((word) => !executes(actionOfWord(word).kind)),
        name,
      ).toBe(true);
    for (const name of ['read', 'mmap', 'mprotect', 'fstat', 'newfstatat', 'prctl', 'recvfrom', 'recvmsg'])
      expect(
        after.get(name)!.every((word) => executes(actionOfWord(word).kind)),
        name,
      ).toBe(true);
    // And there is an end.
    expect(fix(fixes.at(-1)?.text ?? text)).toEqual([]);
  });

  it(`never changes more than it says, ${ROUNDS} times`, { timeout: 300_000 }, () => {
    const random = new Random(13);
    let mended = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const text = profileText(randomCase(random, ['x86_64']));
      if (lintText('p.json', text, { target: TARGET })[0].faults.length > 0) continue;
      const fixes = fix(text);
      mended += fixes.length;
      expectOnlySaid(text, fixes);
      // What one run decides may be news for the next, but there is an end.
      const second = fix(fixes.at(-1)?.text ?? text);
      const third = fix(second.at(-1)?.text ?? fixes.at(-1)?.text ?? text);
      expect(
        third.map(({ finding }) => `${finding.code}: ${finding.message}`),
        text,
      ).toEqual([]);
    }
    expect(mended).toBeGreaterThan(ROUNDS / 2);
  });
});
