import { instruction } from '@callgate/engine/internal/bpf/instruction';
import { RET_K } from '@callgate/engine/internal/bpf/opcodes';
import { AuditListener } from '@callgate/linux/internal/kernel-log/audit-listener';
import { launch } from '@callgate/linux/internal/launch/launch';
import { describeWith } from '@callgate/testing/requirements';
import { expect, it } from 'vitest';

const RET_LOG = 0x7ffc0000;

/** Makes thousands of calls, each of which makes a record. */
async function makeRecords(): Promise<void> {
  const launched = await launch({
    command: ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=3000'],
    env: { PATH: process.env.PATH },
    stdio: 'ignore',
    filter: [instruction(RET_K, RET_LOG)],
    noNewPrivs: true,
  });
  await launched.go();
  await launched.ended;
}

describeWith(['root', 'audit'], 'audit listener', () => {
  it('counts every record that it has no room for, and none otherwise', async () => {
    const [roomy, small] = [new AuditListener(), new AuditListener(64 * 1024)];
    try {
      await makeRecords();
      const [all, heard] = [roomy, small].map((listener) => [...listener.records()].length);
      expect(all).toBeGreaterThan(6000);
      expect(heard).toBeLessThan(all / 2);
      expect(roomy.losses()).toEqual({ lost: 0, notes: [] });
      const { lost } = small.losses();
      // Records of other types may have come meanwhile.
      expect(heard + lost).toBeGreaterThanOrEqual(all);
      expect(heard + lost).toBeLessThan(all + 100);
    } finally {
      for (const listener of [roomy, small]) listener.close();
    }
  });
});
