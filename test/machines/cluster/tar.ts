/** A file of an archive. */
export interface Entry {
  readonly path: string;
  readonly content: Buffer;
  readonly mode?: number;
}

const BLOCK = 512;

/** The archive of files in the form of ustar, the same bytes for the same files. */
export function tar(entries: readonly Entry[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap((entry) => [header(entry), entry.content, padding(entry.content.length)]),
    Buffer.alloc(2 * BLOCK),
  ]);
}

function header({ path, content, mode = 0o644 }: Entry): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is too long for an archive`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  block.write(path, 0);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(content.length, 124, 11);
  octal(0, 136, 11);
  block.write('        0', 148, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  block[154] = 0;
  return block;
}

function padding(length: number): Buffer {
  return Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);
}
