import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import type {
  ARCH_MAP_KEYS,
  CONDITION_KEYS,
  PROFILE_KEYS,
  RULE_KEYS,
  SCOPE_KEYS,
} from '@callgate/engine/internal/profile/parse';
import {
  ACTION_NAMES,
  type ActionName,
  FLAGS,
  type Flag,
  OPERATORS,
  type Operator,
} from '@callgate/engine/internal/profile/profile';
import { ABIS } from '@callgate/engine/internal/syscalls/arch';
import { errnoNames } from '@callgate/engine/internal/syscalls/arguments';
import { callMeanings } from './call-meanings.ts';
import { arrayOf, DRAFT, objectOf, oneOf, oneOfWords, type Schema } from './schema.ts';

/** What a schema says of each key that our reader knows: a key that one of the two lacks is an error of types. */
type Keys<K extends readonly string[]> = Readonly<Record<K[number], Schema>>;

const ACTIONS: Readonly<Record<ActionName, string>> = {
  KILL: 'The old name of SCMP_ACT_KILL_THREAD.',
  KILL_THREAD: 'Kills the thread that calls; the others of its process go on.',
  KILL_PROCESS: 'Kills the process.',
  TRAP: 'Sends the signal SIGSYS, which a program may handle.',
  ERRNO: 'The call fails with errnoRet; without it with EPERM.',
  TRACE: 'Asks a tracer; without one the call fails with ENOSYS.',
  ALLOW: 'The call is made.',
  LOG: 'The call is made, and the kernel logs it.',
  NOTIFY: 'Asks the program behind listenerPath.',
};

const COMPARISONS: Readonly<Record<Operator, string>> = {
  NE: 'The argument is not value.',
  LT: 'The argument is less than value, without a sign.',
  LE: 'The argument is at most value, without a sign.',
  EQ: 'The argument is value.',
  GE: 'The argument is at least value, without a sign.',
  GT: 'The argument is greater than value, without a sign.',
  MASKED_EQ: 'Of the argument, the bits of the mask in value are those of valueTwo.',
};

const FLAG_MEANINGS: Readonly<Record<Flag, string>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 'The filter is for all threads of the process.',
  SECCOMP_FILTER_FLAG_LOG: 'The kernel logs every action but SCMP_ACT_ALLOW.',
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 'The kernel leaves its guard against speculative loads off.',
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV:
    'While the listener answers, only a signal that kills ends the call.',
};

/** Draft-07 counts in doubles: the largest number of 64 bits and the one after it are the same to most validators. */
const U64: Schema = { type: 'integer', minimum: 0, maximum: 0xffff_ffff_ffff_ffffn };
/** Runtimes keep 16 bits of it, which is for lint to tell. */
const ERRNO: Schema = { type: 'integer', minimum: 0, maximum: 0xffff_ffff };
const STRING: Schema = { type: 'string' };
/** Two numbers of 8 bits that are not both zero, or nothing. */
const MIN_KERNEL = /^(?!0+\.0+$)(?:[01]?\d?\d|2[0-4]\d|25[0-5])\.(?:[01]?\d?\d|2[0-4]\d|25[0-5])$|^$/;

const errnoName = (description: string): Schema => ({
  description,
  anyOf: [
    oneOfWords(errnoNames(), 'There is no errno of this name.'),
    { type: 'string', pattern: '^\\d{0,5}$' },
  ],
});

const ARCH_MAP: Keys<typeof ARCH_MAP_KEYS> = {
  architecture: { ...ref('architecture'), description: 'The kind of machine.' },
  subArchitectures: {
    ...arrayOf(ref('architecture')),
    description: 'The other ABIs that programs use there.',
  },
};

const SCOPE: Keys<typeof SCOPE_KEYS> = {
  arches: {
    // They are compared with the name of the machine, and with no list.
    ...arrayOf({ anyOf: [{ ...STRING, enum: machineNames() }, STRING] }),
    description: 'Kinds of machines by Docker’s names, such as amd64.',
  },
  caps: {
    ...arrayOf(oneOfWords(CAPABILITIES, 'Linux has no such capability.')),
    description: 'Capabilities of the container.',
  },
  minKernel: {
    type: 'string',
    pattern: MIN_KERNEL.source,
    errorMessage: 'Write it as "4.8".',
    description: 'The oldest kernel, such as "4.8". Docker alone reads it.',
  },
};

const CONDITION: Keys<typeof CONDITION_KEYS> = {
  index: { type: 'integer', minimum: 0, maximum: 5, description: 'Which argument, from 0 to 5.' },
  value: { ...U64, description: 'What the argument is compared with; for SCMP_CMP_MASKED_EQ the mask.' },
  valueTwo: { ...U64, description: 'What SCMP_CMP_MASKED_EQ compares with.' },
  op: {
    ...oneOf(meanings('SCMP_CMP_', OPERATORS, COMPARISONS), 'libseccomp has no such comparison.'),
    description: 'How they are compared.',
  },
};

const RULE: Keys<typeof RULE_KEYS> = {
  names: { ...arrayOf(ref('call')), description: 'The system calls.' },
  name: {
    ...ref('call'),
    description: 'Docker’s old key for one call. Write names: every runtime reads that.',
  },
  action: { ...ref('action'), description: 'What becomes of these calls.' },
  errnoRet: { ...ERRNO, description: 'The errno, such as 1 for EPERM or 38 for ENOSYS.' },
  errno: errnoName('The same by its name, such as EPERM. Podman alone reads it.'),
  args: {
    ...arrayOf(ref('condition')),
    description: 'All of these must hold. With two on one argument, any one of all is enough.',
  },
  comment: { ...STRING, description: 'For people.' },
  includes: { ...ref('scope'), description: 'Where the rule counts. Docker and Podman alone read it.' },
  excludes: {
    ...ref('scope'),
    description: 'Where the rule does not count. Docker and Podman alone read it.',
  },
};

const PROFILE: Keys<typeof PROFILE_KEYS> = {
  $schema: { type: 'string', description: 'Where this schema is. Editors read it; no runtime does.' },
  defaultAction: { ...ref('action'), description: 'What becomes of calls that no rule describes.' },
  defaultErrnoRet: {
    ...ERRNO,
    description: 'The errno of defaultAction, such as 1 for EPERM or 38 for ENOSYS.',
  },
  defaultErrno: errnoName('The same by its name, such as ENOSYS. Podman alone reads it.'),
  architectures: {
    ...arrayOf(ref('architecture')),
    description:
      'The ABIs that the profile is for, besides the machine’s own. Calls of others kill the thread.',
  },
  archMap: {
    ...arrayOf(objectOf(ARCH_MAP, ['architecture'])),
    description: 'The same for each kind of machine. Docker and Podman read it; it excludes architectures.',
  },
  flags: {
    ...arrayOf(oneOf(meanings('', FLAGS, FLAG_MEANINGS), 'No runtime knows this flag.')),
    description: 'How the kernel installs the filter. Without this key runtimes set SPEC_ALLOW.',
  },
  listenerPath: { ...STRING, description: 'The socket of the program that answers for SCMP_ACT_NOTIFY.' },
  listenerMetadata: { ...STRING, description: 'What that program is told besides.' },
  syscalls: { ...arrayOf(ref('rule')), description: 'The rules.' },
  baseProfileName: {
    ...STRING,
    description: 'The Security Profiles Operator adds the rules of this profile.',
  },
};

/** A rule names calls by either key. */
const NAMES_A_CALL: readonly Schema[] = [
  { required: ['names'], properties: { names: { type: 'array', minItems: 1 } } },
  { required: ['name'], properties: { name: STRING } },
];

/** The schema of a profile by itself, in OCI's, Docker's or Podman's form. */
export function profileSchema(): Schema {
  return {
    $schema: DRAFT,
    title: 'Seccomp profile',
    description: 'Which system calls a program may make, in the form of OCI, Docker or Podman.',
    definitions: {
      action: oneOf(meanings('SCMP_ACT_', ACTION_NAMES, ACTIONS), 'No runtime knows this action.'),
      architecture: oneOfWords(
        ABIS.map(({ token }) => token),
        'libseccomp has no such architecture.',
      ),
      call: oneOf(callMeanings(), 'No architecture has a system call of this name.'),
      scope: objectOf(SCOPE, []),
      condition: objectOf(CONDITION, ['op']),
      rule: objectOf(RULE, ['action'], { anyOf: NAMES_A_CALL }),
    },
    ...objectOf(PROFILE, ['defaultAction']),
  };
}

function ref(definition: string): Schema {
  return { $ref: `#/definitions/${definition}` };
}

function meanings<T extends string>(
  prefix: string,
  words: readonly T[],
  of: Readonly<Record<T, string>>,
): ReadonlyMap<string, string> {
  return new Map(words.map((word) => [`${prefix}${word}`, of[word]]));
}

function machineNames(): string[] {
  return ABIS.flatMap(({ go, docker = go }) => docker ?? []);
}
