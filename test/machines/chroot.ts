import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from './commands.ts';
import { type Finding, readFindings } from './contract/finding.ts';
import { makeRoot, type RootContent } from './root.ts';

/** Mounts go with the namespace that unshare makes. */
const ENTER = `
for name in proc sys dev; do mount --rbind "/$name" "$0/$name"; done
exec chroot "$0" /bin/busybox sh -c '
  export PATH=/bin HOME=/root TMPDIR=/tmp
  cd /callgate
  exec node contract.mjs "$0" rows.json /bin/busybox' "$1"`;

/** Runs the contract on this machine's kernel, in a root file system of its own. */
export async function runInChroot(content: RootContent): Promise<readonly Finding[]> {
  const root = mkdtempSync(join(tmpdir(), 'callgate-root-'));
  try {
    makeRoot(root, content);
    const callgate = join('/callgate', content.payload.callgate);
    return readFindings(await output('unshare', ['--mount', 'sh', '-e', '-c', ENTER, root, callgate]));
  } finally {
    rmSync(root, { recursive: true });
  }
}
