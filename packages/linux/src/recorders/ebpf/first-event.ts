import { BpfObjects, lookUp, MAP_TYPE, u32 } from '../../ebpf/bpf-syscall.ts';
import { EbpfAssembler } from '../../ebpf/ebpf-assembler.ts';
import { libc } from '../../libc.ts';
import { nativeNumber } from '../../machine.ts';
import type { CallLayout } from './call-layout.ts';
import { type TaskPaths, TaskView } from './task-view.ts';

/** The types that the smallest program needs. */
interface EventLayout {
  readonly calls: CallLayout;
  readonly paths: TaskPaths<'tgid'>;
  readonly followsCurrent: boolean;
}

const AT_COPIES = -16;

/** Why no program sees a system call here, found out with the smallest one: a map, a program, an event. */
export function whyNoEvent(layout: EventLayout): string | undefined {
  const objects = new BpfObjects();
  try {
    const seen = objects.createMap(MAP_TYPE.array, 4, 8, 1, 'callgate_probe');
    objects.attach(countCalls(layout, seen), layout.calls.enter, 'callgate_probe');
    libc().syscall(nativeNumber('getpid'));
    const count = lookUp(seen, u32(0), Buffer.alloc(8)).readBigUInt64LE();
    return count > 0n ? undefined : 'a program that was attached saw no system call';
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault);
  } finally {
    objects.close();
  }
}

function countCalls({ paths, followsCurrent }: EventLayout, seen: number): Buffer {
  const task = new TaskView({ tgid: paths.tgid }, followsCurrent ? undefined : AT_COPIES);
  const a = task.takeCurrent(new EbpfAssembler());
  task.load32(a, 2, 'tgid').ifEqual(2, 0, 'out').mapValue(2, seen).increment(2);
  return a.label('out').exit().bytes();
}
