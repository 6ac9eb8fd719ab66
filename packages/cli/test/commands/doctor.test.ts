import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { ownNameOfNobody } from '@callgate/testing/own-name-of-nobody';
import { afterAll, describe, expect, it } from 'vitest';

const cwd = mkdtempSync(join(tmpdir(), 'doctor-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('doctor --clean', () => {
  it('says what there is, then removes it, and then there is nothing', async () => {
    const file = join(cwd, `.web.json.abc.${ownNameOfNobody('part')}`);
    writeFileSync(file, '');
    const looked = await callgate(['doctor', '--clean', '--dry-run'], { cwd });
    expect(looked.status).toBe(1);
    expect(looked.stdout).toContain(`left behind: file ${file}\n`);
    expect(existsSync(file)).toBe(true);
    const cleaned = await callgate(['doctor', '--clean', '--json'], { cwd });
    expect(cleaned.status).toBe(0);
    const { clean, found } = JSON.parse(cleaned.stdout);
    expect(clean).toBe(true);
    expect(found).toContainEqual({ kind: 'file', name: file, removed: true });
    expect(existsSync(file)).toBe(false);
    const again = await callgate(['doctor', '--clean'], { cwd });
    expect(again).toMatchObject({ status: 0 });
    expect(again.stdout).not.toContain(file);
  });

  it('looks into the folders that are named, and shows names without their escape codes', async () => {
    const elsewhere = mkdtempSync(join(cwd, 'elsewhere-'));
    const file = join(elsewhere, `.\u001b[31m.${ownNameOfNobody('part')}`);
    writeFileSync(file, '');
    const { status, stdout } = await callgate(['doctor', '--clean', elsewhere], { cwd: tmpdir() });
    expect(status).toBe(0);
    expect(stdout).toContain('removed file ');
    expect(stdout).not.toContain('\u001b[31m.');
    expect(existsSync(file)).toBe(false);
  });

  it.each([[['--dry-run']], [['folder']]])('is needed for %s', async (words) => {
    const { status, stderr } = await callgate(['doctor', ...words], { cwd });
    expect(status).toBe(2);
    expect(stderr).toContain('--clean');
  });
});
