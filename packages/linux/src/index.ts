/**
 * This machine's kernel for callgate: starting programs under filters, recording what they call, reading the filters of
 * running processes, and finding out what works here. What is not exported here is private and free to move.
 */
export { type Check, checkMachine } from './check-machine.ts';
export { type Ending, type Inherited, type Launched, type LaunchPlan, launch } from './launch/launch.ts';
export { LaunchError } from './launch/start-program.ts';
export { type CallTrial, tryCalls } from './launch/try-calls.ts';
export { type Machine, thisMachine } from './machine.ts';
export { FiltersUnreadable, readFilters } from './process/live-filters.ts';
export { chooseRecorder, RECORDERS } from './recorders/choose.ts';
export { recordProgram } from './recorders/record.ts';
export type { Recorder, RecordHooks } from './recorders/recorder.ts';
