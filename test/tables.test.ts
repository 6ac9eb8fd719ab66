import { createRequire } from 'node:module';
import { ABIS, type AbiName } from '@callgate/engine/internal/syscalls/arch';
import { allNames, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { multiplexed } from '@callgate/engine/internal/syscalls/multiplex';
import { describeWith } from '@callgate/testing/requirements';
import { expect, it } from 'vitest';

/** SCMP_ARCH_* where it is not AUDIT_ARCH_* (seccomp.h: SCMP_ARCH_X32 marks itself with a bit of its own). */
const TOKENS: Readonly<Record<string, number>> = { x32: 0x4000003e };
const NOT_FOUND = -1;
/** A number that later releases of libseccomp's table no longer give. */
const CORRECTED = 'parisc64 _llseek';

describeWith(['libseccomp'], 'the tables against libseccomp', () => {
  const koffi = createRequire(import.meta.url)('koffi');
  const resolve = koffi
    .load('libseccomp.so.2')
    .func('int seccomp_syscall_resolve_name_arch(uint32_t arch, const char *name)');

  it.each(ABIS.map((a) => a.name))('%s', (abi) => {
    const { auditArch, multiplexed: hasMultiplexers } = ABIS.find((a) => a.name === abi)!;
    const wrong = allNames().filter((name) => {
      const theirs: number = resolve(TOKENS[abi] ?? auditArch, name);
      // Multiplexed names get a pseudo number; names and ABIs younger than this libseccomp get none.
      if (`${abi} ${name}` === CORRECTED) return false;
      if (theirs === NOT_FOUND || (hasMultiplexers && multiplexed(name))) return false;
      const mine = numberOf(abi, name);
      return theirs < 0 ? mine !== undefined && !isYounger(name, abi) : mine !== theirs;
    });
    expect(wrong).toEqual([]);
  });
});

/** Numbers that are younger than the oldest libseccomp that this test meets (2.5.4). */
function isYounger(name: string, abi: AbiName): boolean {
  const { base } = ABIS.find((a) => a.name === abi)!;
  return numberOf(abi, name)! - base >= 425;
}
