import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Plan } from './engine.ts';

/** A filter that is there and denies nothing that anybody calls. */
const NEARLY_NONE = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64'],
  syscalls: [{ names: ['kexec_load'], action: 'SCMP_ACT_ERRNO' }],
};
/** What the shell in a container needs to own files. */
const CAPABILITIES = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_SETUID', 'CAP_SETGID'];
const SEPARATE = ['pid', 'network', 'ipc', 'uts', 'mount'];

/** Writes the config.json that makes an OCI runtime start the plan; the folder that holds it. */
export function writeBundle(plan: Plan, root: string, folder: string): string {
  const bundle = mkdtempSync(join(folder, 'bundle-'));
  const capabilities = { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES };
  const config = {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: plan.command,
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities,
      noNewPrivileges: plan.noNewPrivs ?? false,
    },
    root: { path: root },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=1777'] },
    ],
    linux: {
      cgroupsPath: `/${basename(bundle)}`,
      namespaces: SEPARATE.map((type) => ({ type })),
      seccomp: plan.profile ? JSON.parse(readFileSync(plan.profile, 'utf8')) : NEARLY_NONE,
    },
    ...(plan.hook && {
      hooks: { createRuntime: [plan.hook.entry] },
      annotations: Object.fromEntries([plan.hook.annotation]),
    }),
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}
