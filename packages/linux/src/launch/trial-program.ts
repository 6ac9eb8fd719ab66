import { callsBy } from '../machine-code/calls.ts';
import type { Block, MachineProgram, Place, Step } from '../machine-code/steps.ts';
import { filterBlocks } from './launcher-program.ts';

/** A call to make under a filter, in a process of its own. */
export interface CallPlan {
  readonly filter?: Uint8Array;
  /** Installed before that one, the oldest first. */
  readonly older?: readonly Uint8Array[];
  /** SECCOMP_FILTER_FLAG_* for all of them. */
  readonly flags?: number;
  readonly nr: number;
  readonly args: readonly bigint[];
  /** Made through int 0x80, as i386 programs do; on x86_64 alone. */
  readonly gate?: 'x86';
}

/** Capabilities, as bits in the kernel's order. */
export interface Rights {
  readonly effective: bigint;
  /** What it can have at most. */
  readonly bounding: bigint;
}

/** What is written down of each call, in words: the install's result, the call's, 1 if it returned, the wait status. */
const FIELDS = ['installed', 'result', 'returned', 'status'] as const;

/** How long a call may take, in seconds. */
const PATIENCE = 2;

const CHANNEL = 3;
const SIGCHLD = 17;
const SIGKILL = 9;
const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED_ANONYMOUS = 0x31;
/** Where parent and children share what is written down. */
const SHARED = 0x20000000;

/**
 * A program that makes each call in a child of its own and then writes the fields of all of them to descriptor 3. A child
 * notes the result in shared memory, so that it is known even if the filter allows no other call. `constants` lie at CONSTANTS_AT.
 * With `rights` the program gives up all others first.
 */
export function trialProgram(
  calls: readonly CallPlan[],
  nr: (name: string) => number,
  wordSize: 4 | 8,
  { constants, rights }: TrialOptions = {},
): MachineProgram {
  const call = callsBy(nr);
  const size = calls.length * FIELDS.length * wordSize;
  const field = (i: number, name: (typeof FIELDS)[number]): Place => {
    return { block: 'shared', plus: (i * FIELDS.length + FIELDS.indexOf(name)) * wordSize };
  };
  const pid: Place = { block: 'pid' };
  const filtersOf = ({ filter, older = [] }: CallPlan) => (filter ? [...older, filter] : older);
  const steps = calls.flatMap((plan, i): Step[] => {
    const { flags = 0, nr: number, args, gate } = plan;
    const installed = filtersOf(plan).flatMap((_, j): Step[] => [
      call(
        'seccomp',
        [SECCOMP_SET_MODE_FILTER, flags, { address: { block: `filter ${i} ${j}` } }],
        field(i, 'installed'),
      ),
      { kind: 'jump', to: `end ${i}`, when: { word: field(i, 'installed'), is: 'less', to: 0 } },
    ]);
    return [
      call('clone', [SIGCHLD, 0, 0, 0, 0], pid),
      { kind: 'jump', to: `child ${i}`, when: { word: pid, is: 'equal', to: 0 } },
      call('wait4', [{ word: pid }, { address: field(i, 'status') }, 0, 0]),
      { kind: 'jump', to: `after ${i}` },
      { kind: 'label', name: `child ${i}` },
      call('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]),
      // A call that is for a whole group is for this process alone.
      call('setpgid', [0, 0]),
      call('setitimer', [0, { address: { block: 'patience' } }, 0]),
      ...(installed.length > 0 ? [call('prctl', [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0]), ...installed] : []),
      { kind: 'syscall', nr: number, args, gate, result: field(i, 'result') },
      { kind: 'store', value: 1, to: field(i, 'returned') },
      { kind: 'label', name: `end ${i}` },
      call('exit_group', [0]),
      { kind: 'fault' },
      { kind: 'label', name: `after ${i}` },
    ];
  });
  return {
    steps: [
      call('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]),
      // Children that a filter kills leave no core files, and wake nobody who collects these.
      call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0]),
      ...(rights ? givingUpAllBut(rights, call) : []),
      call('mmap', [SHARED, size, PROT_READ_WRITE, MAP_SHARED_FIXED_ANONYMOUS, -1, 0]),
      ...steps,
      call('write', [CHANNEL, { address: { block: 'shared' } }, size]),
      call('exit_group', [0]),
      { kind: 'fault' },
    ],
    data: [
      { name: 'shared', content: { mappedAt: SHARED } },
      { name: 'pid', content: wordSize },
      // struct itimerval: the interval and the first expiry, each in seconds and microseconds.
      { name: 'patience', content: [0, 0, PATIENCE, 0] },
      ...(rights ? blocksOf(rights) : []),
      ...calls.flatMap((plan, i) =>
        filtersOf(plan).flatMap((filter, j) => filterBlocks(filter, `filter ${i} ${j}`)),
      ),
    ],
    ...(constants && { constants }),
  };
}

/** Beside the calls. */
export interface TrialOptions {
  readonly constants?: Uint8Array;
  readonly rights?: Rights;
}

/** Kernels take no number of a capability that they do not know, and nothing is lost then. */
const MOST_CAPABILITIES = 64;
const PR_CAPBSET_DROP = 24;
/** _LINUX_CAPABILITY_VERSION_3 (linux/capability.h): two words for each set. */
const CAPABILITY_VERSION = 0x20080522;

function givingUpAllBut({ bounding }: Rights, call: ReturnType<typeof callsBy>): Step[] {
  const dropped = Array.from({ length: MOST_CAPABILITIES }, (_, bit) => bit).filter(
    (bit) => ((bounding >> BigInt(bit)) & 1n) === 0n,
  );
  return [
    ...dropped.map((bit) => call('prctl', [PR_CAPBSET_DROP, bit, 0, 0, 0])),
    call('capset', [{ address: { block: 'capset header' } }, { address: { block: 'capset data' } }]),
  ];
}

/** struct __user_cap_header_struct, and twice struct __user_cap_data_struct: effective, permitted, inheritable. */
function blocksOf({ effective }: Rights): Block[] {
  const [low, high] = [effective & 0xffff_ffffn, effective >> 32n].map(Number);
  return [
    { name: 'capset header', content: words32(CAPABILITY_VERSION, 0) },
    { name: 'capset data', content: words32(low, low, 0, high, high, 0) },
  ];
}

function words32(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** How a call ended under its filter. */
export type CallEnd =
  /** The kernel's result; negative errno when it failed. */
  | { readonly kind: 'returned'; readonly result: bigint }
  /** A signal ended the process; SIGALRM's number when the call did not return in time. */
  | { readonly kind: 'signal'; readonly signal: number }
  /** The call ended the process with this status. */
  | { readonly kind: 'ended'; readonly status: number }
  /** The kernel did not take the filter. */
  | { readonly kind: 'refused'; readonly errno: number };

/** What the words that the trial program has written say: how each of so many calls ended. */
export function readEnds(words: readonly bigint[], count: number): CallEnd[] {
  if (words.length !== count * FIELDS.length)
    throw new Error(`the trial of ${count} calls wrote ${words.length} words`);
  return Array.from({ length: count }, (_, i) => {
    const [installed, result, returned, status] = words.slice(i * FIELDS.length, (i + 1) * FIELDS.length);
    if (installed < 0n) return { kind: 'refused', errno: Number(-installed) };
    if (returned === 1n) return { kind: 'returned', result };
    const signal = Number(status & 0x7fn);
    return signal > 0
      ? { kind: 'signal', signal }
      : { kind: 'ended', status: Number((status >> 8n) & 0xffn) };
  });
}
