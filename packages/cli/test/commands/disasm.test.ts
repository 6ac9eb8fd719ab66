import { callgate } from '@callgate/testing/callgate';
import { bytes, compiled, conditional, expectEqual, path } from '@callgate/testing/filter-files';
import { describe, expect, it } from 'vitest';

describe('disasm', () => {
  it('speaks of a machine of the other byte order', async () => {
    const big = await compiled('raw', 'stock:docker', '--arch', 's390x');
    expect(bytes(big)).toMatch(/^00200000000000040015/);
    const { status, stdout } = await callgate(['disasm', big, '--arch', 's390x']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/jeq #0x80000016.*s390x/);
    const again = path('big.bpf');
    await callgate(['asm', '-', '--arch', 's390x', '-o', again], { input: stdout });
    expect(bytes(again)).toBe(bytes(big));
    await expectEqual('stock:docker', big, '--arch', 's390x');
  });

  it('names ABIs, calls, arguments and actions', async () => {
    const { stdout } = await callgate(['disasm', await compiled('raw', conditional, '--arch', 'x86_64')]);
    for (const name of ['x86_64', 'socket', 'AF_UNIX', 'ALLOW', 'ERRNO(EPERM)'])
      expect(stdout).toContain(name);
  });
});
