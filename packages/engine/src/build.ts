/** Recordings, and profiles made out of them. */

export { type Bound, type BoundTarget, profileBound } from './build/bound.ts';
export { type FloorChoice, floorOf } from './build/floors.ts';
export type { LeftOut } from './build/left-out.ts';
export { type RuntimeDefault, type UsualCalls, usualCalls } from './build/runtime-default.ts';
export { type BuildOptions, type ContainerFit, type Synthesis, synthesize } from './build/synthesize.ts';
export { type Completeness, completenessOf } from './recording/completeness.ts';
export {
  type Observation,
  parseRecording,
  type Recording,
  stringifyRecording,
} from './recording/recording.ts';
