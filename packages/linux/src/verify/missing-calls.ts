import { actionWord } from '@callgate/engine/internal/bpf/action';
import { missingCalls } from '@callgate/engine/internal/runtime/library-plan';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { thisMachine } from '../machine.ts';
import { runLibseccomp } from './libseccomp.ts';

/** What this machine's libseccomp does not know of the machine's calls, as `ABI NAME`, and its release; nothing without one. */
export async function missingFromLibrary(): Promise<{
  readonly release?: string;
  readonly lacks: readonly string[];
}> {
  const { abi } = thisMachine();
  const architectures: AbiName[] = [abi.name, ...abi.subAbis];
  const names = new Set(architectures.flatMap((name) => callsOf(name).map(([call]) => call)));
  const plan = {
    defaultWord: actionWord({ kind: 'ERRNO', data: 1 }),
    architectures,
    optimize: 1 as const,
    calls: [...names].map((name) => ({
      name,
      word: actionWord({ kind: 'ALLOW', data: 0 }),
      conditions: [],
    })),
  };
  const result = await runLibseccomp(plan, { foreign: false, endian: abiOf(abi.name).endian });
  if (result.kind !== 'filter') return { lacks: [] };
  return { release: result.release, lacks: missingCalls(result.lacking) };
}
