import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cgroup, ownCgroup } from '@callgate/linux/internal/process/cgroup';
import { cached } from './cache.ts';
import { output } from './commands.ts';
import { type Finding, readFindings } from './contract/finding.ts';
import { mirror } from './debian.ts';
import { isInstalled } from './is-installed.ts';
import { NotHere } from './machine.ts';
import { collected } from './output-of-contract.ts';
import type { Payload } from './payload.ts';

const PATIENCE_MS = 30 * 60_000;
const MOST_TOLD = 2000;

/** A Debian with some packages in a folder of the cache, as debootstrap makes it. Nothing runs in it yet. */
export async function debianWith(suite: string, packages: readonly string[]): Promise<string> {
  return cached(`${suite}-amd64-with-${packages.join('+')}`, async (folder) => {
    const options = ['--arch=amd64', '--variant=minbase', `--include=${packages.join(',')}`];
    await output('debootstrap', [...options, suite, folder, await mirror()]);
    rmSync(join(folder, 'var/cache/apt'), { recursive: true });
  });
}

/** Throws where no folder can be made or entered. */
export function expectFolders(): void {
  if (process.getuid?.() !== 0) throw new NotHere('it needs root');
  if (!ownCgroup()) throw new NotHere('it needs a cgroup-v2 hierarchy');
  const missing = ['debootstrap', 'unshare', 'pivot_root'].find((program) => !isInstalled(program));
  if (missing) throw new NotHere(`it needs ${missing}`);
}

/** What a folder gets besides its own content. */
interface Brought {
  /** The file of a Node. */
  readonly node: string;
  readonly payload: Payload;
  /** A folder of programs that go before the folder's own. */
  readonly programs?: string;
}

/** Runs the contract, with that of the engines, in a folder that holds a Debian. */
export async function runInFolder(
  folder: string,
  { node, payload, programs = '' }: Brought,
  say: (text: string) => void,
): Promise<readonly Finding[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'callgate-machine-'));
  const cgroup = Cgroup.create().path;
  const end = endWithUs(cgroup, scratch);
  try {
    const contract = ['node', 'contract.mjs', payload.callgate, 'rows.json', '/bin/busybox', 'engines'];
    const enter = join(import.meta.dirname, 'enter-folder.sh');
    const args = [enter, cgroup, scratch, folder, node, payload.folder, programs, ...contract];
    return await findingsOf(spawn('sh', args, { stdio: ['ignore', 'pipe', 'inherit'] }), say);
  } finally {
    await end();
  }
}

async function findingsOf(contract: ChildProcess, say: (text: string) => void): Promise<Finding[]> {
  const printed = collected(contract.stdout!, say);
  const timer = setTimeout(() => contract.kill('SIGKILL'), PATIENCE_MS);
  const [status] = await once(contract, 'close');
  clearTimeout(timer);
  if (status !== 0) throw new Error(`the contract came to no end:\n${printed().slice(-MOST_TOLD)}`);
  return readFindings(printed());
}

/** Waits for the end of its input; then it kills all that lives in a cgroup, and removes it and an empty folder. */
const AT_THE_END = `cat >/dev/null
echo 1 >"$0/cgroup.kill"
while grep -q 'populated 1' "$0/cgroup.events"; do sleep 0.05; done
find "$0" -depth -type d -exec rmdir {} +
rmdir "$1"`;

/** Makes sure that a machine ends when this process does, however that comes; it ends when the result is called, too. */
function endWithUs(cgroup: string, scratch: string): () => Promise<void> {
  // In a session of its own, so that Ctrl-C reaches everybody else.
  const keeper = spawn('sh', ['-c', AT_THE_END, cgroup, scratch], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = once(keeper, 'close');
  return async () => {
    keeper.stdin!.end();
    await ended;
  };
}
