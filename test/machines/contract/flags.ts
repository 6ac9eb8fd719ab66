import { isUnknownFlag } from '@callgate/linux/internal/launch/known-flags';
import { type Callgate, said } from './callgate.ts';
import type { Finding } from './finding.ts';

/** linux/seccomp.h */
const FLAGS = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};

/** callgate warns of those flags that the kernel lacks, and of no other. */
export function flagsFinding(callgate: Callgate): Finding {
  const profile = { defaultAction: 'SCMP_ACT_ALLOW', flags: Object.keys(FLAGS), syscalls: [] };
  const ended = callgate.run('show', callgate.newFile(JSON.stringify(profile)));
  const warned = [...ended.stderr.matchAll(/(SECCOMP_\w+) came with Linux/g)].map(([, flag]) => flag);
  const lacking = Object.entries(FLAGS).flatMap(([name, bits]) => (isUnknownFlag(bits) ? [name] : []));
  const isRight = ended.status === 0 && String(warned) === String(lacking);
  return isRight
    ? { area: 'flags', is: 'right', detail: `lacks ${lacking.join(', ') || 'none'}` }
    : { area: 'flags', is: 'wrong', detail: `the kernel lacks ${lacking.join(', ')}; ${said(ended)}` };
}
