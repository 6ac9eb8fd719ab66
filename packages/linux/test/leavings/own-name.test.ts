import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftBehindIn } from '@callgate/linux/internal/leavings/left-behind-in';
import { isLeftBehind, ownerOf, ownName } from '@callgate/linux/internal/leavings/own-name';
import { ownNameOfNobody } from '@callgate/testing/own-name-of-nobody';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'names-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('ownName', () => {
  it('says who made a thing, also as a part of a longer name', () => {
    const name = ownName('image');
    expect(ownName('image')).not.toBe(name);
    const owner = ownerOf(name)!;
    expect(owner).toMatchObject({ pid: process.pid, kind: 'image' });
    for (const longer of [`localhost/${name}:latest`, `.web.json.${name}`, `/tmp/${name}/launcher (deleted)`])
      expect(ownerOf(longer)).toEqual(owner);
    expect(isLeftBehind(owner)).toBe(false);
    expect(isLeftBehind(ownerOf(ownNameOfNobody('image'))!)).toBe(true);
    // Engines and runtimes take it for all that they name.
    expect(name).toMatch(/^[a-z0-9][a-z0-9-]{1,62}$/);
  });

  it.each([
    'callgate-test-1',
    'callgate-recorded-aBcDeF',
    'callgate-1-2-3',
    'my-callgate-1-2-3-4-image',
    'callgate-0-1-1-1-image',
    'callgate',
  ])('is nobody: %s', (name) => {
    expect(ownerOf(name)).toBeUndefined();
  });

  it('knows a process of another time by when it started, and one that has ended', () => {
    const owner = ownerOf(ownName('x'))!;
    expect(isLeftBehind({ ...owner, start: String(Number(owner.start) + 1) })).toBe(true);
    expect(isLeftBehind({ ...owner, pid: spawnSync('true').pid })).toBe(true);
  });

  it('does not judge what another pid namespace has made unless it sees everybody', () => {
    const owner = ownerOf(ownNameOfNobody('x'))!;
    const elsewhere = { ...owner, space: owner.space + 1 };
    if (process.geteuid!() !== 0) expect(isLeftBehind(elsewhere)).toBe(false);
  });
});

describe('leftBehindIn', () => {
  it('has what nobody owns any more, and neither what somebody uses nor what others have made', () => {
    const [gone, used] = [ownNameOfNobody('oci'), ownName('oci')];
    for (const name of [gone, used, 'callgate-recorded-x']) mkdirSync(join(folder, name));
    const part = `.web.json.${ownNameOfNobody('part')}`;
    writeFileSync(join(folder, part), '');
    const link = ownNameOfNobody('link');
    symlinkSync('/etc', join(folder, link));
    expect(leftBehindIn(folder).sort()).toEqual([gone, part, link].map((name) => join(folder, name)).sort());
    expect(leftBehindIn(folder, 'oci')).toEqual([join(folder, gone)]);
    expect(leftBehindIn(join(folder, 'none'))).toEqual([]);
  });
});
