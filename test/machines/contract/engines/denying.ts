import type { Bench } from './bench.ts';
import { MKDIR_FOR_EVER } from './work.ts';

/** Denies what makes folders and leaves the rest alone; the rule has an errno that no runtime gives by itself. */
const DENYING = `{
  "defaultAction": "SCMP_ACT_ALLOW",
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "syscalls": [
    { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13 }
  ]
}
`;
/** Where the name of the call stands in it. */
export const RULE = { line: 5, column: 17 };

/** A file of that profile, and a container under it that tries to make a folder again and again. */
export function startDenied({ callgate, host }: Bench) {
  const profile = callgate.newFile(DENYING);
  return { profile, ...host.start({ command: MKDIR_FOR_EVER, profile }) };
}
