import type { Verb } from './command.ts';

interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  /** Its exit status is that of a program that it runs. */
  readonly passesOnStatus?: true;
  load(): Promise<Verb>;
}

/** Every verb, in the order of --help; only the one that is asked for is loaded. */
export const VERBS: readonly VerbEntry[] = [
  {
    name: 'record',
    passesOnStatus: true,
    summary: 'run a program and write down every system call it makes',
    load: async () => (await import('./commands/record.ts')).record,
  },
  {
    name: 'build',
    summary: 'make the smallest profile out of recordings',
    load: async () => (await import('./commands/build.ts')).build,
  },
  {
    name: 'read',
    summary: 'say what a log of any tool tells of system calls',
    load: async () => (await import('./commands/read.ts')).read,
  },
  {
    name: 'shrink',
    summary: 'find calls that a workload can do without, by trials',
    load: async () => (await import('./commands/shrink.ts')).shrink,
  },
  {
    name: 'run',
    passesOnStatus: true,
    summary: 'run a program under a profile, enforced by this kernel',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'explain',
    summary: 'say what a profile does with one system call, and which rule does it',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    name: 'show',
    summary: 'sum up what a profile means on each ABI',
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'diff',
    summary: 'prove two filters equal, or show every call that they decide differently',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'verify',
    summary: 'prove that libseccomp, a runtime or a filter does what a profile says',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  {
    name: 'compile',
    summary: 'make the smallest filter for a profile, in any format',
    load: async () => (await import('./commands/compile.ts')).compile,
  },
  {
    name: 'disasm',
    summary: 'show a filter as text that callgate asm reads',
    load: async () => (await import('./commands/disasm.ts')).disasm,
  },
  {
    name: 'asm',
    summary: 'make a filter out of such text',
    load: async () => (await import('./commands/asm.ts')).asm,
  },
  {
    name: 'decompile',
    summary: 'make a profile out of a filter, even that of a running process',
    load: async () => (await import('./commands/decompile.ts')).decompile,
  },
  {
    name: 'optimize',
    summary: 'make any filter smaller, proven equal',
    load: async () => (await import('./commands/optimize.ts')).optimize,
  },
  {
    name: 'hook',
    summary: 'record containers of podman and CRI-O through an OCI hook',
    load: async () => (await import('./commands/hook.ts')).hook,
  },
  {
    name: 'syscall',
    summary: 'look up a system call: numbers, arguments, first kernel',
    load: async () => (await import('./commands/syscall.ts')).syscall,
  },
  {
    name: 'doctor',
    summary: 'say what works on this machine, and why the rest does not',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'tour',
    summary: 'the whole story on a real program: record, build, confine, attack',
    load: async () => (await import('./commands/tour.ts')).tour,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
];
