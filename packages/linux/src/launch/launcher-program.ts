import { addressOf, callsBy, exitSteps, textBlock, textsBlocks } from '../machine-code/calls.ts';
import type { Block, MachineProgram, Place, Step } from '../machine-code/steps.ts';

/** Everything that the launcher does, in the kernel's own terms. */
export interface LauncherPlan {
  /** The path of the file to execute, its arguments and its environment (KEY=VALUE), without the zeros at their ends. */
  readonly file: Uint8Array;
  readonly argv: readonly Uint8Array[];
  readonly env: readonly Uint8Array[];
  /** struct sock_filter[], as the kernel takes it. */
  readonly filter?: Uint8Array;
  /** SECCOMP_FILTER_FLAG_*. */
  readonly flags: number;
  readonly noNewPrivs: boolean;
  /** The signal that the program gets when callgate is gone; 0: none. */
  readonly deathSignal: number;
  /** RLIMIT_NOFILE, soft and hard. */
  readonly openFiles?: readonly [bigint, bigint];
  /** The sixth argument register of execve(2). */
  readonly lastArgument?: number;
  /** The descriptor by which callgate and the launcher talk. */
  readonly channel: number;
  /** Signals that the program ignores from its beginning. */
  readonly ignored: readonly number[];
  /** Descriptors that the program does not get. */
  readonly closed: readonly number[];
}

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const PR_SET_PDEATHSIG = 1;
const PR_SET_NAME = 15;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;
const SECCOMP_SET_MODE_FILTER = 1;
const RLIMIT_NOFILE = 7;
const SIG_IGN = 1;
const SIGSET_SIZE = 8;
const ENOEXEC = 8;

/** The words by which the launcher tells how far it came; STEPS[n] is the name of the one that failed. */
export const READY = 0;
export const STEPS = ['ready', 'no_new_privs', 'seccomp', 'execve'] as const;

/** The status of a launcher that was not told to go, or could not install what it should. */
const FAILED = 125;
const CANNOT_EXECUTE = 126;

/**
 * The program that stands between callgate and what it starts: it waits for a byte on its channel, installs the filter, and
 * calls execve. Between these two it makes no call, so the filter may forbid everything but execve. Before them it says
 * READY on the channel, and after a failure the number of the step and the negative errno.
 */
export function launcherProgram(
  plan: LauncherPlan,
  nr: (name: string) => number,
  wordSize: 4 | 8,
): MachineProgram {
  const call = callsBy(nr);
  const answer: Place = { block: 'answer' };
  const at = addressOf;
  const hasFailed = (step: (typeof STEPS)[number]): Step => {
    return { kind: 'jump', to: `${step} failed`, when: { word: answer, is: 'less', to: 0 } };
  };
  const execute = (file: string, argv: string) =>
    call('execve', [at(file), at(argv), at('envp'), 0, 0, plan.lastArgument ?? 0], answer);
  const tell = (block: string) => call('write', [plan.channel, at(block), 2 * wordSize]);
  const exit = (status: number) => exitSteps(call, status);
  const failure = (step: (typeof STEPS)[number], status: number): Step[] => [
    { kind: 'label', name: `${step} failed` },
    { kind: 'store', value: { word: answer }, to: { block: `${step} failed`, plus: wordSize } },
    tell(`${step} failed`),
    ...exit(status),
  ];

  const steps: Step[] = [
    // Until the program runs, nothing of this may outlive callgate.
    call('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]),
    call('prctl', [PR_SET_NAME, at('name'), 0, 0, 0]),
    call('fcntl', [plan.channel, F_SETFD, FD_CLOEXEC]),
    ...plan.closed.map((fd) => call('close', [fd])),
    ...plan.ignored.map((signal) => call('rt_sigaction', [signal, at('ignore'), 0, SIGSET_SIZE])),
    ...(plan.openFiles ? [call('prlimit64', [0, RLIMIT_NOFILE, at('limits'), 0])] : []),
    call('read', [plan.channel, at('go'), 1], answer),
    { kind: 'jump', to: 'go', when: { word: answer, is: 'equal', to: 1 } },
    ...exit(FAILED),
    { kind: 'label', name: 'go' },
    ...(plan.deathSignal === SIGKILL ? [] : [call('prctl', [PR_SET_PDEATHSIG, plan.deathSignal, 0, 0, 0])]),
    ...(plan.noNewPrivs
      ? [call('prctl', [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0], answer), hasFailed('no_new_privs')]
      : []),
    tell('ready'),
    ...(plan.filter
      ? [call('seccomp', [SECCOMP_SET_MODE_FILTER, plan.flags, at('filter')], answer), hasFailed('seccomp')]
      : []),
    execute('file', 'argv'),
    { kind: 'jump', to: 'execve failed', when: { word: answer, is: 'different', to: -ENOEXEC } },
    // A script without #!: a shell runs it, as execvp(3) has it.
    execute('shell argv 0', 'shell argv'),
    ...failure('execve', CANNOT_EXECUTE),
    ...failure('no_new_privs', FAILED),
    ...failure('seccomp', FAILED),
  ];
  return { steps, data: launcherData(plan, wordSize) };
}

function launcherData(plan: LauncherPlan, wordSize: 4 | 8): Block[] {
  return [
    { name: 'answer', content: wordSize },
    { name: 'go', content: wordSize },
    { name: 'ready', content: [READY, 0] },
    ...STEPS.slice(1).map((step, i): Block => ({ name: `${step} failed`, content: [i + 1, 0] })),
    textBlock('name', 'callgate'),
    // struct sigaction: the handler, and zeros.
    { name: 'ignore', content: [SIG_IGN, 0, 0, 0, 0] },
    ...limitsOf(plan),
    textBlock('file', plan.file),
    ...textsBlocks('argv', plan.argv),
    ...textsBlocks('envp', plan.env),
    ...textsBlocks('shell argv', ['/bin/sh', plan.file, ...plan.argv.slice(1)]),
    ...(plan.filter ? filterBlocks(plan.filter) : []),
  ];
}

/** struct rlimit64: two numbers of 64 bits on every ABI. */
function limitsOf({ openFiles }: LauncherPlan): Block[] {
  return openFiles
    ? [{ name: 'limits', content: new Uint8Array(BigUint64Array.from(openFiles).buffer) }]
    : [];
}

/** struct sock_fprog: a number of 16 bits, padded to a word, and a pointer. */
export function filterBlocks(filter: Uint8Array, name = 'filter'): Block[] {
  return [
    { name, content: [filter.length / 8, { address: { block: `${name} instructions` } }] },
    { name: `${name} instructions`, content: filter },
  ];
}
