import { callgate } from '@callgate/testing/callgate';
import { expect, it } from 'vitest';

it('explains one code, of lint and of reading, and says what was meant', async () => {
  expect((await callgate(['rules', 'sibling-passes'])).stdout).toMatch(
    /^sibling-passes \(high\): A rule denies a call, but another call .+\n$/,
  );
  expect((await callgate(['rules', 'unknown-syscall'])).stdout).toMatch(
    /^unknown-syscall: No architecture .+\n$/,
  );
  expect(await callgate(['rules', 'sibling-pases'])).toMatchObject({
    status: 2,
    stderr: 'callgate: there is no rule sibling-pases; did you mean sibling-passes?\n',
  });
});

it('lists every code, a line each', async () => {
  const { stdout } = await callgate(['rules']);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(300);
  const { rules } = JSON.parse((await callgate(['rules', '--json'])).stdout);
  for (const { code } of rules) expect(stdout).toContain(`  ${code} `);
});
