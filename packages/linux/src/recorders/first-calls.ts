import { readFileSync } from 'node:fs';
import { worthOf } from '@callgate/engine/record/worth';
import type { AbiName } from '@callgate/engine/syscalls/arch';
import { prototypeOf } from '@callgate/engine/syscalls/arguments';
import { nameOf } from '@callgate/engine/syscalls/lookup';

/** Who made a call first, and when, in milliseconds since 1970. */
interface First {
  readonly process?: string;
  readonly time: number;
}

/** Remembers the first appearance of every call; /proc is asked only then. */
export class FirstCalls {
  private readonly firsts = new Map<string, First>();

  get(arch: AbiName, nr: number): First | undefined {
    return this.firsts.get(`${arch} ${nr}`);
  }

  set(arch: AbiName, nr: number, pid: number): First {
    const first = { process: commOf(pid), time: Date.now() };
    this.firsts.set(`${arch} ${nr}`, first);
    return first;
  }
}

function commOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}

/** What of a call's arguments is worth keeping, other bits zero; undefined when nothing is. */
export function worthyArguments(arch: AbiName, nr: number, args: readonly bigint[]): bigint[] | undefined {
  const name = nameOf(arch, nr);
  const worth = name === undefined ? undefined : worthOf(name);
  return worth?.map((wanted, i) => {
    if (!wanted) return 0n;
    return prototypeOf(name!)?.[i]?.bits === 64 ? args[i] : args[i] & 0xffff_ffffn;
  });
}
