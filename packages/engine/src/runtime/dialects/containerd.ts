import type { Dialect } from './dialect.ts';
import { runc } from './runc.ts';

/** containerd and the kubelet's Localhost files: the file is plain OCI, which a current runc is given. */
export function containerd(): Dialect {
  return { ...runc(), name: 'containerd' };
}
