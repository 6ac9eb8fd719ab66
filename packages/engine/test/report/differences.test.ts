import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { differencesText } from '@callgate/engine/internal/report/differences';
import { PLAIN } from '@callgate/engine/internal/report/style';
import { describe, expect, it } from 'vitest';

const target = { native: 'x86_64' as const, kernel: { major: 6, minor: 12 }, capabilities: [] };

function meaning(profile: object) {
  return lowerProfile(parseProfile(JSON.stringify(profile)).value!, target).value!;
}

const names = ['read', 'write', 'mkdir'];
const allowsAll = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'] };
const allowsThree = { defaultAction: 'SCMP_ACT_LOG', syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }] };

const textOf = (before: object, after: object) =>
  differencesText(PLAIN, diffPolicies(meaning(before), meaning(after)));

describe('the text of differences', () => {
  it('says a whole ABI in one line', () => {
    const text = textOf(allowsAll, { ...allowsThree, architectures: ['SCMP_ARCH_X86_64'] });
    expect(text).toMatch(/ALLOW → KILL_THREAD\n {4}x86\n {6}every call that had ALLOW\n/);
  });

  it('names what does not differ where nearly everything does', () => {
    const text = textOf(allowsAll, { ...allowsThree, architectures: allowsAll.architectures });
    expect(text).toMatch(/x86_64\n {6}every call but read, write, mkdir\n/);
  });

  it('names what differs where that is little', () => {
    const text = textOf(allowsAll, {
      ...allowsAll,
      syscalls: [{ names, action: 'SCMP_ACT_ERRNO' }],
    });
    expect(text).toMatch(/ALLOW → ERRNO\(EPERM\)\n {4}x86_64, x86\n {6}read, write, mkdir\n$/);
  });
});
