import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recording } from '@callgate/engine/internal/recording/recording';
import { spawnCallgate } from '@callgate/testing/callgate';
import { Undo } from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const programOf = (calls: number) => `
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main() {
  for (unsigned i = 0; i < ${calls}; i++) ioctl(0, i, 0);
  syscall(SYS_getpriority, 0, 0);
  return 0;
}`;

const undo = new Undo();
afterAll(() => undo.run());

/** More calls than the recorder has room for. */
const RECORDERS: readonly (readonly [recorder: string, calls: number, needs: readonly Requirement[]])[] = [
  ['ebpf', 70_000, ['root', 'ebpf']],
  ['notify', 2_000, []],
];

describe.each(RECORDERS)('%s --args', (recorder, calls, needs) => {
  describeWith([...needs, 'gcc'], 'of a call with more arguments than there is room for', () => {
    let recording: Recording;
    let size: number;
    beforeAll(() => {
      const folder = undo.folder();
      const [source, program, file] = ['many.c', 'many', 'many.json'].map((name) => join(folder, name));
      writeFileSync(source, programOf(calls));
      execFileSync('gcc', ['-O1', '-o', program, source]);
      const { status, stderr } = spawnCallgate([
        'record',
        '-q',
        '-r',
        recorder,
        '--args',
        '-o',
        file,
        '--',
        program,
      ]);
      expect([status, stderr]).toEqual([0, '']);
      const text = readFileSync(file, 'utf8');
      size = text.length;
      recording = JSON.parse(text);
    }, 120_000);

    it('counts each call, those too that come when it is full', () => {
      const countOf = (name: string) => recording.observations.find((o) => o.name === name)?.count;
      expect([recording.lost, countOf('ioctl'), countOf('getpriority')]).toEqual([0, calls, 1]);
    });

    it('keeps so many arguments that callgate reads its own file', () => {
      const [{ args = [] }] = recording.observations.filter((o) => o.name === 'ioctl');
      expect(args.length).toBeGreaterThan(100);
      expect(args.reduce((sum, { count }) => sum + count, 0)).toBeLessThan(calls);
      expect(size).toBeLessThan(1_000_000);
    });
  });
});
