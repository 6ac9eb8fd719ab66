import { closeSync, openSync } from 'node:fs';
import { libc, SyscallError } from '../libc.ts';
import { nativeNumber } from '../machine.ts';
import type { KernelTypes } from './btf.ts';
import { attachAsPerfEvent } from './perf-event.ts';

/** bpf(2)'s commands, map types and program types (linux/bpf.h). */
const MAP_CREATE = 0;
const MAP_LOOKUP_ELEM = 1;
const MAP_UPDATE_ELEM = 2;
const MAP_DELETE_ELEM = 3;
const MAP_GET_NEXT_KEY = 4;
const PROG_LOAD = 5;
const OBJ_GET_INFO_BY_FD = 15;
const RAW_TRACEPOINT_OPEN = 17;
const PROG_TYPE_TRACEPOINT = 5;
const PROG_TYPE_TRACING = 26;
const ENOENT = 2;
const EPERM = 1;
/** No map of callgate's holds more. */
const MOST_ENTRIES = 65_536;

export const MAP_TYPE = { hash: 1, array: 2, cgroupArray: 8, recentHash: 9 } as const;
/** BPF_TRACE_RAW_TP: the program runs at a tracepoint and may follow the kernel's own pointers. */
const TRACE_RAW_TP = 23;

/** struct bpf_prog_info up to recursion_misses, which Linux has since 5.12. */
const PROGRAM_INFO = { size: 216, misses: 208 };

/**
 * What a program is attached to: a raw tracepoint, by the typedef btf_trace_* that describes it, from which the program gets
 * the kernel's own arguments; or, by the number that tracefs gives it, an event, from which it gets the event's record.
 */
export type Tracepoint = { readonly typeId: number } | { readonly eventId: number };

/** A raw tracepoint by the kernel's name of it; undefined when this kernel has none of that name. */
export function rawTracepoint(types: KernelTypes, name: string): Tracepoint | undefined {
  const typeId = types.id('typedef', `btf_trace_${name}`);
  return typeId === undefined ? undefined : { typeId };
}

/** Everything that a set of BPF programs holds open; when it closes, the kernel forgets them. */
export class BpfObjects {
  private readonly fds: number[] = [];
  private readonly watched: number[] = [];

  createMap(type: number, keySize: number, valueSize: number, entries: number, name: string): number {
    const attr = Buffer.alloc(48);
    [type, keySize, valueSize, entries].forEach((value, i) => {
      attr.writeUInt32LE(value, i * 4);
    });
    attr.write(name, 28, 15, 'latin1');
    return this.keep(withLockedMemory(() => bpf(MAP_CREATE, attr, `creating the map ${name}`)));
  }

  /** A map of one cgroup, for asking whether a task is below it. */
  createCgroupMap(path: string, name: string): number {
    const map = this.createMap(MAP_TYPE.cgroupArray, 4, 4, 1, name);
    const folder = openSync(path, 'r');
    try {
      update(map, u32(0), u32(folder));
    } finally {
      closeSync(folder);
    }
    return map;
  }

  /** Loads a program and attaches it. Of one that `mayNotMiss`, `misses` tells how often it did. */
  attach(code: Buffer, to: Tracepoint, name: string, mayNotMiss = false): void {
    const license = Buffer.from('GPL\0');
    const attr = Buffer.alloc(112);
    attr.writeUInt32LE('typeId' in to ? PROG_TYPE_TRACING : PROG_TYPE_TRACEPOINT, 0);
    attr.writeUInt32LE(code.length / 8, 4);
    pointer(attr, 8, code);
    pointer(attr, 16, license);
    attr.write(name, 48, 15, 'latin1');
    if ('typeId' in to) {
      attr.writeUInt32LE(TRACE_RAW_TP, 68);
      attr.writeUInt32LE(to.typeId, 108);
    }
    const program = this.keep(withLockedMemory(() => load(attr, name)));
    const what = `attaching ${name}`;
    this.keep('typeId' in to ? attachRaw(program, what) : attachAsPerfEvent(program, to.eventId, what));
    if (mayNotMiss) this.watched.push(program);
  }

  /**
   * How often a program was passed over because the same one had not come to its end on that CPU: where a tracepoint may
   * be preempted, another task's run stands in the way until it goes on (kernel/trace/bpf_trace.c: __bpf_trace_run).
   */
  misses(): number {
    return this.watched.reduce((sum, program) => sum + missesOf(program), 0);
  }

  close(): void {
    for (const fd of this.fds.reverse()) closeSync(fd);
    this.fds.length = 0;
  }

  private keep(fd: number): number {
    this.fds.push(fd);
    return fd;
  }
}

export function lookUp(map: number, key: Buffer, value: Buffer): Buffer {
  element(MAP_LOOKUP_ELEM, map, key, value);
  return value;
}

/** The value of so many bytes that a key has; undefined when it has none. */
export function find(map: number, key: Buffer, size: number): Buffer | undefined {
  const value = Buffer.alloc(size);
  return there(() => lookUp(map, key, value)) ? value : undefined;
}

export function update(map: number, key: Buffer, value: Buffer): void {
  element(MAP_UPDATE_ELEM, map, key, value);
}

/** Removes an entry, if it is there. */
export function remove(map: number, key: Buffer): void {
  const attr = Buffer.alloc(32);
  attr.writeUInt32LE(map, 0);
  pointer(attr, 8, key);
  there(() => bpf(MAP_DELETE_ELEM, attr, 'removing from a map'));
}

/**
 * Every key and value of a map. Where programs delete entries meanwhile, the walk may begin anew: some come twice then, and it
 * ends after twice as many as the map can hold.
 */
export function* entriesOf(map: number, keySize: number, valueSize: number): Iterable<[Buffer, Buffer]> {
  let key: Buffer | undefined;
  for (let i = 0; i < 2 * MOST_ENTRIES; i++) {
    const next = Buffer.alloc(keySize);
    if (!there(() => element(MAP_GET_NEXT_KEY, map, key, next))) return;
    const value = Buffer.alloc(valueSize);
    if (there(() => lookUp(map, next, value))) yield [next, value];
    key = next;
  }
}

function attachRaw(program: number, what: string): number {
  const link = Buffer.alloc(16);
  link.writeUInt32LE(program, 8);
  return bpf(RAW_TRACEPOINT_OPEN, link, what);
}

function missesOf(program: number): number {
  const info = Buffer.alloc(PROGRAM_INFO.size);
  const attr = Buffer.alloc(16);
  attr.writeUInt32LE(program, 0);
  attr.writeUInt32LE(info.length, 4);
  pointer(attr, 8, info);
  bpf(OBJ_GET_INFO_BY_FD, attr, 'asking about a program');
  return Number(info.readBigUInt64LE(PROGRAM_INFO.misses));
}

/** False when the kernel says that there is no such entry. */
function there(ask: () => unknown): boolean {
  try {
    ask();
    return true;
  } catch (fault) {
    if (fault instanceof SyscallError && fault.errno === ENOENT) return false;
    throw fault;
  }
}

function element(command: number, map: number, key: Buffer | undefined, value: Buffer): void {
  const attr = Buffer.alloc(32);
  attr.writeUInt32LE(map, 0);
  if (key) pointer(attr, 8, key);
  pointer(attr, 16, value);
  bpf(command, attr, 'reading a map');
}

/** bpf(2) itself: a descriptor, or 0. Throws SyscallError. */
export function bpf(command: number, attr: Buffer, what: string): number {
  const result = libc().syscall(nativeNumber('bpf'), command, attr, attr.length);
  if (result < 0) throw new SyscallError(what, libc().errno());
  return result;
}

/** Before Linux 5.11 the memory of maps and programs counts against RLIMIT_MEMLOCK: where that is in the way, it is raised. */
function withLockedMemory<T>(make: () => T): T {
  try {
    return make();
  } catch (fault) {
    if (!(fault instanceof SyscallError && fault.errno === EPERM)) throw fault;
    const before = Buffer.alloc(16);
    const unlimited = Buffer.alloc(16, 0xff);
    if (!lockedMemory(unlimited, before)) throw fault;
    try {
      return make();
    } finally {
      // What is started inherits limits.
      lockedMemory(before);
    }
  }
}

/** Sets RLIMIT_MEMLOCK, soft and hard, and tells what it was; whether that was allowed. */
function lockedMemory(limit: Buffer, before: Buffer | 0 = 0): boolean {
  const RLIMIT_MEMLOCK = 8;
  return libc().syscall(nativeNumber('prlimit64'), 0, RLIMIT_MEMLOCK, limit, before) === 0;
}

function pointer(attr: Buffer, offset: number, target: Buffer): void {
  attr.writeBigUInt64LE(libc().address(target), offset);
}

/** Loads the program; when the verifier refuses it, the error ends with the verifier's last words. */
function load(attr: Buffer, name: string): number {
  const what = `loading the program ${name}`;
  try {
    return bpf(PROG_LOAD, attr, what);
  } catch {
    const log = Buffer.alloc(1 << 18);
    attr.writeUInt32LE(1, 24);
    attr.writeUInt32LE(log.length, 28);
    pointer(attr, 32, log);
    try {
      return bpf(PROG_LOAD, attr, what);
    } catch (fault) {
      const words = log.toString('latin1', 0, log.indexOf(0)).trim().split('\n').slice(-4).join('; ');
      // Of a program that it has nothing against, the verifier tells only how much it looked at.
      if (fault instanceof SyscallError && words && !words.startsWith('processed'))
        throw new SyscallError(`${what} (${words})`, fault.errno);
      throw fault;
    }
  }
}

/** A key or value of 32 bits. */
export function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}
