import { runtimeEngine } from '../state-engine.ts';

/** Containers that somebody starts by crun itself. */
export const crun = runtimeEngine('crun');
