import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { contemporariesOf } from '@callgate/linux/internal/container/contemporaries';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const OWN = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const TIMES = ['2026-01-31T10:00:00Z', '2026-01-31T10:00:05Z'];
const lines = [
  ['/dead', ...TIMES, false, ['seccomp={}']],
  ['/alive', TIMES[0], '0001-01-01T00:00:00Z', true, ['label=x', 'seccomp=/p.json']],
  ['/usual', ...TIMES, false, null],
  ['/open', ...TIMES, false, ['seccomp=unconfined']],
  ['/created', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z', false, ['seccomp={}']],
].map((fields) => JSON.stringify(fields));

const folder = mkdtempSync(join(tmpdir(), 'callgate-contemporaries-'));
const PATH = process.env.PATH;
beforeAll(() => {
  const program = (name: string, script: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  const all = [...lines, 'no JSON'].map((line) => `'${line}'`).join(' ');
  program(
    'docker',
    `[ "$1" = ps ] && { printf '%s\\n' ${OWN} ${OTHER}; exit; }
case " $* " in *" ${OWN} "*) exit 1; esac
printf '%s\\n' ${all}`,
  );
  program('podman', 'exit 125');
  process.env.PATH = `${folder}${delimiter}${PATH}`;
});
afterAll(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true, force: true });
});

describe('what ran beside a container', () => {
  it('are others under profiles of their own that were started', async () => {
    const [from, to] = TIMES.map((time) => Date.parse(time));
    expect(await contemporariesOf(OWN)).toEqual([
      { title: 'docker:dead', from, to },
      { title: 'docker:alive', from },
    ]);
  });
});
