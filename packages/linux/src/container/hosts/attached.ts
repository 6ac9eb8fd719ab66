import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandEnd } from '../container-host.ts';
import { Kept } from './kept.ts';

/** A client that stays as long as its container runs, hands on what that writes, and ends as it ends. */
export class Attached {
  /** Its exit status, as soon as it has ended. */
  status: number | undefined;
  readonly over: Promise<void>;
  private readonly stdout: Kept;
  private readonly stderr: Kept;
  private readonly child: ChildProcess;

  constructor([program, ...args]: readonly [string, ...string[]]) {
    // In a session of its own, so that a terminal's Ctrl-C does not end it before its container.
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.stdout = new Kept(this.child.stdout as Readable);
    this.stderr = new Kept(this.child.stderr as Readable);
    this.over = new Promise((resolve) => {
      const end = (status: number) => {
        this.status ??= status;
        resolve();
      };
      this.child.on('error', () => end(127));
      this.child.on('close', (code: number | null, signal: NodeJS.Signals | null) =>
        end(code ?? 128 + (signal ? constants.signals[signal] : constants.signals.SIGKILL)),
      );
    });
  }

  /** Resolves to true when it has ended within that time. */
  async within(timeLimitMs: number): Promise<boolean> {
    const timer = new AbortController();
    await Promise.race([this.over, sleep(timeLimitMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    return this.status !== undefined;
  }

  async ended(timeLimitMs: number): Promise<CommandEnd | undefined> {
    return (await this.within(timeLimitMs)) ? { status: this.status!, ...this.output() } : undefined;
  }

  output() {
    return { stdout: this.stdout.bytes(), stderr: this.stderr.bytes() };
  }

  kill(): void {
    if (this.status === undefined) this.child.kill('SIGKILL');
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }
}
