import { lintFacts } from '@callgate/engine/internal/lint/lint';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { parseRelease, type Runtime } from '@callgate/engine/internal/runtime/target';
import { profileSubject } from '@callgate/engine/internal/subject/subject';
import { describe, expect, it } from 'vitest';

const target = (runtime?: Runtime) =>
  ({
    native: 'x86_64',
    kernel: { major: 6, minor: 12 },
    capabilities: [],
    ...(runtime && { runtime }),
  }) as const;

function read(profile: object, runtime?: Runtime) {
  const { value, diagnostics } = profileSubject('p.json', JSON.stringify(profile), target(runtime));
  return { words: value ? [...value.policy.words] : undefined, codes: diagnostics.map((d) => d.code) };
}

const docker = (release: string): Runtime => ({ name: 'docker', release: parseRelease(release)! });
const ERRNO = 0x50000;

describe('Docker by release', () => {
  const enosysByDefault = { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38, syscalls: [] };

  it.each([
    ['20.10.24', ERRNO + 1],
    ['23.0', ERRNO + 38],
    ['28.1', ERRNO + 38],
    ['20', ERRNO + 1],
    ['29', ERRNO + 38],
  ])('%s has its own idea of defaultErrnoRet', (release, word) => {
    const { words, codes } = read(enosysByDefault, docker(release));
    expect(words![0]).toBe(word);
    expect(codes).toEqual(word === ERRNO + 1 ? ['key-ignored'] : []);
  });

  it('forgot the listener before 23.0, without which nothing can be supervised', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      listenerPath: '/run/agent.sock',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
    };
    expect(read(profile, docker('20.10')).codes).toContain('notify-without-listener');
    expect(read(profile, docker('23.0')).words).toBeDefined();
  });
});

describe('keys in another case', () => {
  const eacces = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', ErrnoRet: 13 }],
  };
  const unnamed = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ Names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }],
  };

  it('are read by Go, and ignored by crun', () => {
    expect(read(eacces, { name: 'runc' }).words).toContain(ERRNO + 13);
    expect(read(eacces, { name: 'crun' }).words).toContain(ERRNO + 1);
    expect(read(unnamed, { name: 'runc' }).words).toBeDefined();
    expect(read(unnamed, { name: 'crun' }).codes).toEqual(
      expect.arrayContaining(['no-names', 'wrong-case-key']),
    );
  });
});

describe('a call that no ABI in use has', () => {
  const finding = (action: string, byDefault: string) => {
    const text = JSON.stringify({ defaultAction: byDefault, syscalls: [{ names: ['umount'], action }] });
    const { facts } = lowerProfile(parseProfile(text).value!, target());
    return lintFacts(facts, ['x86_64']).find(({ code }) => code === 'absent-everywhere');
  };

  it('is worth a warning where somebody thinks that it is denied', () => {
    const found = finding('SCMP_ACT_ERRNO', 'SCMP_ACT_ALLOW');
    expect(found).toMatchObject({ severity: 'warning', remedy: { word: 'umount2' } });
    expect(found!.message).toMatch(/denies nothing/);
    expect(finding('SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO')!.severity).toBe('note');
  });
});

describe('what people write', () => {
  it.each([
    ['architectures', { architectures: ['SCMP_ARCH_ARM64'] }, 'SCMP_ARCH_AARCH64'],
    ['architectures', { architectures: ['SCMP_ARCH_I386'] }, 'SCMP_ARCH_X86'],
    ['errno', { defaultErrnoRet: 'EACCES' }, '13'],
    ['functions', { syscalls: [{ names: ['opendir'], action: 'SCMP_ACT_ERRNO' }] }, 'openat'],
  ])('is understood well enough for a hint: %s', (_, more, hint) => {
    const text = JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', ...more });
    const [fault] = profileSubject('p.json', text, target()).diagnostics;
    expect(fault.severity).toBe('error');
    expect(JSON.stringify(fault.remedy)).toContain(hint);
  });
});
