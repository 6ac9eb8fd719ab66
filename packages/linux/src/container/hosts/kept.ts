import type { Readable } from 'node:stream';

const KEPT_BYTES = 1 << 20;

/** The first megabyte of a stream; the rest is read and forgotten, so that nobody waits to write it. */
export class Kept {
  /** Nothing more comes. */
  readonly closed: Promise<void>;
  private readonly chunks: Buffer[] = [];
  private size = 0;

  constructor(stream: Readable) {
    stream.on('data', (chunk: Buffer) => this.add(chunk));
    stream.on('error', () => {});
    this.closed = new Promise((resolve) => stream.once('close', () => resolve()));
  }

  bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  private add(chunk: Buffer): void {
    const kept = chunk.subarray(0, KEPT_BYTES - this.size);
    if (kept.length === 0) return;
    this.chunks.push(kept);
    this.size += kept.length;
  }
}
