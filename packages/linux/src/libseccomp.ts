import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { LibraryPlan } from '@callgate/engine/policy/library-plan';

const WORKER = fileURLToPath(new URL('../libseccomp/worker.js', import.meta.url));
const TIME_LIMIT_MS = 20_000;

/** What this machine's libseccomp makes of a plan. */
export type LibraryResult =
  | { readonly kind: 'filter'; readonly release: string; readonly bytes: Uint8Array }
  /** It refused: errno, the function, and the index of the call that it refused. */
  | {
      readonly kind: 'refused';
      readonly release: string;
      readonly errno: number;
      readonly step: string;
      readonly call?: number;
    }
  | { readonly kind: 'hangs'; readonly seconds: number }
  | { readonly kind: 'crashed'; readonly how: string }
  | { readonly kind: 'missing' };

/** Calls libseccomp as a runtime does, in a process of its own that is killed after some seconds. */
export async function runLibseccomp(
  plan: LibraryPlan,
  foreign: boolean,
  timeLimitMs = TIME_LIMIT_MS,
): Promise<LibraryResult> {
  const child = spawn(process.execPath, [WORKER], { stdio: ['pipe', 'pipe', 'ignore'] });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeLimitMs);
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? `status ${code}`));
  });
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify({ ...plan, foreign }));
  try {
    const [output, how] = await Promise.all([text(child.stdout), ended]);
    if (late) return { kind: 'hangs', seconds: timeLimitMs / 1000 };
    return output === '' ? { kind: 'crashed', how } : parseAnswer(output);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

function parseAnswer(output: string): LibraryResult {
  const { missing, release, failed, bytes } = JSON.parse(output);
  if (missing) return { kind: 'missing' };
  if (failed) return { kind: 'refused', release, ...failed };
  return { kind: 'filter', release, bytes: Buffer.from(bytes, 'base64') };
}
