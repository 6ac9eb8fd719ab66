import type { Addresses, InstructionSet } from './instruction-set.ts';
import { type Block, CONSTANTS_AT, type MachineProgram, type Place, type Value } from './steps.ts';

/**
 * Where the file is loaded, once to be executed and once to be written to: below 2 GiB, which every encoding reaches, and
 * above vm.mmap_min_addr. The distance is a multiple of every kernel's page size.
 */
const CODE = 0x400000;
const DATA = 0x10000000;
const PAGE = 0x10000;
const READ = 4;
const WRITE = 2;
const EXECUTE = 1;

/** A static executable (ELF, little-endian) that runs a program on the machine of an instruction set. */
export function executable(program: MachineProgram, set: InstructionSet): Uint8Array {
  const wide = set.elfClass === 2;
  const [headerSize, segmentSize] = wide ? [64, 56] : [52, 32];
  const { constants } = program;
  const start = constants
    ? CONSTANTS_AT - CODE + Math.ceil(constants.length / 8) * 8
    : headerSize + 2 * segmentSize;
  // How long the code is depends on neither labels nor places.
  const codeSize = encode(program, set, CODE + start, () => DATA).length;
  const dataOffset = Math.ceil((start + codeSize) / set.wordSize) * set.wordSize;
  const blocks = layOut(program.data, DATA + dataOffset, set.wordSize);
  const code = encode(program, set, CODE + start, blocks.placeOf);
  const file = new Uint8Array(dataOffset + blocks.size);
  const view = new DataView(file.buffer);
  const word = (at: number, value: number) =>
    wide ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, value, true);
  file.set([0x7f, 0x45, 0x4c, 0x46, set.elfClass, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, set.machine, true);
  view.setUint32(20, 1, true);
  word(24, CODE + start);
  word(wide ? 32 : 28, headerSize);
  view.setUint32(wide ? 48 : 36, set.flags ?? 0, true);
  view.setUint16(wide ? 52 : 40, headerSize, true);
  view.setUint16(wide ? 54 : 42, segmentSize, true);
  view.setUint16(wide ? 56 : 44, 2, true);
  const segment = (index: number, flags: number, offset: number, address: number, size: number) => {
    const at = headerSize + index * segmentSize;
    const [flagsAt, offsetAt, addressAt, sizeAt] = wide ? [4, 8, 16, 32] : [24, 4, 8, 16];
    view.setUint32(at, 1, true);
    view.setUint32(at + flagsAt, flags, true);
    word(at + offsetAt, offset);
    word(at + addressAt, address);
    word(at + addressAt + set.wordSize, address);
    word(at + sizeAt, size);
    word(at + sizeAt + set.wordSize, size);
    word(at + (wide ? 48 : 28), PAGE);
  };
  segment(0, READ | EXECUTE, 0, CODE, dataOffset);
  segment(1, READ | WRITE, dataOffset, DATA + dataOffset, blocks.size);
  file.set(code, start);
  if (constants) file.set(constants, CONSTANTS_AT - CODE);
  writeBlocks(program.data, view, set.wordSize, blocks.placeOf);
  return file;
}

/** Gives each block its address; each begins at a word. */
function layOut(data: readonly Block[], base: number, wordSize: number) {
  const starts = new Map<string, number>();
  let size = 0;
  for (const { name, content } of data) {
    starts.set(name, isMapped(content) ? content.mappedAt : base + size);
    size += Math.ceil(sizeOf(content, wordSize) / wordSize) * wordSize;
  }
  const placeOf = ({ block, plus = 0 }: Place) => {
    const start = starts.get(block);
    if (start === undefined) throw new Error(`the program has no block ${block}`);
    return start + plus;
  };
  return { size: Math.max(size, wordSize), placeOf };
}

function sizeOf(content: Block['content'], wordSize: number): number {
  if (typeof content === 'number') return content;
  if (isMapped(content)) return 0;
  return content.length * (content instanceof Uint8Array ? 1 : wordSize);
}

function isMapped(content: Block['content']): content is { readonly mappedAt: number } {
  return typeof content === 'object' && 'mappedAt' in content;
}

/** Every step twice: lengths do not depend on labels, so the first round finds where these are. */
function encode(
  { steps }: MachineProgram,
  set: InstructionSet,
  start: number,
  place: Addresses['place'],
): Uint8Array {
  const labels = new Map<string, number>();
  let at = start;
  for (const step of steps) {
    if (step.kind === 'label') labels.set(step.name, at);
    at += set.encode(step, at, { label: () => at, place }).length;
  }
  const label = (name: string) => {
    const found = labels.get(name);
    if (found === undefined) throw new Error(`the program has no label ${name}`);
    return found;
  };
  const code = new Uint8Array(at - start);
  let offset = 0;
  for (const step of steps) {
    const bytes = set.encode(step, start + offset, { label, place });
    code.set(bytes, offset);
    offset += bytes.length;
  }
  return code;
}

function writeBlocks(
  data: readonly Block[],
  view: DataView,
  wordSize: number,
  place: Addresses['place'],
): void {
  for (const { name, content } of data) {
    const at = place({ block: name }) - DATA;
    if (typeof content === 'number' || isMapped(content)) continue;
    if (content instanceof Uint8Array) new Uint8Array(view.buffer).set(content, at);
    else
      content.forEach((value, i) => {
        const number = constantOf(value, place);
        if (wordSize === 8) view.setBigUint64(at + 8 * i, BigInt.asUintN(64, number), true);
        else view.setUint32(at + 4 * i, Number(BigInt.asUintN(32, number)), true);
      });
  }
}

function constantOf(value: Value, place: Addresses['place']): bigint {
  if (typeof value !== 'object') return BigInt(value);
  if ('word' in value) throw new Error('data holds numbers and addresses, not what is known only later');
  return BigInt(place(value.address));
}
