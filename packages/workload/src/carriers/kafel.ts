import type { Carrier } from './carrier.ts';
import { readKafel } from './kafel/read.ts';
import { writeKafel } from './kafel/write.ts';

/** The policy language of nsjail --seccomp_policy and of sandboxes with kafel. */
export const kafel: Carrier = {
  id: 'kafel',
  about: "kafel's policy language, as nsjail reads it",
  enforcer: 'sandbox',
  read: readKafel,
  write: writeKafel,
};
