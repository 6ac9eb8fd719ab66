import { callgate } from '@callgate/testing/callgate';
import { describe, expect, it } from 'vitest';

describe('default profiles by release', () => {
  it.each([
    ['stock:docker', /^the default of docker 29\.4\.3: default\.json of \S+/],
    ['stock:docker@26.1', /^the default of docker 25\.0\.6, 26\.1\.5, 27\.5\.1, 28\.0\.4: /],
  ])('show %s says of which', async (subject, told) => {
    const { status, stdout } = await callgate(['show', subject]);
    expect(status).toBe(0);
    expect(stdout).toMatch(told);
    expect(stdout.split('\n')[1]).toContain(`${subject} covers x86_64`);
  });

  // AF_ALG (38) is denied since Docker 29.4.3 and containerd 1.7.32; 29 is the newest of its kind.
  it.each([
    ['stock:docker@28', 'ALLOW'],
    ['stock:docker@29.4.1', 'ALLOW'],
    ['stock:docker@29', 'ERRNO(EPERM)'],
    ['stock:containerd@1.7.31', 'ALLOW'],
    ['stock:containerd@1.7', 'ERRNO(EPERM)'],
  ])('%s answers socket(AF_ALG) with %s', async (subject, answer) => {
    const { stdout } = await callgate(['explain', subject, 'socket', 'AF_ALG', '--arch', 'x86_64']);
    expect(stdout).toContain(answer);
  });

  it.each([
    [
      'stock:docker@19.3',
      'the default profile of docker before 20.10.24 is not known; stock:docker@20.10.24 is',
    ],
    ['stock:docker@x', '"x" is no release of docker; write it as docker@29'],
    ['stock:none@1', 'there is no stock:none@1; it is one of '],
    ['stock:dcoker', 'there is no stock:dcoker; it is one of stock:docker, stock:podman, '],
  ])('%s is refused', async (subject, why) => {
    const { status, stderr } = await callgate(['show', subject]);
    expect(status).toBe(2);
    expect(stderr).toContain(`callgate: ${why}`);
  });

  it('a build for a release keeps the conditions of that release', async () => {
    const build = (runtime: string) =>
      callgate(['build', '-', '--runtime', runtime], { input: 'socket\nread\n' });
    const [old, now] = [await build('docker@26'), await build('docker@29')];
    const conditions = (text: string) =>
      JSON.parse(text).syscalls.flatMap((rule: { names: string[]; args?: { value: number }[] }) =>
        rule.names.includes('socket') ? (rule.args ?? []).map(({ value }) => value) : [],
      );
    expect(conditions(old.stdout)).not.toContain(38);
    expect([old.status, now.status]).toEqual([0, 0]);
    expect(conditions(now.stdout).length).toBeGreaterThan(conditions(old.stdout).length);
  });
});
