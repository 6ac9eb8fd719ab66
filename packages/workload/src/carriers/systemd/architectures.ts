import type { Span } from '@callgate/engine/internal/diagnostics/span';
import { quote } from '@callgate/engine/internal/source/tree';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import type { ListFaults } from '../list/faults.ts';
import { wordsIn } from '../list/lines.ts';
import { SUB_ARCHITECTURES } from '../list/machines.ts';
import { type Assignment, valueSpan } from './unit.ts';

/** What SystemCallArchitectures= names, systemd.exec(5). */
export const ARCHITECTURES: Readonly<Record<string, AbiName>> = {
  x86: 'x86',
  'x86-64': 'x86_64',
  x32: 'x32',
  arm: 'arm',
  arm64: 'aarch64',
  loongarch64: 'loongarch64',
  mips: 'mips',
  mips64: 'mips64',
  'mips64-n32': 'mips64n32',
  'mips-le': 'mipsel',
  'mips64-le': 'mipsel64',
  'mips64-le-n32': 'mipsel64n32',
  parisc: 'parisc',
  parisc64: 'parisc64',
  ppc: 'ppc',
  ppc64: 'ppc64',
  'ppc64-le': 'ppc64le',
  riscv64: 'riscv64',
  s390: 's390',
  s390x: 's390x',
};

/** The ABIs beside the native one that a unit's programs may use; all that the machine has where it says nothing. */
export function architecturesOf(
  assignments: readonly Assignment[],
  faults: ListFaults,
): { readonly subArchitectures: typeof SUB_ARCHITECTURES; readonly span?: Span } {
  let named: Set<AbiName | 'native'> = new Set();
  let span: Span | undefined;
  for (const assignment of assignments) {
    const { line, from, to } = assignment;
    if (from === to) named = new Set();
    span = valueSpan(assignment);
    for (const word of wordsIn(line, from, to)) {
      const abi = Object.hasOwn(ARCHITECTURES, word.value) ? ARCHITECTURES[word.value] : undefined;
      if (abi || word.value === 'native') named.add(abi ?? 'native');
      else
        faults.warn(
          'unknown-architecture',
          `systemd has no architecture ${quote(word.value)} and passes over it`,
          word.span,
          'it has native, x86, x86-64, x32, arm, arm64 and others',
        );
    }
  }
  if (named.size === 0) return { subArchitectures: SUB_ARCHITECTURES };
  const kept = Object.entries(SUB_ARCHITECTURES).map(([native, subs]) => [
    native,
    subs.filter((sub) => named.has(sub)),
  ]);
  return { subArchitectures: Object.fromEntries(kept), span };
}
