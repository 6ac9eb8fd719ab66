import type { Access } from './access.ts';

/** Why a cluster cannot be asked, or not for this: one line, which says what to do. */
export class ClusterFault extends Error {}

/** The cluster does not let this user see something. */
export class AccessDenied extends ClusterFault {
  /** The right that is missing. */
  readonly access: Access;

  constructor(message: string, access: Access) {
    super(message);
    this.access = access;
  }
}

/** The cluster has nothing at that path. */
export class NotServed extends ClusterFault {}
