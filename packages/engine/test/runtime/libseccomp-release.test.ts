import { explainCall } from '@callgate/engine/internal/analysis/explain';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { parseLibseccomp } from '@callgate/engine/internal/runtime/libseccomp-release';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { allNames, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { describe, expect, it } from 'vitest';

const skipped = (release: string) => new Set(parseLibseccomp(release)!.skips);

describe('what a release of libseccomp knows', () => {
  // By the release, a call that it is the first to know, and one that the next brings; "-" where none is known.
  it.each([
    ['2.3.0', 'getrandom', 'statx'],
    ['2.3.3', 'statx', 'rseq'],
    ['2.4.0', 'rseq', 'clone3'],
    ['2.4.2', 'clone3', 'openat2'],
    ['2.4.4', 'openat2', 'riscv_flush_icache'],
    ['2.5.0', 'riscv_flush_icache', 'close_range'],
    ['2.5.1', 'riscv_flush_icache', 'close_range'],
    ['2.5.2', 'close_range', 'process_mrelease'],
    ['2.5.3', 'process_mrelease', 'futex_waitv'],
    ['2.5.4', 'futex_waitv', 'cachestat'],
    ['2.5.5', 'cachestat', 'mseal'],
    ['2.6.0', 'mseal', 'listns'],
    ['2.6.1', 'listns', '-'],
    // What Debian made of a release has the table of a later one.
    ['2.5.1-1+deb11u1', 'process_mrelease', 'futex_waitv'],
    ['2.5.4-1+deb12u1', 'cachestat', 'mseal'],
  ])('%s knows %s and not %s', (release, known, unknown) => {
    expect([skipped(release).has(known), skipped(release).has(unknown)]).toEqual([false, unknown !== '-']);
  });

  it('grows from release to release', () => {
    const releases = [
      '2.3.0',
      '2.3.3',
      '2.4.0',
      '2.4.2',
      '2.4.4',
      '2.5.0',
      '2.5.2',
      '2.5.3',
      '2.5.4',
      '2.5.5',
      '2.6.0',
    ];
    const sizes = releases.map((release) => skipped(release).size);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(new Set(sizes).size).toBe(releases.length);
    expect(skipped('2.6.1').size).toBe(0);
    for (const name of skipped('2.3.0')) expect(allNames()).toContain(name);
  });

  it('may have a name without a number on some ABI', () => {
    expect(parseLibseccomp('2.5.4')!.unnumbered).toContain('riscv64 memfd_secret');
    expect(parseLibseccomp('2.5.5')!.unnumbered).toEqual(['x32 map_shadow_stack']);
  });

  it.each(['', '2', '2.2.9', '1.0', 'x', '2.5.4\u001b[31m', '2.5.4 of mine', `2.5.4-${'1'.repeat(99)}`])(
    'is not known of %j',
    (text) => {
      expect(parseLibseccomp(text)).toBeUndefined();
    },
  );
});

function meaning(profile: object, release?: string) {
  const libseccomp = release === undefined ? undefined : parseLibseccomp(release);
  const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [], libseccomp } as const;
  const { value, diagnostics } = lowerProfile(parseProfile(JSON.stringify(profile)).value!, target);
  const answer = (name: string, arch: AbiName = 'x86_64') => {
    const { auditArch } = abiOf(arch);
    const { action, data } = explainCall(value!, {
      arch: auditArch,
      nr: numberOf(arch, name)!,
      args: [],
    });
    return `${action} ${data}`;
  };
  return { answer, messages: diagnostics.map(({ code, message }) => [code, message]) };
}

describe('a profile with a libseccomp that does not know a name', () => {
  const open = {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ names: ['read', 'fchmodat2', 'mseal', 'futex_waitv'], action: 'SCMP_ACT_ALLOW' }],
  };

  it('gives the call what it gives every other, and says which names are skipped', () => {
    const { answer, messages } = meaning(open, '2.5.4');
    // futex_waitv is the highest number that is known: what lies above it gets ENOSYS.
    expect(['read', 'futex_waitv', 'fchmodat2', 'mseal', 'openat'].map((name) => answer(name))).toEqual([
      'ALLOW 0',
      'ALLOW 0',
      'ERRNO 38',
      'ERRNO 38',
      'ERRNO 1',
    ]);
    expect(messages).toEqual([['libseccomp-skips', 'libseccomp 2.5.4 skips 2 names: fchmodat2, mseal']]);
  });

  it('is as written with one that knows it, and without a word of libseccomp', () => {
    for (const release of ['2.6.1', undefined]) {
      const { answer, messages } = meaning(open, release);
      expect([answer('mseal'), messages]).toEqual(['ALLOW 0', []]);
    }
  });

  it('lets pass what only a skipped name denied', () => {
    const denying = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
    };
    expect(meaning(denying, '2.4.1').answer('clone3')).toBe('ALLOW 0');
    expect(meaning(denying, '2.4.2').answer('clone3')).toBe('ERRNO 38');
  });

  it('is not refused for rules that contradict each other for that name', () => {
    const twice = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: ['SCMP_ACT_ALLOW', 'SCMP_ACT_TRAP'].map((action) => ({
        names: ['mseal'],
        action,
        args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }],
      })),
    };
    expect(meaning(twice, '2.5.4').messages.map(([code]) => code)).toEqual(['libseccomp-skips']);
    expect(meaning(twice, '2.6.1').messages.map(([code]) => code)).toEqual(['rule-conflict']);
  });
});
