import { callgate } from '@callgate/testing/callgate';
import { expect, it } from 'vitest';

const page = async (...args: string[]) => (await callgate(['syscall', ...args])).stdout;

it('says by which other calls the same can be had, of this ABI alone', async () => {
  expect(await page('chmod', '--arch', 'x86_64')).toContain(
    'also changes the mode of a file: fchmod (Linux 1.0), fchmodat (Linux 2.6.16), fchmodat2 (Linux 6.6)\n',
  );
  expect(await page('fchmodat', '--arch', 'aarch64')).not.toMatch(/ chmod/);
  expect(await page('mkdir', '--arch', 'x86_64')).toContain(
    'a ring of io_uring does it without asking a filter, since Linux 5.15\n',
  );
});

it('says which capabilities the kernel asks for besides', async () => {
  expect(await page('kexec_load')).toContain(
    'the kernel asks for CAP_SYS_BOOT in the first user namespace: every call\n',
  );
  expect(await page('unshare')).toMatch(
    /the kernel asks for CAP_SYS_ADMIN: every kind of namespace but the user namespace/,
  );
  expect(JSON.parse(await page('read', '--json')).capabilities).toEqual([]);
});

it('says which libseccomp knows it', async () => {
  expect(await page('futex_waitv')).toContain(' · since Linux 5.16 · in libseccomp 2.5.4, not in 2.5.3\n');
  expect(await page('read')).toContain(' · in libseccomp 2.3.0\n');
  const { libseccomp } = JSON.parse(await page('statx', '--json'));
  expect(libseccomp).toEqual({ first: '2.3.3', notIn: '2.3.2' });
  expect(JSON.parse(await page('read', '--json')).libseccomp).toEqual({ first: '2.3.0', notIn: null });
});

it('says what runtimes do with it by default', async () => {
  expect(await page('bpf', '--arch', 'x86_64')).toContain(
    'by default: docker ERRNO(EPERM) · podman ERRNO(EPERM) · containerd ERRNO(EPERM)\n',
  );
  const { stock, siblings, ring } = JSON.parse(await page('personality', '--json', '--arch', 'x86_64'));
  expect(stock.docker).toBe('ALLOW or ERRNO(EPERM)');
  expect([siblings, ring]).toEqual([[], null]);
  // arm64 has no such call.
  expect(await page('mkdir', '--arch', 'aarch64')).not.toContain('by default');
});
