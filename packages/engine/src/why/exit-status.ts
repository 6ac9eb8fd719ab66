/** What an exit status tells of why a program ended. */
export interface ExitMeaning {
  /** Whether a filter can have been the cause, is the only usual one, or was not the cause. */
  readonly seccomp: 'surely' | 'perhaps' | 'hardly' | 'no';
  readonly meaning: string;
}

const SIGSYS = 31;
const SIGNALS: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
  1: ['SIGHUP', 'its terminal went away, or somebody sent it'],
  2: ['SIGINT', 'somebody pressed Ctrl-C'],
  3: ['SIGQUIT', 'somebody sent it'],
  4: ['SIGILL', 'it ran an instruction that this processor has not'],
  5: ['SIGTRAP', 'a breakpoint or an assertion of its own'],
  6: ['SIGABRT', 'it gave up by itself: what it printed before says why, often a call that failed'],
  7: ['SIGBUS', 'it touched memory behind the end of a file'],
  8: ['SIGFPE', 'it divided by zero'],
  9: ['SIGKILL', 'somebody killed it: the out-of-memory killer, docker kill, or the end of the grace period'],
  11: ['SIGSEGV', 'it touched memory that it has not; a program may do so when its own exit is denied'],
  13: ['SIGPIPE', 'it wrote to a pipe that nobody reads'],
  14: ['SIGALRM', 'its own timer'],
  15: ['SIGTERM', 'somebody asked it to end, such as docker stop'],
};

const OTHERS: Readonly<Record<number, ExitMeaning>> = {
  0: { seccomp: 'no', meaning: 'it ended without an error' },
  1: {
    seccomp: 'perhaps',
    meaning: 'it failed by itself: what it printed says why, and a denied call can have been the cause',
  },
  125: {
    seccomp: 'hardly',
    meaning: 'the engine itself failed before the program was started: what it printed says why',
  },
  126: {
    seccomp: 'perhaps',
    meaning: 'the program could not be executed: it is no program, lacks the right to, or execve is denied',
  },
  127: { seccomp: 'hardly', meaning: 'the program was not found' },
  128: { seccomp: 'perhaps', meaning: 'it failed, or its runtime could not start it' },
};

/**
 * What a program's end says. Shells and engines give 128 + n for signal n, Python and others −n, and wait(2) n alone, or n with 128
 * for a core dump.
 */
export function exitMeaning(status: number): ExitMeaning {
  const known = Object.hasOwn(OTHERS, status) ? OTHERS[status] : undefined;
  if (known) return known;
  const signal = status < 0 ? -status : status > 128 && status < 193 ? status - 128 : undefined;
  if (signal === SIGSYS || status === SIGSYS)
    return { seccomp: 'surely', meaning: 'SIGSYS ended it, "Bad system call": a filter killed it' };
  const named = signal !== undefined && Object.hasOwn(SIGNALS, signal) ? SIGNALS[signal] : undefined;
  if (named) {
    const seccomp = [4, 6, 11].includes(signal!) ? 'perhaps' : 'hardly';
    return { seccomp, meaning: `${named[0]} ended it: ${named[1]}` };
  }
  if (signal !== undefined) return { seccomp: 'hardly', meaning: `signal ${signal} ended it` };
  return OTHERS[1];
}
