import { constants } from 'node:os';
import { FLAG_NEW_LISTENER } from '@callgate/engine/internal/runtime/filter-flags';
import { libc } from '@callgate/linux/internal/libc';
import { nativeNumber } from '@callgate/linux/internal/machine';
import { type Callgate, said } from './callgate.ts';
import type { Finding } from './finding.ts';

const SECCOMP_SET_MODE_FILTER = 1;
/** linux/seccomp.h; TSYNC and a listener exclude each other, and a listener's flag stands beside it alone. */
const FLAGS = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32 | FLAG_NEW_LISTENER,
};

/** callgate warns of those flags that the kernel lacks, and of no other. */
export function flagsFinding(callgate: Callgate): Finding {
  const profile = { defaultAction: 'SCMP_ACT_ALLOW', flags: Object.keys(FLAGS), syscalls: [] };
  const ended = callgate.run('show', callgate.newFile(JSON.stringify(profile)));
  const warned = [...ended.stderr.matchAll(/(SECCOMP_\w+) came with Linux/g)].map(([, flag]) => flag);
  const lacking = Object.entries(FLAGS).flatMap(([name, bits]) => (isLacking(bits) ? [name] : []));
  const isRight = ended.status === 0 && String(warned) === String(lacking);
  return isRight
    ? { area: 'flags', is: 'right', detail: `lacks ${lacking.join(', ') || 'none'}` }
    : { area: 'flags', is: 'wrong', detail: `the kernel lacks ${lacking.join(', ')}; ${said(ended)}` };
}

/** Of a filter at no address a kernel says EFAULT, and EINVAL where it does not know the flags. */
function isLacking(bits: number): boolean {
  libc().syscall(nativeNumber('seccomp'), SECCOMP_SET_MODE_FILTER, bits, 0);
  return libc().errno() === constants.errno.EINVAL;
}
