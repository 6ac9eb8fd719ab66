import { runtimeEngine } from '../state-engine.ts';

/** Containers that somebody starts by runc itself. */
export const runc = runtimeEngine('runc');
