import { type AttackRow, BAD, type CallRow, HERE, NO_FD } from './attack-row.ts';

const CLONE_NEWUSER = 0x10000000;
const CLONE_NEWNS = 0x20000;
const CLONE_NEWUTS = 0x4000000;
/** With a bad pointer for the descriptor, the kernel takes the process back after it has asked for the rights; since Linux 5.2. */
const CLONE_PIDFD = 0x1000;
const SIGCHLD = 17;
/** struct clone_args, version 0. */
const CLONE_ARGS = 64;
const MS_BIND = 0x1000;
/** MNT_DETACH and MNT_EXPIRE, which exclude each other. */
const IMPOSSIBLE_UMOUNT = 6;
const OPEN_TREE_CLONE = 1;
const NO_FLAGS = 0xffff;

const rootAsks: CallRow = ['pivot_root', [BAD, BAD], 'EFAULT'];

/** Ways out of a container, or into a place where it has more rights. */
export const ESCAPE_ATTACKS: readonly AttackRow[] = [
  {
    id: 'user-namespace',
    category: 'escape',
    gain: 'all capabilities, in a namespace of its own',
    calls: [
      ['unshare', [CLONE_NEWUSER], 'ok'],
      ['clone', [CLONE_NEWUSER | CLONE_PIDFD | SIGCHLD, 0, BAD, 0, 0], ['EFAULT', 'ok']],
      ['clone3', ['cloneUser', CLONE_ARGS], 'EFAULT'],
    ],
  },
  {
    id: 'own-namespace',
    category: 'escape',
    gain: 'namespaces of its own, with mounts to play with',
    right: 'CAP_SYS_ADMIN',
    calls: [
      ['unshare', [CLONE_NEWNS], 'ok'],
      ['clone', [CLONE_NEWNS | CLONE_PIDFD | SIGCHLD, 0, BAD, 0, 0], ['EFAULT', 'ok']],
      ['clone3', ['cloneMount', CLONE_ARGS], 'EFAULT'],
    ],
  },
  {
    id: 'join-namespace',
    category: 'escape',
    gain: 'the host, or another container',
    right: 'CAP_SYS_ADMIN',
    calls: [['setns', [NO_FD, 0], 'EBADF', ['unshare', [CLONE_NEWUTS], 'ok']]],
  },
  {
    id: 'mount',
    category: 'escape',
    gain: 'file systems of the host',
    right: 'CAP_SYS_ADMIN',
    calls: [
      // A bind mount of nothing.
      ['mount', [0, 'root', 0, MS_BIND, 0], 'EINVAL'],
      ['umount2', ['root', IMPOSSIBLE_UMOUNT], 'EINVAL'],
      ['umount', [BAD], 'EFAULT', rootAsks],
      ['pivot_root', [BAD, BAD], 'EFAULT'],
      ['fsopen', [BAD, NO_FLAGS], 'EINVAL'],
      ['fspick', [HERE, BAD, NO_FLAGS], 'EINVAL'],
      ['fsmount', [NO_FD, NO_FLAGS, NO_FLAGS], 'EINVAL'],
      ['open_tree', [HERE, BAD, OPEN_TREE_CLONE], 'EFAULT'],
      ['open_tree_attr', [HERE, BAD, OPEN_TREE_CLONE, 0, 0], 'EFAULT'],
      ['move_mount', [HERE, BAD, HERE, BAD, NO_FLAGS], 'EINVAL'],
      ['mount_setattr', [HERE, BAD, 0, BAD, 32], 'EFAULT'],
    ],
  },
  {
    id: 'chroot',
    category: 'escape',
    gain: 'another root folder, the old trick out of one',
    right: 'CAP_SYS_CHROOT',
    calls: [['chroot', ['root'], 'ok']],
  },
  {
    id: 'host-files',
    category: 'escape',
    gain: 'files of the host by their numbers',
    right: 'CAP_DAC_READ_SEARCH',
    calls: [['open_by_handle_at', [HERE, 'handle', 0], 'ESTALE']],
  },
  {
    id: 'watch-files',
    category: 'escape',
    gain: 'word of every file that the host opens',
    right: 'CAP_SYS_ADMIN',
    calls: [['fanotify_init', [0xffffffff, 0], 'EINVAL']],
  },
];
