import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { Undo } from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { bundleHost, engineHost, type Host, makeRoot } from '@callgate/testing/served';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Of the shapes that tutorials teach; each starts no container without no_new_privs. */
const TUTORIALS: readonly (readonly [name: string, allowed: string])[] = [
  ['a few calls', 'read write exit exit_group'],
  [
    'what strace shows of a small program',
    'access arch_prctl brk close execve exit_group fstat mmap mprotect munmap openat read write',
  ],
  [
    'a server without its runtime',
    'accept4 bind brk clone close epoll_ctl epoll_pwait execve exit exit_group futex listen mmap openat read socket write',
  ],
];

const HOSTS: readonly { readonly runtime: 'docker' | 'crun'; readonly needs: readonly Requirement[] }[] = [
  { runtime: 'docker', needs: ['docker'] },
  { runtime: 'crun', needs: ['crun'] },
];

const undo = new Undo();
afterAll(() => undo.run());

describeWith(['root'], 'what lint says of starting', () => {
  for (const { runtime, needs } of HOSTS)
    describeWith(needs, `containers of ${runtime}`, () => {
      let host: Host;
      let folder: string;
      beforeAll(() => {
        const root = makeRoot(undo);
        host = runtime === 'docker' ? engineHost(undo, 'docker', root) : bundleHost('crun', root);
        folder = undo.folder();
      });

      const starts = (seccomp: string) =>
        host.run(undo, host.newName(), { command: ['/bin/busybox', 'true'], seccomp }).status === 0;
      const saysNot = async (profile: string) => {
        const { stdout } = await callgate(['lint', profile, '--runtime', runtime, '--json']);
        const { findings } = JSON.parse(stdout) as { findings: { code: string }[] };
        return findings.some(({ code }) => code === 'cannot-start');
      };

      it.each(TUTORIALS)('is so of %s, and is not any more when it is mended', async (name, allowed) => {
        const profile = join(folder, `${runtime} ${name}.json`);
        const syscalls = [{ names: allowed.split(' '), action: 'SCMP_ACT_ALLOW' }];
        writeFileSync(
          profile,
          JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', architectures: ['SCMP_ARCH_X86_64'], syscalls }),
        );
        expect([await saysNot(profile), starts(profile)]).toEqual([true, false]);
        const mended = join(folder, `${runtime} ${name} mended.json`);
        // And what busybox itself calls before it does nothing.
        const own =
          'arch_prctl,brk,exit_group,getuid,mprotect,prctl,readlink,rseq,set_robust_list,set_tid_address,prlimit64,getrandom,setuid,setgid';
        const args = ['--add-floor', runtime, '--allow', own, '-o', mended, '-q'];
        expect((await callgate(['edit', profile, ...args])).status).toBe(0);
        expect([await saysNot(mended), starts(mended)]).toEqual([false, true]);
        // What lint --fix lets pass is enough for the runtime.
        await callgate(['lint', profile, '--runtime', runtime, '--fix', '-q']);
        expect((await callgate(['edit', profile, '--allow', own, '-o', profile, '-q'])).status).toBe(0);
        expect([await saysNot(profile), starts(profile)]).toEqual([false, true]);
      });
    });
});
