import { execFile } from 'node:child_process';

const TIME_LIMIT_MS = 20_000;
/** More than a thousand containers take. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What a program said, which may have ended with an error all the same. */
export interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It did not end in time, or said too much. */
  readonly cut: boolean;
}

/** Runs a program to its end, of at most 20 seconds; undefined when it is not installed. Latin1 keeps bytes that are no text. */
export function askProgram(
  program: string,
  args: readonly string[],
  encoding: 'utf8' | 'latin1' = 'utf8',
): Promise<Said | undefined> {
  return new Promise((resolve) => {
    const limits = { timeout: TIME_LIMIT_MS, maxBuffer: MOST_BYTES, killSignal: 'SIGKILL' as const };
    execFile(program, args, { ...limits, encoding }, (fault, stdout, stderr) => {
      if (fault?.code === 'ENOENT' || fault?.code === 'EACCES') resolve(undefined);
      else
        resolve({
          status: fault ? (typeof fault.code === 'number' ? fault.code : 1) : 0,
          stdout,
          stderr,
          cut: fault?.killed ?? false,
        });
    });
  });
}

/** The last that a program says which did not do as it was asked. */
export function faultIn({ cut, stderr, status }: Said): string {
  if (cut) return `no answer within ${TIME_LIMIT_MS / 1000} s`;
  return stderr.trim().split('\n').at(-1) || `status ${status}`;
}
