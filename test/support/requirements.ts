import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { ebpf } from '@callgate/linux/recorders/ebpf';
import { describe, it } from 'vitest';

/** Real parts that a test may need; CALLGATE_REQUIRE=root,ebpf,… makes a missing one a failure instead of a skip. */
const PROBES = {
  root: () => process.getuid?.() === 0,
  ebpf: () => ebpf.unavailable() === undefined,
  strace: () => hasCommand('strace'),
  gcc: () => hasCommand('gcc'),
  libseccomp: () => existsSync('/usr/lib/x86_64-linux-gnu/libseccomp.so.2'),
  i386: () => process.arch === 'x64' && !spawnSync('true').error,
} satisfies Record<string, () => boolean>;

export type Requirement = keyof typeof PROBES;

function hasCommand(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** describe(), for tests that need those parts. */
export function describeWith(needs: readonly Requirement[], name: string, body: () => void): void {
  const missing = needs.filter((need) => !PROBES[need]());
  const required = (process.env.CALLGATE_REQUIRE ?? '').split(',');
  const demanded = missing.filter((need) => required.includes(need) || required.includes('all'));
  if (demanded.length > 0) {
    it(`${name}: needs ${demanded.join(', ')}`, () => {
      throw new Error(`CALLGATE_REQUIRE demands ${demanded.join(', ')}, which this machine lacks`);
    });
  } else if (missing.length > 0) describe.skip(`${name} (needs ${missing.join(', ')})`, body);
  else describe(name, body);
}
