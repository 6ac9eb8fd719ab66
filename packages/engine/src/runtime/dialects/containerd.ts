import type { Release } from '../target.ts';
import type { Dialect } from './dialect.ts';
import { runc } from './runc.ts';

/** containerd and the kubelet's Localhost files: the file is plain OCI, which runc is given. */
export function containerd(release?: Release): Dialect {
  return { ...runc(release), name: 'containerd' };
}
