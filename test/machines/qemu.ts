import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finding, readFindings } from './contract/finding.ts';
import { isInstalled } from './is-installed.ts';
import { NotHere } from './machine.ts';
import { collected } from './output-of-contract.ts';
import type { Payload } from './payload.ts';
import { makeRoot, type RootContent } from './root.ts';

/** An emulated machine is some thirty times slower than this one. */
const PATIENCE_MS = 30 * 60_000;

/** A processor that QEMU emulates, and what the kernel calls its serial line. */
export interface Emulated {
  readonly program: string;
  readonly args: readonly string[];
  readonly console: string;
}

export const X86_64: Emulated = {
  program: 'qemu-system-x86_64',
  // A kernel patches its own code while it runs, as tracepoints come and go: emulated side by side, processors miss that.
  args: ['-accel', 'tcg,thread=single'],
  console: 'ttyS0',
};
export const AARCH64: Emulated = {
  program: 'qemu-system-aarch64',
  args: ['-M', 'virt', '-cpu', 'neoverse-n1'],
  console: 'ttyAMA0',
};

/** Boots a kernel with all that it needs in its memory, and runs the contract there. */
export async function runInQemu(
  emulated: Emulated,
  kernel: string,
  content: RootContent,
  say: (text: string) => void,
): Promise<readonly Finding[]> {
  if (!isInstalled(emulated.program) || !isInstalled('cpio'))
    throw new NotHere(`it needs ${emulated.program} and cpio`);
  const folder = mkdtempSync(join(tmpdir(), 'callgate-machine-'));
  try {
    const root = join(folder, 'root');
    makeRoot(root, content);
    writeFileSync(join(root, 'init'), init(content.payload), { mode: 0o755 });
    const initrd = join(folder, 'initrd');
    execFileSync('sh', ['-c', 'find . | cpio --quiet -o -H newc > "$0"', initrd], { cwd: root });
    rmSync(root, { recursive: true });
    say('booting');
    return readFindings(await boot(emulated, kernel, initrd, say));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function init({ callgate }: Payload): string {
  return `#!/bin/busybox sh
export PATH=/bin HOME=/root
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
ln -s /proc/self/fd /dev/fd
cd /callgate
node contract.mjs /callgate/${callgate} rows.json /bin/busybox </dev/null 2>&1
echo "CONTRACT ENDED $?"
poweroff -f
`;
}

/** All that the machine's console shows, until it has switched itself off. */
async function boot(
  emulated: Emulated,
  kernel: string,
  initrd: string,
  say: (text: string) => void,
): Promise<string> {
  const append = `console=${emulated.console} panic=-1 quiet rdinit=/init`;
  const machine = ['-nographic', '-no-reboot', '-m', '3G', '-smp', '2'];
  const args = [...emulated.args, ...machine, '-kernel', kernel, '-initrd', initrd, '-append', append];
  const qemu = spawn(emulated.program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const printed = collected(qemu.stdout, say);
  const timer = setTimeout(() => qemu.kill('SIGKILL'), PATIENCE_MS);
  await once(qemu, 'close');
  clearTimeout(timer);
  const text = printed();
  if (!/CONTRACT ENDED 0/.test(text)) throw new Error(`the contract came to no end:\n${text.slice(-2000)}`);
  return text;
}
