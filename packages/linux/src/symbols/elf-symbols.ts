import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A part of a file that is loaded. */
export interface Segment {
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
  readonly isExecutable: boolean;
}

interface Table {
  readonly symbols: Buffer;
  readonly names: Buffer;
  readonly entrySize: number;
}

const MOST_SEGMENTS = 64;
const MOST_SECTIONS = 512;
const LONGEST_TABLE = 48 * 1024 * 1024;
const LONGEST_NAME = 200;
const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const ET_EXEC = 2;

/** An ELF file of this machine's byte order, little-endian; of 32 or 64 bits. */
export class ElfFile {
  readonly segments: readonly Segment[];
  /** Whether it is loaded where it says; others are loaded anywhere. */
  readonly hasFixedPlace: boolean;
  private readonly fd: number;
  private readonly size: number;
  private readonly isWide: boolean;
  private readonly header: DataView;
  private tables: readonly Table[] | undefined;

  /** Opens a file; undefined where it is no such file. Close it. */
  static open(path: string): ElfFile | undefined {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return undefined;
    }
    try {
      return new ElfFile(fd);
    } catch {
      closeSync(fd);
      return undefined;
    }
  }

  private constructor(fd: number) {
    this.fd = fd;
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new RangeError('no file');
    this.size = stat.size;
    this.header = viewOf(this.bytes(0, 64));
    if (this.header.getUint32(0) !== 0x7f454c46 || this.header.getUint8(5) !== 1)
      throw new RangeError('no ELF');
    this.isWide = this.header.getUint8(4) === 2;
    this.hasFixedPlace = this.header.getUint16(16, true) === ET_EXEC;
    this.segments = this.readSegments();
  }

  close(): void {
    closeSync(this.fd);
  }

  /** So many bytes of the file; fewer where it ends. */
  bytes(offset: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const buffer = Buffer.alloc(wanted);
    const got = wanted === 0 ? 0 : readSync(this.fd, buffer, 0, wanted, offset);
    return buffer.subarray(0, got);
  }

  /** The address at which a place in the file is loaded, as the file itself has it. */
  addressOf(offset: number): bigint | undefined {
    const segment = this.segments.find((s) => s.offset <= offset && offset < s.offset + s.size);
    return segment && segment.address + BigInt(offset - segment.offset);
  }

  /** The function in which an address is, and how far behind its beginning. */
  functionAt(address: bigint): { readonly name: string; readonly offset: number } | undefined {
    let best: { readonly table: Table; readonly name: number; readonly value: bigint } | undefined;
    this.tables ??= this.readTables();
    for (const table of this.tables) {
      const view = viewOf(table.symbols);
      for (let at = 0; at + table.entrySize <= view.byteLength; at += table.entrySize) {
        const [info, value, size] = this.isWide
          ? [view.getUint8(at + 4), view.getBigUint64(at + 8, true), view.getBigUint64(at + 16, true)]
          : [
              view.getUint8(at + 12),
              BigInt(view.getUint32(at + 4, true)),
              BigInt(view.getUint32(at + 8, true)),
            ];
        const type = info & 0xf;
        if (type !== STT_FUNC && type !== STT_GNU_IFUNC) continue;
        const isIn = value <= address && (size === 0n ? address - value < 256n : address < value + size);
        if (isIn && (best === undefined || value > best.value))
          best = { table, name: view.getUint32(at, true), value };
      }
    }
    const name = best && nameAt(best.table.names, best.name);
    return name ? { name, offset: Number(address - best!.value) } : undefined;
  }

  private readSegments(): Segment[] {
    const wide = this.isWide;
    const offset = this.word(this.header, wide ? 32 : 28);
    const [entry, count] = [wide ? 54 : 42, wide ? 56 : 44].map((at) => this.header.getUint16(at, true));
    if (entry < (wide ? 56 : 32)) return [];
    const view = viewOf(this.bytes(offset, entry * Math.min(count, MOST_SEGMENTS)));
    const segments: Segment[] = [];
    for (let at = 0; at + entry <= view.byteLength; at += entry) {
      if (view.getUint32(at, true) !== PT_LOAD) continue;
      segments.push({
        offset: this.word(view, at + (wide ? 8 : 4)),
        address: wide ? view.getBigUint64(at + 16, true) : BigInt(view.getUint32(at + 8, true)),
        size: this.word(view, at + (wide ? 32 : 16)),
        isExecutable: (view.getUint32(at + (wide ? 4 : 24), true) & 1) === 1,
      });
    }
    return segments;
  }

  private readTables(): Table[] {
    const wide = this.isWide;
    const offset = this.word(this.header, wide ? 40 : 32);
    const [entry, count] = [wide ? 58 : 46, wide ? 60 : 48].map((at) => this.header.getUint16(at, true));
    if (entry < (wide ? 64 : 40)) return [];
    const view = viewOf(this.bytes(offset, entry * Math.min(count, MOST_SECTIONS)));
    const section = (index: number) => {
      const at = index * entry;
      if (at + entry > view.byteLength) return undefined;
      return {
        type: view.getUint32(at + 4, true),
        link: view.getUint32(at + (wide ? 40 : 24), true),
        offset: this.word(view, at + (wide ? 24 : 16)),
        size: this.word(view, at + (wide ? 32 : 20)),
      };
    };
    const tables: Table[] = [];
    for (let index = 0; index * entry < view.byteLength && tables.length < 2; index++) {
      const symbols = section(index);
      if (!symbols || (symbols.type !== SHT_SYMTAB && symbols.type !== SHT_DYNSYM)) continue;
      const names = section(symbols.link);
      if (!names || symbols.size > LONGEST_TABLE || names.size > LONGEST_TABLE) continue;
      tables.push({
        symbols: this.bytes(symbols.offset, symbols.size),
        names: this.bytes(names.offset, names.size),
        entrySize: wide ? 24 : 16,
      });
    }
    return tables;
  }

  /** An offset or a size; more than a file can have is more than is read. */
  private word(view: DataView, at: number): number {
    return this.isWide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function nameAt(names: Buffer, at: number): string | undefined {
  if (at >= names.length) return undefined;
  const rest = names.subarray(at, at + LONGEST_NAME);
  const end = rest.indexOf(0);
  return rest.toString('latin1', 0, end < 0 ? rest.length : end) || undefined;
}
