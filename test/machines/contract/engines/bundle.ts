import { mkdtempSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ociConfig } from '@callgate/testing/oci-config';
import type { Plan } from './engine.ts';

/** What the shell in a container needs to own files. */
const CAPABILITIES = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_SETUID', 'CAP_SETGID'];

/** Writes the config.json that makes an OCI runtime start the plan; the folder that holds it. */
export function writeBundle(plan: Plan, root: string, folder: string): string {
  const bundle = mkdtempSync(join(folder, 'bundle-'));
  const { command, noNewPrivs, profile, unconfined = false } = plan;
  const usual = ociConfig({ command, root, path: '/bin', capabilities: CAPABILITIES, noNewPrivs, profile });
  const config = {
    ...usual,
    linux: { ...usual.linux, ...(unconfined && { seccomp: undefined }), cgroupsPath: `/${basename(bundle)}` },
    ...(plan.hook && {
      hooks: { createRuntime: [plan.hook.entry] },
      annotations: Object.fromEntries([plan.hook.annotation]),
    }),
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}
