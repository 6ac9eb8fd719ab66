import { addressOf, callsBy, exitSteps, textBlock, textsBlocks } from '../machine-code/calls.ts';
import type { Block, MachineProgram, Place, Step } from '../machine-code/steps.ts';
import { type Root, treeKiller } from './kill-tree.ts';

/** What is to be done when callgate is gone without having done it. */
export interface KeeperPlan {
  /** cgroup.kill of the cgroup whose processes are killed. */
  readonly kill?: string;
  /**
   * Whether descriptor 4 is a seccomp listener: whoever asks it is killed, since nobody else would answer. Descriptor 5 is
   * memory with the struct seccomp_notif of him whom callgate has not answered yet, or zeros.
   */
  readonly listens?: boolean;
  /** A process that is killed with its descendants: where they seldom or never ask. */
  readonly tree?: Root;
  /** Files that are removed, and then folders (cgroups, tracing instances), in this order. */
  readonly files?: readonly string[];
  readonly folders?: readonly string[];
}

/** By which callgate lets the keeper go; and where the keeper finds a listener. */
const CHANNEL = 3;
const LISTENER = 4;
const UNANSWERED = 5;
/** Where that memory is mapped: where a program of callgate has nothing. */
const UNANSWERED_AT = 0x2000_0000;
const PROT_READ = 1;
const MAP_SHARED_FIXED = 0x11;
const AT_FDCWD = -100;
const AT_REMOVEDIR = 0x200;
const O_WRONLY = 1;
const PR_SET_NAME = 15;
const SIGKILL = 9;
const SIGCHLD = 17;
const ENOENT = -2;
/** _IOWR('!', 0, struct seccomp_notif), and how many bytes that is. */
const NOTIF_RECV = 0xc0502100;
const NOTIF_BYTES = 80;
/** In struct seccomp_notif: who asks. */
const NOTIF_PID = 8;
const POLLIN = 1;
const POLLHUP = 16;
/** In struct pollfd: what came, of 16 bits. */
const REVENTS = 6;
/** After this time the keeper gives up: a folder that cannot be removed now is for the next callgate. */
const PATIENCE_S = 20;
const PAUSE_NS = 5_000_000;

/**
 * A program that waits until callgate lets it go, by a byte, or is gone, and then ends what callgate would have ended. It is a
 * process of a session of its own, so that neither a terminal's signals nor a kill of callgate's group reaches it.
 */
export function keeperProgram(
  plan: KeeperPlan,
  nr: (name: string) => number,
  wordSize: 4 | 8,
): MachineProgram {
  const call = callsBy(nr);
  const answer: Place = { block: 'answer' };
  const at = addressOf;
  const label = (name: string): Step => ({ kind: 'label', name });
  const jump = (to: string, when?: Extract<Step, { kind: 'jump' }>['when']): Step => ({
    kind: 'jump',
    to,
    when,
  });
  const end = exitSteps(call, 0);

  const killCgroup = plan.kill
    ? [
        call('openat', [AT_FDCWD, at('kill file'), O_WRONLY], answer),
        call('write', [{ word: answer }, at('one'), 1]),
      ]
    : [];
  const killTree = plan.tree
    ? [
        call('clone', [SIGCHLD, 0, 0, 0, 0], answer),
        jump('the tree is looked after', { word: answer, is: 'different', to: 0 }),
        ...[LISTENER, UNANSWERED].map((fd) => call('close', [fd])),
        call('execve', [at('tree killer file'), at('tree killer'), at('none')]),
        ...end,
        label('the tree is looked after'),
      ]
    : [];
  const killAskers = plan.listens
    ? [
        call('mmap', [UNANSWERED_AT, NOTIF_BYTES, PROT_READ, MAP_SHARED_FIXED, UNANSWERED, 0]),
        jump('next asker', { word: { block: 'unanswered', plus: NOTIF_PID }, is: 'equal', to: 0 }),
        call('kill', [{ word: { block: 'unanswered', plus: NOTIF_PID } }, SIGKILL]),
        label('next asker'),
        call('ppoll', [at('poll'), 1, 0, 0, 0]),
        jump('nobody is left', { word: { block: 'poll', plus: REVENTS }, is: 'equal', to: POLLHUP }),
        // The kernel wants the structure empty.
        ...Array.from({ length: NOTIF_BYTES / wordSize }, (_, i): Step => {
          return { kind: 'store', value: 0, to: { block: 'asker', plus: i * wordSize } };
        }),
        call('ioctl', [LISTENER, NOTIF_RECV, at('asker')], answer),
        jump('next asker', { word: answer, is: 'less', to: 0 }),
        call('kill', [{ word: { block: 'asker', plus: NOTIF_PID } }, SIGKILL]),
        jump('next asker'),
        label('nobody is left'),
      ]
    : [];
  const removal = (plan.folders ?? []).flatMap((_, i) => [
    label(`folder ${i}`),
    call('unlinkat', [AT_FDCWD, at(`folder ${i}`), AT_REMOVEDIR], answer),
    jump(`folder ${i} is gone`, { word: answer, is: 'equal', to: 0 }),
    jump(`folder ${i} is gone`, { word: answer, is: 'equal', to: ENOENT }),
    call('nanosleep', [at('pause'), 0]),
    jump(`folder ${i}`),
    label(`folder ${i} is gone`),
  ]);
  const steps: Step[] = [
    call('prctl', [PR_SET_NAME, at('name'), 0, 0, 0]),
    label('wait'),
    call('read', [CHANNEL, at('go'), 1], answer),
    // Interrupted.
    jump('wait', { word: answer, is: 'less', to: 0 }),
    jump('callgate is gone', { word: answer, is: 'equal', to: 0 }),
    ...end,
    label('callgate is gone'),
    ...killCgroup,
    ...killTree,
    ...killAskers,
    call('setitimer', [0, at('patience'), 0]),
    ...(plan.files ?? []).map((_, i) => call('unlinkat', [AT_FDCWD, at(`file ${i}`), 0])),
    ...removal,
    ...end,
  ];
  return { steps, data: keeperData(plan) };
}

function treeKillerData([file, ...argv]: readonly string[]): Block[] {
  const environment: Block = { name: 'none', content: [0] };
  return [textBlock('tree killer file', file), ...textsBlocks('tree killer', argv), environment];
}

function keeperData(plan: KeeperPlan): Block[] {
  const poll = Buffer.alloc(16);
  poll.writeInt32LE(LISTENER, 0);
  poll.writeInt16LE(POLLIN, 4);
  return [
    { name: 'answer', content: 8 },
    { name: 'go', content: 8 },
    textBlock('name', 'callgate-keeper'),
    textBlock('one', '1'),
    ...(plan.kill ? [textBlock('kill file', plan.kill)] : []),
    ...(plan.tree ? treeKillerData(treeKiller(plan.tree)) : []),
    { name: 'poll', content: poll },
    { name: 'asker', content: NOTIF_BYTES },
    { name: 'unanswered', content: { mappedAt: UNANSWERED_AT } },
    // struct itimerval and struct timespec.
    { name: 'patience', content: [0, 0, PATIENCE_S, 0] },
    { name: 'pause', content: [0, PAUSE_NS] },
    ...(plan.files ?? []).map((file, i) => textBlock(`file ${i}`, file)),
    ...(plan.folders ?? []).map((folder, i) => textBlock(`folder ${i}`, folder)),
  ];
}
