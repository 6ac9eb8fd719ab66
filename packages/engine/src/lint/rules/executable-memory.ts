import { advice } from '../../diagnostics/diagnostic.ts';
import type { CallSet } from '../../diagram/call-set.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { argument as argumentField } from '../../diagram/fields.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import type { Judged } from '../judged.ts';
import { inWords } from '../listed.ts';
import { passingPersonality, READ_IMPLIES_EXEC } from '../personality.ts';
import type { PolicyRule } from '../policy-rule.ts';

const PROT_EXEC = 4n;
const READ_WRITE = 3n;
const READ_WRITE_EXEC = 7n;
const MAP_PRIVATE_ANONYMOUS = 0x22n;
const WHOLE = 0xffff_ffff_ffff_ffffn;
/** SHM_EXEC, and not SHM_RDONLY. */
const [SHM_FLAGS, SHM_EXEC] = [0x9000n, 0x8000n];
/** IPC_CREAT, and all rights for oneself. */
const NEW_SEGMENT = 0o1700n;

/** A call that makes memory to which one may write and which one may execute, and when. */
interface Way {
  readonly name: string;
  readonly how: string;
  readonly passing: CallSet;
}

/** What mprotect may not do another call does. */
export const executableMemory: PolicyRule = {
  code: 'executable-memory',
  severity: 'high',
  about:
    'mprotect may not make memory executable, but another call gives memory that a program may write to and execute. What the profile keeps out, code that came as data, runs all the same.',
  *find(judged) {
    const { native } = judged;
    // MAP_ANONYMOUS is another number there, or the arguments of mmap stand in memory.
    if (/^(mips|parisc|s390)/.test(native.name)) return;
    const isFiltered = judged.passes(native, 'mprotect') === 'sometimes';
    if (!isFiltered && !judged.isDeniedByRules(native, 'mprotect')) return;
    if (!judged.isDeniedWith(native, 'mprotect', 2, PROT_EXEC, PROT_EXEC)) return;
    // Of mmap and pkey_mprotect sibling-passes speaks where mprotect is denied altogether.
    const ways = [...(isFiltered ? mappings(judged) : []), ...otherWays(judged)];
    const [first] = ways;
    if (!first) return;
    const witness = judged.witness(native, first.name, first.passing);
    yield {
      message: `mprotect may not make memory executable, but ${inWords(ways.map(({ how }) => how))} ${ways.length > 1 ? 'pass' : 'passes'}, and memory that can be written to can be executed`,
      place: judged.placeOf(judged.verdict(native, first.name, witness.args).origin),
      related: judged.placeOf(judged.verdict(native, 'mprotect', [0n, 0n, PROT_EXEC]).origin),
      witness,
      fix: advice(`deny ${inWords(ways.map(({ how }) => how))}; libraries need mmap with PROT_EXEC alone`),
    };
  },
};

function mappings(judged: Judged): Way[] {
  const hasKeys = ['x86_64', 'x86', 'x32'].includes(judged.native.name) && judged.isInKernel('pkey_mprotect');
  return [
    ...(hasKeys ? way(judged, 'pkey_mprotect', 'PROT_EXEC', PROT_EXEC) : []),
    ...mapping(judged, 'PROT_WRITE|PROT_EXEC', READ_WRITE_EXEC),
  ];
}

/** Private memory with these protections. */
function mapping(judged: Judged, said: string, protections: bigint): Way[] {
  const { native, policy } = judged;
  const { diagram } = policy;
  // Where both are, the arguments of mmap stand in memory.
  const name = numberOf(native.name, 'mmap2') === undefined ? 'mmap' : 'mmap2';
  const mapped = diagram.equals(argumentField(3), MAP_PRIVATE_ANONYMOUS);
  const passing = diagram.and(judged.passingWith(native, name, 2, WHOLE, protections), mapped);
  return passing === Diagram.FALSE ? [] : [{ name, how: `${name} with ${said}`, passing }];
}

/** With these bits of argument 2, where some such call passes. */
function way(judged: Judged, name: string, said: string, bits: bigint, mask = bits): Way[] {
  const passing = judged.passingWith(judged.native, name, 2, mask, bits);
  return passing === Diagram.FALSE ? [] : [{ name, how: `${name} with ${said}`, passing }];
}

function otherWays(judged: Judged): Way[] {
  const segment = judged.passingWith(judged.native, 'shmget', 2, NEW_SEGMENT, NEW_SEGMENT);
  const readable = mapping(judged, 'PROT_READ|PROT_WRITE', READ_WRITE);
  const passing = passingPersonality(judged, READ_IMPLIES_EXEC);
  return [
    ...(segment !== Diagram.FALSE ? way(judged, 'shmat', 'SHM_EXEC', SHM_EXEC, SHM_FLAGS) : []),
    ...(readable.length > 0 && passing !== Diagram.FALSE
      ? [{ name: 'personality', how: 'personality with READ_IMPLIES_EXEC', passing }]
      : []),
  ];
}
