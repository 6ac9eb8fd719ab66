import { readFileSync } from 'node:fs';
import { ACTION_KINDS, ALLOW_WORD } from '@callgate/engine/internal/bpf/action';
import { instruction } from '@callgate/engine/internal/bpf/instruction';
import { LD_ABS, RET_K } from '@callgate/engine/internal/bpf/opcodes';
import {
  filtersOfRuntime,
  OCI_RUNTIMES,
  type OciRuntime,
  runtimeVersion,
} from './container/oci-container.ts';
import { KernelLog } from './kernel-log/kernel-log.ts';
import { tryCalls } from './launch/try-calls.ts';
import { errnoWords } from './libc.ts';
import { nativeNumber, thisMachine } from './machine.ts';
import { filtersReadable } from './process/live-filters.ts';
import { RECORDERS } from './recorders/choose.ts';
import type { Recorder } from './recorders/recorder.ts';
import { runLibseccomp } from './verify/libseccomp.ts';

/** One thing that works here or does not, and why not. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly why?: string;
}

/** What callgate can do on this machine for this user; each check really tries it where that is harmless. */
export async function checkMachine(): Promise<Check[]> {
  const { release, abi } = thisMachine();
  return [
    { name: `Linux ${release}, ${abi.name}`, ok: process.platform === 'linux' },
    actionsCheck(),
    await enforceCheck(),
    ...(await Promise.all(RECORDERS.map(recorderCheck))),
    kernelLogCheck(),
    filterReaderCheck(),
    await libseccompCheck(),
    ...(await Promise.all(OCI_RUNTIMES.map(runtimeCheck))),
  ];
}

async function recorderCheck(recorder: Recorder): Promise<Check> {
  const why = recorder.unavailable() ?? (await recorder.unavailableByTrial?.());
  const name = `record with ${recorder.id}`;
  return why === undefined ? { name, ok: true } : { name, ok: false, why };
}

/** The actions that the kernel knows (kernel/seccomp.c: seccomp_actions_avail). */
function actionsCheck(): Check {
  const name = 'seccomp filters, all actions';
  try {
    const known = readFileSync('/proc/sys/kernel/seccomp/actions_avail', 'latin1').trim().split(' ');
    const missing = ACTION_KINDS.filter((kind) => !known.includes(kernelName(kind)));
    return missing.length === 0
      ? { name, ok: true }
      : { name, ok: false, why: `this kernel lacks ${missing.join(', ')}` };
  } catch {
    return { name, ok: false, why: 'this kernel has no seccomp filters' };
  }
}

function kernelName(kind: string): string {
  return kind === 'NOTIFY' ? 'user_notif' : kind.toLowerCase();
}

/** Installs a filter in a process of its own and makes a call under it. */
async function enforceCheck(): Promise<Check> {
  const name = 'enforce a profile';
  try {
    const allowAll = [instruction(LD_ABS, 0), instruction(RET_K, ALLOW_WORD)];
    const [end] = await tryCalls([{ filter: allowAll, nr: nativeNumber('getpid'), args: [] }]);
    if (end.kind === 'refused')
      return { name, ok: false, why: `the kernel takes no filter: ${errnoWords(end.errno)}` };
    return end.kind === 'returned'
      ? { name, ok: true }
      : { name, ok: false, why: 'a process under a filter could not make a call' };
  } catch (fault) {
    return { name, ok: false, why: fault instanceof Error ? fault.message : String(fault) };
  }
}

function kernelLogCheck(): Check {
  const name = 'read denials from the kernel log';
  const log = KernelLog.open();
  log?.close();
  return log ? { name, ok: true } : { name, ok: false, why: 'it needs root, or kernel.dmesg_restrict=0' };
}

function filterReaderCheck(): Check {
  const name = 'read the filters of running processes';
  const why = filtersReadable();
  return why === undefined ? { name, ok: true } : { name, ok: false, why };
}

/** Has the library make the smallest filter that there is. */
async function libseccompCheck(): Promise<Check> {
  const name = 'verify against libseccomp';
  const plan = { defaultWord: ALLOW_WORD, architectures: [], optimize: 1, calls: [] } as const;
  const result = await runLibseccomp(plan, { foreign: false, endian: thisMachine().abi.endian });
  if (result.kind === 'filter') return { name: `${name} ${result.release}`, ok: true };
  const why = result.kind === 'missing' ? 'it is not installed (libseccomp.so.2)' : `it ${result.kind}`;
  return { name, ok: false, why };
}

async function runtimeCheck(runtime: OciRuntime): Promise<Check> {
  const version = await runtimeVersion(runtime);
  const name = `verify against ${runtime}`;
  if (version === undefined) return { name, ok: false, why: 'it is not installed' };
  if (process.getuid?.() !== 0) return { name, ok: false, why: 'it needs root' };
  try {
    const filters = await filtersOfRuntime(runtime, SMALL_PROFILE);
    return filters.length > 0
      ? { name: `${name} ${version.release}`, ok: true }
      : { name, ok: false, why: 'a container that it has created has no filter' };
  } catch (fault) {
    return { name, ok: false, why: fault instanceof Error ? fault.message : String(fault) };
  }
}

/** A profile under which a container is created to find out whether that works. */
const SMALL_PROFILE =
  '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kexec_load"], "action": "SCMP_ACT_ERRNO"}]}';
