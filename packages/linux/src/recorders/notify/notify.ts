import { instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import { RET_K } from '@callgate/engine/internal/bpf/opcodes';
import { LaunchError } from '../../launch/start-program.ts';
import { libc } from '../../libc.ts';
import { nativeNumber } from '../../machine.ts';
import { type Recorder, RecorderCannotStart } from '../recorder.ts';
import { mayTakeDescriptors } from './listener.ts';
import { RET_USER_NOTIF, supervise } from './supervisor.ts';

const NOTIFY_ALL: Program = [instruction(RET_K, RET_USER_NOTIF)];

/** Every call waits until callgate has written it down: exact, needs no privilege, costs about 20 µs a call. */
export const notify: Recorder = {
  id: 'notify',
  about:
    'user notification: exact, needs no root, costs about 20 µs a call; signals interrupt more calls than usual',

  unavailable() {
    if (process.platform !== 'linux') return 'this is not Linux';
    if (!hasNotifications()) return 'this kernel has no user notification (it needs Linux 5.0 or newer)';
    if (!mayTakeDescriptors()) return 'pidfd_getfd is forbidden here, or unknown (before Linux 5.6)';
    return undefined;
  },

  async record(plan, hooks = {}) {
    try {
      return await supervise({ ...plan, filter: NOTIFY_ALL, flags: 0 }, hooks, () => undefined, 'every call');
    } catch (fault) {
      const isRefused = fault instanceof LaunchError && fault.step === 'seccomp';
      throw isRefused ? new RecorderCannotStart('notify', fault) : fault;
    }
  },
};

/** Whether the kernel tells how large a notification is, which costs nothing. */
function hasNotifications(): boolean {
  const GET_NOTIF_SIZES = 3;
  return libc().syscall(nativeNumber('seccomp'), GET_NOTIF_SIZES, 0, Buffer.alloc(6)) === 0;
}
