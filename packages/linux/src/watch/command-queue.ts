import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Commands that wait at a time, and how long one may take. */
const MOST_WAITING = 100;
const TIME_LIMIT_MS = 60_000;
/** In the end, the one that runs may go on for so long. */
const PATIENCE_MS = 5000;
const LOOK_EVERY_MS = 20;

type Facts = Readonly<Record<string, string>>;

/** Runs a shell command again and again, once for each set of facts, never two at a time. */
export class CommandQueue {
  private readonly command: string;
  private readonly env: NodeJS.ProcessEnv;
  private readonly said: (text: Buffer) => void;
  private readonly waiting: Facts[] = [];
  private running: ChildProcess | undefined;
  private idle: () => void = () => {};
  private droppedCount = 0;
  private failedCount = 0;

  /** @param said gets what a command prints. */
  constructor(command: string, env: NodeJS.ProcessEnv, said: (text: Buffer) => void) {
    this.command = command;
    this.env = env;
    this.said = said;
  }

  /** Runs it with these variables in its environment, when it is its turn; it is dropped when too many wait. */
  add(facts: Facts): void {
    if (this.waiting.length >= MOST_WAITING) this.droppedCount += 1;
    else this.waiting.push(facts);
    this.next();
  }

  /** How many found no place. */
  get dropped(): number {
    return this.droppedCount;
  }

  /** How many ended with another status than 0, or had to be ended. */
  get failed(): number {
    return this.failedCount;
  }

  /** Until none runs and none waits, or somebody has no more patience. */
  async finished(stop: AbortSignal): Promise<void> {
    while (this.running && !stop.aborted) await sleep(LOOK_EVERY_MS);
  }

  /** Lets the one that runs come to its end, for a moment; those that wait are dropped. */
  async close(): Promise<void> {
    this.droppedCount += this.waiting.length;
    this.waiting.length = 0;
    if (!this.running) return;
    const ended = new Promise<void>((resolve) => {
      this.idle = resolve;
    });
    const timer = setTimeout(() => this.end(), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }

  private next(): void {
    if (this.running) return;
    const facts = this.waiting.shift();
    if (!facts) {
      this.idle();
      return;
    }
    // In a session of its own: a terminal's Ctrl-C is meant for callgate, and everything that it starts can be ended with it.
    const child = spawn('/bin/sh', ['-c', this.command], {
      env: { ...this.env, ...facts },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.running = child;
    const timer = setTimeout(() => this.end(), TIME_LIMIT_MS);
    child.stdout.on('data', this.said);
    child.stderr.on('data', this.said);
    let over = false;
    const done = (failed: boolean) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      if (failed) this.failedCount += 1;
      this.running = undefined;
      this.next();
    };
    child.on('error', () => done(true));
    child.on('exit', (status) => {
      // What it has left in the background does not outlive it.
      killGroup(child);
      done(status !== 0);
    });
  }

  private end(): void {
    if (this.running) killGroup(this.running);
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}
