import { recordingOf } from '@callgate/testing/recordings';
import { describe, expect, it } from 'vitest';
import { synthesize } from '../../src/build/synthesize.ts';
import {
  type Observation,
  parseRecording,
  type Recording,
  stringifyRecording,
} from '../../src/recording/recording.ts';
import { type AbiName, X32_BIT } from '../../src/syscalls/arch.ts';
import { numberOf } from '../../src/syscalls/lookup.ts';

function seen(arch: AbiName, name: string, count = 1, denied = 0): Observation {
  return { arch, nr: numberOf(arch, name)!, name, count, phase: 'run', denied };
}

function recording(kernel: string, ...observations: Observation[]): Recording {
  return recordingOf(observations, { machine: { arch: 'x86_64', kernel } });
}

describe('synthesize', () => {
  it('allows what was seen and what any process needs, sorted, and nothing else', () => {
    const { profile, reasons } = synthesize([
      recording('6.18.44', seen('x86_64', 'write', 3), seen('x86_64', 'brk')),
    ]);
    const [allow] = profile.rules;
    const names = allow.names.map((n) => n.value);
    expect(names).toEqual(names.toSorted());
    for (const needed of [
      'brk',
      'write',
      'execve',
      'exit_group',
      'rt_sigreturn',
      'restart_syscall',
      'clock_gettime',
    ])
      expect(names).toContain(needed);
    for (const foreign of ['sigreturn', 'openat', 'mkdir']) expect(names).not.toContain(foreign);
    expect(reasons.get('write')).toEqual([{ kind: 'seen', count: 3, runs: 1, phases: ['run'] }]);
    expect(profile.architectures.map((a) => a.value)).toEqual(['SCMP_ARCH_X86_64']);
    expect(profile.defaultErrnoRet?.value).toBe(1);
  });

  it('adds an ABI that was used, with what it needs', () => {
    const { profile } = synthesize([recording('6.18', seen('x86_64', 'execve'), seen('x86', 'mmap2'))]);
    expect(profile.architectures.map((a) => a.value)).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
    const names = profile.rules[0].names.map((n) => n.value);
    expect(names).toContain('mmap2');
    expect(names).toContain('sigreturn');
  });

  it('answers calls that are newer than the kernel with ENOSYS, unless they were seen', () => {
    const { newer, profile } = synthesize([
      recording('5.4.0', seen('x86_64', 'read'), seen('x86_64', 'openat2')),
    ]);
    expect(newer).toContain('faccessat2');
    expect(newer).toContain('close_range');
    expect(newer).not.toContain('openat2');
    expect(newer).not.toContain('clone3');
    expect(profile.rules[1].errnoRet?.value).toBe(38);
  });

  it('joins runs, and leaves out what was only denied or has no name', () => {
    const odd: Observation = { arch: 'x86_64', nr: 999, name: '', count: 2, phase: 'run', denied: 0 };
    const { reasons, unnamed, deniedOnly } = synthesize([
      recording('6.1', seen('x86_64', 'read', 2), seen('x86_64', 'mkdir', 0, 4)),
      recording('6.1', seen('x86_64', 'read', 5), odd),
    ]);
    expect(reasons.get('read')).toEqual([{ kind: 'seen', count: 7, runs: 2, phases: ['run'] }]);
    expect(reasons.has('mkdir')).toBe(false);
    expect(deniedOnly).toEqual(['mkdir']);
    expect(unnamed).toEqual([odd]);
  });

  it('tells the ABIs of which it knows neither a recording nor their names for calls', () => {
    const abis = ['x86_64', 'x86', 'x32', 'aarch64', 'riscv64', 's390x', 'mips', 'ppc64', 's390'] as const;
    const here = recording('6.1', seen('x86_64', 'read'));
    expect(synthesize([here], { abis }).unprojected).toEqual(['mips', 'ppc64', 's390']);
    const there = { ...here, machine: { ...here.machine, arch: 'mips' as const } };
    const recordings = [here, { ...there, observations: [seen('mips', 'read')] }] as const;
    expect(synthesize(recordings, { abis }).unprojected).toEqual(['ppc64', 's390']);
    expect(synthesize([recordings[1]], { abis: ['mips', 'mipsel', 'x86_64'] }).unprojected).toEqual([
      'x86_64',
    ]);
    expect(synthesize([here]).unprojected).toEqual([]);
  });
});

describe('a recording file', () => {
  it('is read back as it was written', () => {
    const original = recording('6.18', seen('x86_64', 'read'), {
      ...seen('x32', 'getpid'),
      nr: X32_BIT + 39,
    });
    expect(parseRecording(stringifyRecording(original)).value).toEqual(original);
  });

  it.each([
    '{}',
    '[]',
    '{"schema":"callgate-recording/2"}',
    '{"schema":"callgate-recording/1","machine":{"arch":"x86_64","kernel":"6"},"runs":1,"lost":0,"ambiguous":0,"observations":[{"arch":"x86_64","nr":-1,"name":"","count":1,"denied":0}]}',
    '{"schema":"callgate-recording/1","machine":{"arch":"vax","kernel":"6"},"runs":1,"lost":0,"ambiguous":0,"observations":[]}',
    '{',
  ])('%s is refused with one diagnostic', (text) => {
    const { value, diagnostics } = parseRecording(text);
    expect(value).toBeUndefined();
    expect(diagnostics).toHaveLength(1);
  });
});
