import { commOf, processCapabilities } from '../process/processes.ts';
import type { RecordedContainer } from './record.ts';

/** Whether a process is a runtime's own still, by the name that it gives itself. */
export function isOfRuntime(pid: number): boolean {
  return /^(?:runc:\[|crun$|crun:)/.test(commOf(pid) ?? '');
}

/** What is known of a container by its first process: nothing before that is the workload's, and when it is gone. */
export function containerOf(pid: number): RecordedContainer {
  try {
    return isOfRuntime(pid) ? {} : { capabilities: processCapabilities(pid) };
  } catch {
    return {};
  }
}
