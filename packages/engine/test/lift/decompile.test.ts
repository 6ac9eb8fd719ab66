import { diffDecisions } from '@callgate/engine/internal/analysis/diff';
import { assemble } from '@callgate/engine/internal/bpf/assemble';
import { decompilePolicy } from '@callgate/engine/internal/lift/decompile';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { describe, expect, it } from 'vitest';

function policyOf(text: string) {
  const { program } = assemble(text);
  return liftPolicy([program!], 'x86_64').policy!;
}

/** Actions as BPF has them, for `ret`. */
const ALLOW = '0x7fff0000';
const KILL_PROCESS = '0x80000000';

const ALLOW_LIST = `
    ld [4]
    jeq #0xc000003e, native, foreign
native: ld [0]
    jeq #1, allow, deny
deny: ret #${KILL_PROCESS}
allow: ret #${ALLOW}
foreign: ret #0
`;

describe('a filter that no profile can say', () => {
  it('stays an allow list where it is one', () => {
    // It answers KILL_PROCESS for numbers of x32, where libseccomp has KILL_THREAD.
    const made = decompilePolicy(policyOf(ALLOW_LIST))!;
    expect([made.exact, made.loosens]).toEqual([false, false]);
    expect(JSON.parse(stringifyProfile(made.profile))).toEqual({
      defaultAction: 'SCMP_ACT_KILL_PROCESS',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['write'], action: 'SCMP_ACT_ALLOW' }],
    });
  });

  // Half of all pointers: libseccomp compares arguments, never where the call comes from.
  const byPlace = (inside: string, outside: string) => `
    ld [4]
    jeq #0xc000003e, native, foreign
native: ld [8]
    jset #1, odd, even
odd: ret #${inside}
even: ret #${outside}
foreign: ret #0
`;
  it.each([
    [ALLOW, KILL_PROCESS],
    ['0x00050001', ALLOW],
    ['0x00051234', ALLOW],
    ['0x00030007', '0x7ffc0000'],
    ['0x7ff00001', ALLOW],
  ])('becomes one that denies more, never less: %s, %s', (inside, outside) => {
    const before = policyOf(byPlace(inside, outside));
    const made = decompilePolicy(before)!;
    expect(made.exact).toBe(false);
    const changes = diffDecisions(before, made.decision, before.abis).listed.map((d) => d.change);
    expect(changes).not.toContain('loosened');
    expect(made.loosens).toBe(false);
  });

  it('may be looser where that is asked for', () => {
    const rarely = byPlace('0x00050001', ALLOW).replace('jset #1,', 'jeq #0x1234,');
    const nearest = decompilePolicy(policyOf(rarely), { mayLoosen: true })!;
    expect(nearest.loosens).toBe(true);
    expect(nearest.profile.defaultAction.value).toBe('ALLOW');
  });
});
