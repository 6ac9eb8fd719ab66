import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '../bin/callgate.js');
const OTHER_NUMBERS = 'this is a pid namespace, where processes have other numbers than eBPF programs see';
const folder = mkdtempSync(join(tmpdir(), 'callgate-pid-namespace-'));
const file = join(folder, 'recording.json');
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs callgate as the second process of a pid namespace, as in a container. */
function callgateInside(...args: readonly string[]) {
  const unshare = ['--mount', '--pid', '--fork', '--mount-proc', process.execPath, BIN];
  return spawnSync('unshare', [...unshare, ...args], { encoding: 'utf8' });
}

describeWith(['root', 'audit'], 'in a network namespace, where no audit record arrives', () => {
  const NO_RECORDS =
    "the kernel's audit records do not arrive: it sends them to its first network namespace only";
  const callgate = (...args: readonly string[]) =>
    spawnSync('unshare', ['--net', process.execPath, BIN, ...args], { encoding: 'utf8' });

  it('the log recorder does not run a program that it would not see', () => {
    const { status, stderr } = callgate('record', '-r', 'log', '-o', file, '--', 'sh', '-c', 'echo ran >&2');
    expect([status, stderr]).toEqual([125, `callgate: log cannot record here: ${NO_RECORDS}\n`]);
  });

  it('doctor says so', () => {
    const { checks } = JSON.parse(callgate('doctor', '--json').stdout);
    const check = checks.find(({ name }: { name: string }) => name === 'record with log');
    expect(check).toEqual({ name: 'record with log', ok: false, why: NO_RECORDS });
  });
});

describeWith(['root', 'ebpf'], 'in a pid namespace', () => {
  it('what eBPF would not see is recorded by another', () => {
    const { status, stderr } = callgateInside('record', '--args', '-o', file, '--', 'true');
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(`callgate: ebpf cannot record here: ${OTHER_NUMBERS}; recording with notify\n`);
    const { recorder, observations } = JSON.parse(readFileSync(file, 'utf8'));
    expect([recorder, observations.length > 5]).toEqual(['notify', true]);
  });

  it('eBPF counts a cgroup as anywhere', () => {
    const { status, stderr } = callgateInside('record', '-r', 'ebpf', '-o', file, '--', 'true');
    expect(status, stderr).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8')).observations.length).toBeGreaterThan(5);
  });

  it('a process that runs cannot be recorded, and callgate says why', () => {
    const { status, stderr } = callgateInside('record', '--pid', '1', '-o', file);
    expect([status, stderr]).toEqual([125, `callgate: ${OTHER_NUMBERS}\n`]);
  });
});
