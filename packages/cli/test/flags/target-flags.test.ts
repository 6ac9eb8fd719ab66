import { callgate } from '@callgate/testing/callgate';
import { expectOneLine, profile } from '@callgate/testing/filter-files';
import { describeWith } from '@callgate/testing/requirements';
import { describe, expect, it } from 'vitest';

const newer = profile('newer.json', {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [{ names: ['read', 'futex_waitv', 'cachestat', 'mseal', 'listns'], action: 'SCMP_ACT_ALLOW' }],
});
const SKIPS = 'libseccomp 2.5.4 skips 3 names: cachestat, listns, mseal';

describe('--libseccomp', () => {
  it.each([
    ['explain', newer, 'read'],
    ['show', newer],
    ['lint', newer],
    ['compile', newer, '-o', '/dev/null'],
    ['diff', newer, newer],
    ['verify', newer],
  ])('is honoured by %s, which says what is skipped', async (...args) => {
    const { stdout, stderr } = await callgate([...args, '--libseccomp', '2.5.4']);
    expect(stdout + stderr).toContain(SKIPS);
    const whole = await callgate([...args, '--libseccomp', '2.6.1']);
    expect(whole.stdout + whole.stderr).not.toContain('skips');
  });

  it.each([
    ['explain', newer, 'read'],
    ['lint', newer],
    ['diff', newer, newer],
    ['verify', newer],
  ])('is told in the JSON of %s, too', async (...args) => {
    const { stdout, stderr } = await callgate([...args, '--json', '--libseccomp', '2.5.4']);
    expect([stderr, stdout]).toEqual(['', expect.stringContaining(SKIPS)]);
    JSON.parse(stdout);
  });

  // By the release, the calls of `newer` that it knows.
  it.each([
    ['2.3.0', 'read'],
    ['2.5.3', 'read'],
    ['2.5.4', 'read futex_waitv'],
    ['2.5.4-1+deb12u1', 'read futex_waitv cachestat'],
    ['2.5.5', 'read futex_waitv cachestat'],
    ['2.6.0', 'read futex_waitv cachestat mseal'],
    ['2.6.1', 'read futex_waitv cachestat mseal listns'],
  ])('%s lets %s pass', async (release, known) => {
    const passing: string[] = [];
    for (const name of ['read', 'futex_waitv', 'cachestat', 'mseal', 'listns']) {
      const { status } = await callgate(['explain', newer, name, '--libseccomp', release]);
      if (status === 0) passing.push(name);
    }
    expect(passing.join(' ')).toBe(known);
  });

  it('of one side alone shows what an older library makes of a profile', async () => {
    const { status, stdout } = await callgate(['diff', newer, newer, '--libseccomp-b', '2.5.4', '--json']);
    const { differences } = JSON.parse(stdout);
    expect(status).toBe(1);
    expect(differences.map((d: { syscall?: string }) => d.syscall).filter(Boolean)).toEqual(
      expect.arrayContaining(['cachestat', 'mseal']),
    );
  });

  it('says of a default profile what is skipped', async () => {
    const { stderr } = await callgate(['show', 'stock:docker@25', '--libseccomp', '2.5.4']);
    expect(stderr).toContain('libseccomp 2.5.4 skips 6 names: cachestat, fchmodat2,');
  });

  it.each(['', '2.2', 'new', '2.5.4 ', '\u001b[31m2.5.4'])('is refused as %j', async (release) => {
    const result = await callgate(['show', newer, '--libseccomp', release]);
    if (release.trim() === '2.5.4') expect(result.status).toBe(0);
    else expectOneLine(result, /release of libseccomp/);
  });
});

describeWith(['libseccomp'], '--libseccomp and the library of this machine', () => {
  it.each(['stock:docker', 'stock:podman', 'stock:containerd', newer])(
    'agree on all that release 2.5.4 knows of %s',
    async (subject) => {
      const { status, stdout } = await callgate(['verify', subject, '--libseccomp', '2.5.4', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ equal: true, skipped: [], differences: [] });
      expect(status).toBe(0);
    },
  );

  it('agree on which names are skipped, where it is a library that is known', async () => {
    const { stdout } = await callgate(['verify', 'stock:docker', '--json', '--arch', 'x86_64']);
    const { against, skipped } = JSON.parse(stdout);
    const release = String(against).replace('libseccomp ', '');
    const names = skipped.map((call: string) => call.replace('x86_64 ', '')).sort();
    const said = async (text: string) => {
      const { stderr } = await callgate(['show', 'stock:docker', '--arch', 'x86_64', '--libseccomp', text]);
      const list = /skips \d+ names?: (.*) \[/.exec(stderr)?.[1] ?? '';
      // A name that this ABI lacks is skipped, too, and nothing comes of it.
      return list.split(', ').filter((name) => name !== '' && name !== 'riscv_hwprobe');
    };
    const tables = { '2.5.1': '2.5.1-1+deb11u1', '2.5.4': '2.5.4-1+deb12u1' } as Record<string, string>;
    expect([await said(release), await said(tables[release] ?? release)]).toContainEqual(names);
  });
});
