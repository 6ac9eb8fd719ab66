import { crun } from './crun.ts';
import type { Dialect } from './dialect.ts';

/** Podman's containers/common resolves its form; crun, its default runtime, gets what is left. */
export const podman: Dialect = { ...crun, name: 'podman', reads: 'podman', needsNames: false };
