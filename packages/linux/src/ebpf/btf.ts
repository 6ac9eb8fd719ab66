import { readFileSync } from 'node:fs';

/** BTF's kinds (linux/btf.h). */
const STRUCT = 4;
const UNION = 5;
const TRANSPARENT = [8, 9, 10, 11, 18]; // typedef, volatile, const, restrict, type tag
/** Bytes behind a type's 12-byte head: fixed, and for each of its vlen members. */
const FIXED: Readonly<Record<number, number>> = { 1: 4, 3: 12, 14: 4, 17: 4 };
const PER_MEMBER: Readonly<Record<number, number>> = { 4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12 };

export type BtfKind = 'struct' | 'typedef' | 'func';
const KINDS: Readonly<Record<BtfKind, number>> = { struct: 4, typedef: 8, func: 12 };

let kernelTypes: KernelTypes | undefined;

/** What the running kernel says about its own types, several megabytes read once; undefined when it says nothing. */
export function readKernelTypes(): KernelTypes | undefined {
  try {
    kernelTypes ??= new KernelTypes(readFileSync('/sys/kernel/btf/vmlinux'));
    return kernelTypes;
  } catch {
    return undefined;
  }
}

/** The types of a BTF blob (Documentation/bpf/btf.rst). */
export class KernelTypes {
  private readonly bytes: Buffer;
  private readonly view: DataView;
  private readonly strings: number;
  /** The offset of each type, by its id. */
  private readonly offsets: number[] = [0];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const header = this.u32(4);
    this.strings = header + this.u32(16);
    let at = header + this.u32(8);
    for (const end = at + this.u32(12); at < end; ) {
      this.offsets.push(at);
      const kind = this.kindAt(at);
      at += 12 + (FIXED[kind] ?? 0) + (PER_MEMBER[kind] ?? 0) * this.memberCount(at);
    }
  }

  /** Whether anything has that name, such as a value of an enumeration. */
  mentions(name: string): boolean {
    return this.bytes.includes(`\0${name}\0`, this.strings, 'latin1');
  }

  /** The id of a type by its name. */
  id(kind: BtfKind, name: string): number | undefined {
    const found = this.bytes.indexOf(`\0${name}\0`, this.strings, 'latin1');
    if (found < 0) return undefined;
    const nameOffset = found + 1 - this.strings;
    const id = this.offsets.findIndex(
      (at, i) => i > 0 && this.u32(at) === nameOffset && this.kindAt(at) === KINDS[kind],
    );
    return id > 0 ? id : undefined;
  }

  /** The offset in bytes of a member such as "thread_info.status", anonymous members looked through. */
  memberOffset(struct: string, path: string): number | undefined {
    let id = this.id('struct', struct);
    let offset = 0;
    for (const name of path.split('.')) {
      const member = id === undefined ? undefined : this.member(id, name);
      if (!member) return undefined;
      offset += member.offset;
      id = member.type;
    }
    return offset;
  }

  private member(id: number, name: string): { offset: number; type: number } | undefined {
    const at = this.offsets[this.bare(id)];
    if (this.kindAt(at) !== STRUCT && this.kindAt(at) !== UNION) return undefined;
    const bitfields = this.u32(at + 4) >>> 31 === 1;
    for (let i = 0, m = at + 12; i < this.memberCount(at); i++, m += 12) {
      const type = this.u32(m + 4);
      const bits = this.u32(m + 8);
      const offset = (bitfields ? bits & 0xffffff : bits) / 8;
      const memberName = this.name(this.u32(m));
      if (memberName === name) return { offset, type };
      const inner = memberName === '' ? this.member(type, name) : undefined;
      if (inner) return { offset: offset + inner.offset, type: inner.type };
    }
    return undefined;
  }

  private bare(id: number): number {
    let type = id;
    while (TRANSPARENT.includes(this.kindAt(this.offsets[type]))) type = this.u32(this.offsets[type] + 8);
    return type;
  }

  private kindAt(at: number): number {
    return (this.u32(at + 4) >>> 24) & 31;
  }

  private memberCount(at: number): number {
    return this.u32(at + 4) & 0xffff;
  }

  private name(offset: number): string {
    const start = this.strings + offset;
    return this.bytes.toString('latin1', start, this.bytes.indexOf(0, start));
  }

  private u32(at: number): number {
    return this.view.getUint32(at, true);
  }
}
