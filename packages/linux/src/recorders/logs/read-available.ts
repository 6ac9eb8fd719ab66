import { readSync } from 'node:fs';

/** Passes on what a descriptor that does not block has now, a character a byte. */
export function readAvailable(fd: number, sink: { push(text: string): void }): void {
  const buffer = Buffer.alloc(64 * 1024);
  for (;;) {
    try {
      const length = readSync(fd, buffer);
      if (length === 0) return;
      sink.push(buffer.toString('latin1', 0, length));
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code === 'EAGAIN') return;
      throw fault;
    }
  }
}
