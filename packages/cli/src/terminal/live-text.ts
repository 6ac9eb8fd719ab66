import type { Output } from '../context.ts';

/** Text on a terminal that is written anew in its own place, below everything else. */
export class LiveText {
  private readonly output: Output;
  private height = 0;
  private shown = '';

  constructor(output: Output) {
    this.output = output;
  }

  /** How many lines may be shown, so that all of them can be taken back. */
  get most(): number {
    return Math.max(3, (this.output.rows ?? 24) - 2);
  }

  /** Lines that are not longer than the terminal is wide. */
  show(text: string): void {
    if (text === this.shown) return;
    this.output.write(`${this.takenBack()}${text}`);
    this.shown = text;
    this.height = text.split('\n').length - 1;
  }

  /** Before something else is written. */
  clear(): void {
    if (this.height > 0) this.output.write(this.takenBack());
    this.height = 0;
    this.shown = '';
  }

  private takenBack(): string {
    return this.height === 0 ? '' : `\u001b[${this.height}A\r\u001b[J`;
  }
}
