import type { Output } from '../context.ts';

const EVERY_MS = 200;

/** A line on a terminal that says how far long work is; nothing where nobody watches. */
export class Progress {
  private readonly output: Output | undefined;
  private last = Date.now();
  private shown = false;

  constructor(output: Output, quiet = false) {
    this.output = output.isTTY && !quiet ? output : undefined;
  }

  /** Says it, unless something was said a moment ago. */
  show(text: () => string): void {
    if (!this.output || Date.now() - this.last < EVERY_MS) return;
    this.last = Date.now();
    this.shown = true;
    this.output.write(`\r\u001b[K${text()} …`);
  }

  /** Before anything else is written. */
  clear(): void {
    if (this.shown) this.output?.write('\r\u001b[K');
    this.shown = false;
  }
}
