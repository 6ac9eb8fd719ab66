import { instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import { RET_K } from '@callgate/engine/internal/bpf/opcodes';
import { thisMachine } from '../../machine.ts';
import type { Recorder } from '../recorder.ts';
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
    const { kernel } = thisMachine();
    if (kernel.major < 5 || (kernel.major === 5 && kernel.minor < 6)) return 'it needs Linux 5.6 or newer';
    if (!mayTakeDescriptors()) return 'pidfd_getfd is forbidden here';
    return undefined;
  },

  record(plan, hooks = {}) {
    return supervise({ ...plan, filter: NOTIFY_ALL, flags: 0 }, hooks, () => undefined, 'every call');
  },
};
