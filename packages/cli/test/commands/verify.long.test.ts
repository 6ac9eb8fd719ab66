import { callgate } from '@callgate/testing/callgate';
import { profile } from '@callgate/testing/filter-files';
import { describeWith } from '@callgate/testing/requirements';
import { describe, expect, it } from 'vitest';

const few = profile('few.json', {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  syscalls: [
    { names: ['mkdir', 'chmod'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
    {
      names: ['socket'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 0, value: 16, op: 'SCMP_CMP_EQ' }],
    },
  ],
});

describe.each(['runc', 'crun'] as const)('%s', (runtime) => {
  describeWith(['root', runtime], 'as root', () => {
    it('has the filter of a container that it creates compared with the profile', async () => {
      const { status, stdout, stderr } = await callgate(['verify', few, '--against', runtime, '--json']);
      expect([status, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout)).toMatchObject({ equal: true, differences: [] });
      expect(JSON.parse(stdout).against).toMatch(new RegExp(`^${runtime} \\d`));
    });

    it('works where doctor says so', async () => {
      const { stdout } = await callgate(['doctor', '--json']);
      const checks: { name: string; ok: boolean; why?: string }[] = JSON.parse(stdout).checks;
      const check = checks.find(({ name }) => name.startsWith(`verify against ${runtime}`));
      const { status } = await callgate(['verify', few, '--against', runtime]);
      expect(check).toMatchObject({ ok: status === 0 });
    });
  });
});
