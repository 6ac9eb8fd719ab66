import { type ChildProcess, spawn } from 'node:child_process';
import { until } from '@callgate/testing/until';

/** Engines take theirs. */
const PATIENCE_MS = 60_000;

/** Waits until the condition gives something, as long as an engine may need. */
export function inTime<T>(what: string, condition: () => T | undefined | false): Promise<T> {
  return until(what, condition, PATIENCE_MS);
}

/** A program that goes on while the contract does other things. */
export class Background {
  private readonly child: ChildProcess;
  private readonly closed: Promise<number>;
  private output = '';
  private printed = '';

  constructor(program: string, args: readonly string[]) {
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.closed = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (status) => resolve(status ?? 255));
    });
    this.closed.catch(() => {});
  }

  /** What it has written to stdout. */
  get stdout(): string {
    return this.printed;
  }

  /** What it has written to stderr. */
  get stderr(): string {
    return this.output;
  }

  /** Waits until it says so; an error when it ends before. */
  async says(pattern: RegExp): Promise<void> {
    const heard = () => {
      if (pattern.test(this.output)) return true;
      if (this.child.exitCode !== null) throw new Error(`it ended, and said: ${this.output.trim()}`);
      return false;
    };
    await inTime(`${pattern} from a program that says: ${this.output.trim()}`, heard);
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }

  /** Makes sure that it does not outlive what it was for. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Its exit status, once it has ended; one that does not end is killed. */
  async status(): Promise<number> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    try {
      return await this.closed;
    } finally {
      clearTimeout(timer);
    }
  }
}
