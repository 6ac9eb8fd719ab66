import { setTimeout as sleep } from 'node:timers/promises';
import { instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import { RET_K } from '@callgate/engine/internal/bpf/opcodes';
import { AuditListener } from '../../kernel-log/audit-listener.ts';
import { tryCalls } from '../../launch/try-calls.ts';
import { nativeNumber } from '../../machine.ts';

export const RET_LOG = 0x7ffc0000;
/** Allows every call, and logs it. */
export const LOG_ALL: Program = [instruction(RET_K, RET_LOG)];
const PATIENCE_MS = 1000;
const PAUSE_MS = 10;

/**
 * Why no record of a logged call can be heard here, found out by making one; undefined when one was heard. The kernel sends
 * audit records to those who listen in its first network namespace, and to nobody else, whom it lets listen nonetheless.
 */
export async function whyNoRecords(): Promise<string | undefined> {
  const listener = new AuditListener();
  try {
    await tryCalls([{ filter: LOG_ALL, nr: nativeNumber('getpid'), args: [] }]);
    const until = performance.now() + PATIENCE_MS;
    do {
      for (const { code } of listener.records()) if (code >>> 0 === RET_LOG) return undefined;
      await sleep(PAUSE_MS);
    } while (performance.now() < until);
    return "the kernel's audit records do not arrive: it sends them to its first network namespace only";
  } finally {
    listener.close();
  }
}
