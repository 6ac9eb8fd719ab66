import { readListing } from '@callgate/engine/internal/bpf/read-listing';
import { describe, expect, it } from 'vitest';

/** arch == x86_64 && nr == mkdir → ALLOW, everything else → KILL_THREAD. */
const PROGRAM = [
  { code: 0x20, jt: 0, jf: 0, k: 4 },
  { code: 0x15, jt: 0, jf: 3, k: 0xc000003e },
  { code: 0x20, jt: 0, jf: 0, k: 0 },
  { code: 0x15, jt: 0, jf: 1, k: 83 },
  { code: 0x06, jt: 0, jf: 0, k: 0x7fff0000 },
  { code: 0x06, jt: 0, jf: 0, k: 0 },
];

const LISTINGS = {
  'a program in C': `#include <linux/filter.h>
/* not this: { 0x06, 0, 0, 0 } */
static struct sock_filter filter[] = {
\t{ 0x20, 0, 0, 0x00000004 }, /* arch */
\t{ 0x15, 0, 3, 0xc000003e }, /* arch == x86_64 { */
\t{ 0x20, 0, 0, 0x00000000 }, /* nr */
\t{ 0x15, 0, 1, 83 },
\t{ 0x06, 0, 0, 0x7fff0000 }, /* ALLOW */
\t{ 0x06, 0, 0, 0 },
};
int main(void) { int more[] = { 1, 2, 3, 4 }; return 0; }
`,
  'seccomp-tools dump': ` line  CODE  JT   JF      K
=================================
 0000: 0x20 0x00 0x00 0x00000004  A = arch
 0001: 0x15 0x00 0x03 0xc000003e  if (A != ARCH_X86_64) goto 0005
 0002: 0x20 0x00 0x00 0x00000000  A = sys_number
 0003: 0x15 0x00 0x01 0x00000053  if (A != mkdir) goto 0005
 0004: 0x06 0x00 0x00 0x7fff0000  return ALLOW
 0005: 0x06 0x00 0x00 0x00000000  return KILL
`,
  'firejail --debug': ` line  OP JT JF    K
=================================
 0000: 20 00 00 00000004   ld  data.architecture
 0001: 15 00 03 c000003e   jeq ARCH_64 0002 (false 0005)
 0002: 20 00 00 00000000   ld  data.syscall-number
 0003: 15 00 01 00000053   jeq mkdir 0004 (false 0005)
 0004: 06 00 00 7fff0000   ret ALLOW
 0005: 06 00 00 00000000   ret KILL
`,
  'scmp_bpf_disasm, with the ends of lines of Windows': ` line  OP   JT   JF   K\r
=================================\r
 0000: 0x20 0x00 0x00 0x00000004   ld  $data[4]\r
 0001: 0x15 0x00 0x03 0xc000003e   jeq 3221225534 true:0002 false:0005\r
 0002: 0x20 0x00 0x00 0x00000000   ld  $data[0]\r
 0003: 0x15 0x00 0x01 0x00000053   jeq 83   true:0004 false:0005\r
 0004: 0x06 0x00 0x00 0x7fff0000   ret ALLOW\r
 0005: 0x06 0x00 0x00 0x00000000   ret KILL\r
`,
  'tcpdump -dd': `{ 0x20, 0, 0, 0x00000004 },
{ 0x15, 0, 3, 0xc000003e },
{ 0x20, 0, 0, 0x00000000 },
{ 0x15, 0, 1, 0x00000053 },
{ 0x6, 0, 0, 0x7fff0000 },
{ 0x6, 0, 0, 0x00000000 },
`,
  'tcpdump -ddd': '6\n32 0 0 4\n21 0 3 3221225534\n32 0 0 0\n21 0 1 83\n6 0 0 2147418112\n6 0 0 0\n',
  bpf_asm: `; only mkdir
start: ld [4]
  jeq #0xc000003e, next, kill
next: ld [0]
  jeq #83, allow, kill
allow: ret #0x7fff0000
kill: ret #0
`,
};

describe('a listing', () => {
  it.each(Object.entries(LISTINGS))('is a program: %s', (_, text) => {
    expect(readListing(text)?.program).toEqual(PROGRAM);
  });

  it.each([
    ['a profile', 'defaultAction: SCMP_ACT_ALLOW'],
    ['a profile in JSON', '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}'],
    ['a list of names', 'read\nwrite\n'],
    ['a table without its first row', LISTINGS['seccomp-tools dump'].replace(/ 0000:.*\n/, '')],
    ['a table with a row twice', LISTINGS['seccomp-tools dump'].replace(/( 0003:.*\n)/, '$1$1')],
    ['fewer rows than promised', LISTINGS['tcpdump -ddd'].replace('6', '7')],
    ['nothing', ''],
  ])('is not %s', (_, text) => {
    expect(readListing(text)).toBeUndefined();
  });
});
