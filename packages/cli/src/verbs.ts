import type { Verb } from './command.ts';

interface VerbEntry {
  readonly name: string;
  /** Under which heading the overview has it. */
  readonly group:
    | 'record'
    | 'build'
    | 'understand'
    | 'judge'
    | 'prove'
    | 'watch'
    | 'deploy'
    | 'filters'
    | 'learn';
  readonly summary: string;
  /** Another name for it. */
  readonly alias?: string;
  /** Its exit status is that of a program that it runs. */
  readonly passesOnStatus?: true;
  load(): Promise<Verb>;
}

/** Every verb, in the order of --help; only the one that is asked for is loaded. */
export const VERBS: readonly VerbEntry[] = [
  {
    name: 'record',
    group: 'record',
    passesOnStatus: true,
    summary: 'run a program and write down every system call it makes',
    load: async () => (await import('./commands/record.ts')).record,
  },
  {
    name: 'read',
    group: 'record',
    summary: 'say what a log of any tool tells of system calls',
    load: async () => (await import('./commands/read.ts')).read,
  },
  {
    name: 'hook',
    group: 'record',
    summary: 'record containers of podman and CRI-O through an OCI hook',
    load: async () => (await import('./commands/hook.ts')).hook,
  },
  {
    name: 'build',
    group: 'build',
    summary: 'make the smallest profile out of recordings',
    load: async () => (await import('./commands/build.ts')).build,
  },
  {
    name: 'edit',
    group: 'build',
    summary: 'change what a profile allows or denies, and prove that nothing else has changed',
    load: async () => (await import('./commands/edit.ts')).edit,
  },
  {
    name: 'shrink',
    group: 'build',
    summary: 'find calls that a workload can do without, by trials',
    load: async () => (await import('./commands/shrink.ts')).shrink,
  },
  {
    name: 'convert',
    group: 'build',
    summary: 'write a profile as what carries it: resources, artifacts, compose, headers, filters',
    load: async () => (await import('./commands/convert.ts')).convert,
  },
  {
    name: 'explain',
    group: 'understand',
    summary: 'say what a profile does with one system call, and which rule does it',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    name: 'show',
    group: 'understand',
    summary: 'sum up what a profile or a live filter means on each ABI',
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'syscall',
    group: 'understand',
    summary: 'look up a system call: numbers, arguments, first kernel',
    load: async () => (await import('./commands/syscall.ts')).syscall,
  },
  {
    name: 'diff',
    group: 'understand',
    summary: 'prove two filters equal, or show every call that they decide differently',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'forecast',
    group: 'understand',
    summary: 'say what breaks when the base image, the kernel or the runtime moves',
    load: async () => (await import('./commands/forecast.ts')).forecast,
  },
  {
    name: 'lint',
    alias: 'check',
    group: 'judge',
    summary: 'judge profiles: what has a hole, does nothing, or starts no container',
    load: async () => (await import('./commands/lint.ts')).lint,
  },
  {
    name: 'gate',
    group: 'judge',
    summary: 'tell a reviewer what a change to profiles loosens and breaks; fail for it',
    load: async () => (await import('./commands/gate.ts')).gate,
  },
  {
    name: 'audit',
    group: 'judge',
    summary: 'say which filter every container of manifests gets, and why',
    load: async () => (await import('./commands/audit.ts')).audit,
  },
  {
    name: 'rules',
    group: 'judge',
    summary: 'say what a finding or a message means, by the code at its end',
    load: async () => (await import('./commands/rules.ts')).rules,
  },
  {
    name: 'run',
    group: 'prove',
    passesOnStatus: true,
    summary: 'run a program under a profile, enforced by this kernel',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'test',
    group: 'prove',
    summary: 'show that a workload works under a profile and attacks do not, with and without it',
    load: async () => (await import('./commands/test.ts')).test,
  },
  {
    name: 'try',
    group: 'prove',
    summary: 'find the profile of a container by trying it until its checks pass',
    load: async () => (await import('./commands/try.ts')).tryVerb,
  },
  {
    name: 'verify',
    group: 'prove',
    summary: 'prove that libseccomp, a runtime or a filter does what a profile says',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  {
    name: 'ps',
    group: 'watch',
    summary: 'list containers and confined processes, and whose filter each runs under',
    load: async () => (await import('./commands/ps.ts')).ps,
  },
  {
    name: 'watch',
    group: 'watch',
    summary: 'say live which calls filters deny or log, of which container, and how often',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  {
    name: 'why',
    group: 'watch',
    summary: 'explain a denial: which call, by which rule, and the smallest change that allows it',
    load: async () => (await import('./commands/why.ts')).why,
  },
  {
    name: 'secure',
    group: 'deploy',
    summary: 'change manifests and compose files so that their containers run under a filter',
    load: async () => (await import('./commands/secure.ts')).secure,
  },
  {
    name: 'push',
    group: 'deploy',
    summary: 'put a profile into a registry as an OCI artifact',
    load: async () => (await import('./commands/push.ts')).push,
  },
  {
    name: 'pull',
    group: 'deploy',
    summary: 'fetch a profile from a registry, and check every digest',
    load: async () => (await import('./commands/pull.ts')).pull,
  },
  {
    name: 'init',
    group: 'deploy',
    summary: 'begin: write a profile, its test, a workflow, manifests and a page about them',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'compile',
    group: 'filters',
    summary: 'make the smallest filter for a profile, in any format',
    load: async () => (await import('./commands/compile.ts')).compile,
  },
  {
    name: 'disasm',
    group: 'filters',
    summary: 'show a filter as text that callgate asm reads',
    load: async () => (await import('./commands/disasm.ts')).disasm,
  },
  {
    name: 'asm',
    group: 'filters',
    summary: 'make a filter out of text, such as that of callgate disasm',
    load: async () => (await import('./commands/asm.ts')).asm,
  },
  {
    name: 'decompile',
    group: 'filters',
    summary: 'make a profile out of a filter, even that of a running process',
    load: async () => (await import('./commands/decompile.ts')).decompile,
  },
  {
    name: 'optimize',
    group: 'filters',
    summary: 'make any filter smaller, proven equal',
    load: async () => (await import('./commands/optimize.ts')).optimize,
  },
  {
    name: 'tour',
    group: 'learn',
    summary: 'the whole story on a real program: record, build, confine, attack',
    load: async () => (await import('./commands/tour.ts')).tour,
  },
  {
    name: 'doctor',
    group: 'learn',
    summary: 'say what works on this machine, and why the rest does not',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'completion',
    group: 'learn',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
];

/** The verb of that name, or of that other name. */
export function verbNamed(name: string | undefined): VerbEntry | undefined {
  return VERBS.find((verb) => verb.name === name || (name !== undefined && verb.alias === name));
}
