import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-ps-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const PATH = process.env.PATH;
afterEach(() => {
  process.env.PATH = PATH;
});

describe('ps, of an engine that answers with an error', () => {
  beforeEach(() => {
    const program = join(folder, 'docker');
    writeFileSync(program, '#!/bin/sh\necho "permission denied" >&2\nexit 1\n');
    chmodSync(program, 0o755);
    process.env.PATH = `${folder}${delimiter}${PATH}`;
  });

  it('does not say that nothing runs', async () => {
    const { status, stdout, stderr } = await callgate(['ps', '--engine', 'docker']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'no container is seen\n' });
    expect(stderr).toContain('docker does not answer: permission denied');
  });

  it('cannot say that each container has a filter', async () => {
    const { status, stderr } = await callgate(['ps', '--engine', 'docker', '--fail-on', 'unconfined']);
    expect(status).toBe(2);
    expect(stderr).toContain('not every container was seen');
  });

  it('is not in the way of other engines', async () => {
    const { status } = await callgate(['ps', '--engine', 'crio', '--fail-on', 'unconfined']);
    expect(status).toBe(0);
  });
});
