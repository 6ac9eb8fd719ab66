/**
 * Writes packages/engine/src/syscalls/generated/{prototypes,constants,since}.ts from the running kernel's sys_enter
 * events and from what scripts/data knows beyond them:
 *   npx tsx scripts/generate-arguments.ts /sys/kernel/tracing/events/syscalls
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';

interface Argument {
  name: string;
  type: string;
  kind: string;
  bits: number;
  signed: boolean;
  set?: string;
  setWhen?: { arg: number; value: number; set: string }[];
}
type SetChoice = string | { default: string; when: { arg: number; value: number; set: string }[] };

const OUT = join(import.meta.dirname, '../packages/engine/src/syscalls/generated');
const DATA = join(import.meta.dirname, 'data');
/** Events that the kernel calls otherwise than its table. */
const EVENT_NAMES: Readonly<Record<string, string>> = {
  newstat: 'stat',
  newfstat: 'fstat',
  newlstat: 'lstat',
  newuname: 'uname',
  sendfile64: 'sendfile',
  umount: 'umount2',
};
const POINTER_TYPES = ['cap_user_header_t', 'cap_user_data_t'];
const SIGNED_32 = 'int pid_t key_t key_serial_t clockid_t timer_t mqd_t rwf_t __s32'.split(' ');
const UNSIGNED_32 = [
  'unsigned int',
  'unsigned',
  'uid_t',
  'gid_t',
  'qid_t',
  'u32',
  '__u32',
  'enum landlock_rule_type',
];
const SIGNED_64 = ['long', 'off_t', 'loff_t'];
const UNSIGNED_64 = ['unsigned long', 'size_t', 'aio_context_t', 'u64', '__u64'];
const PATH_NAME =
  /^((file|path)name|pathname|path|(from|to)_pathname|oldname|newname|specialfile|special|dir_name|dev_name|new_root|put_old|library)$/;
const COUNT_NAME =
  /^(nr|nr_\w+|n|num|vlen|[lr]iovcnt|nfds|nsops|nsems|maxevents|maxnode|backlog|entries|to_submit|min_nr|min_complete)$/;
const ENUM_NAMES =
  'which type how whence advice behavior family level policy resource protocol clockid magic1 magic2 attr'.split(
    ' ',
  );

const events = process.argv[2];
if (!events) throw new Error('usage: tsx scripts/generate-arguments.ts TRACEFS/events/syscalls');
const known = JSON.parse(readFileSync(join(DATA, 'prototypes.json'), 'utf8')) as {
  calls: Record<string, [name: string, type: string][]>;
  arguments: Record<string, Record<string, Partial<Argument>>>;
  sets: Record<string, Record<string, SetChoice>>;
};

const prototypes = new Map<string, Argument[]>();
for (const [name, list] of Object.entries(known.calls))
  add(
    name,
    list.map((a) => argument(...a)),
  );
for (const folder of readdirSync(events)) {
  const event = /^sys_enter_(\w+)$/.exec(folder)?.[1];
  if (event)
    add(EVENT_NAMES[event] ?? event, parseFormat(readFileSync(join(events, folder, 'format'), 'utf8')));
}
for (const [name, changes] of Object.entries(known.arguments))
  for (const [index, change] of Object.entries(changes))
    Object.assign(prototypes.get(name)?.[Number(index)] ?? {}, change);
for (const [name, choices] of Object.entries(known.sets))
  for (const [index, choice] of Object.entries(choices))
    assignSet(prototypes.get(name)?.[Number(index)], choice);

const sorted = [...prototypes].sort(([a], [b]) => (a < b ? -1 : 1));
const kernel = release().split(/[.-]/).slice(0, 2).join('.');
write(
  'prototypes.ts',
  `sys_enter events of Linux ${kernel} (x86_64) and scripts/data/prototypes.json`,
  'The arguments of every x86_64 system call: its name, and "NAME KIND s32 TYPE = SET ? ARG:VALUE:SET ..." for each',
  'PROTOTYPES',
  sorted.map(([name, list]) => `${name} ${list.map(argumentText).join(',')}`.trim()),
);
const constants = JSON.parse(readFileSync(join(DATA, 'constants.json'), 'utf8')).values as Record<
  string,
  { kind: string; mask?: string; values: Record<string, number> }
>;
write(
  'constants.ts',
  'scripts/data/constants.json',
  'The names of argument values on x86_64: the set, its kind, its mask or "-", NAME=hex or the next number',
  'CONSTANTS',
  Object.entries(constants).map(([id, set]) => `${id} ${constantLine(set)}`),
);
const since = JSON.parse(readFileSync(join(DATA, 'since.json'), 'utf8')).values as Record<string, string>;
write(
  'since.ts',
  'scripts/data/since.json',
  'The first kernel release with each call, on any architecture; calls without two agreeing sources are left out',
  'SINCE',
  Object.entries(since).map(([name, k]) => `${name} ${k}`),
);

function argumentText({ name, kind, signed, bits, type, set, setWhen }: Argument): string {
  const choices = setWhen?.map((when) => `${when.arg}:${when.value}:${when.set}`);
  const sets = `${set ? ` = ${set}` : ''}${choices ? ` ? ${choices.join(' ')}` : ''}`;
  return `${name} ${kind} ${signed ? 's' : 'u'}${bits} ${type}${sets}`;
}

/** The kind, the mask, and each name with its number in hexadecimal, unless that is the one behind the last. */
function constantLine({ kind, mask = '-', values }: (typeof constants)[string]): string {
  let next = 0;
  const names = Object.entries(values).map(([name, value]) => {
    const text = value === next ? name : `${name}=${value.toString(16)}`;
    next = value + 1;
    return text;
  });
  return [kind, mask, ...names].join(' ');
}

function add(name: string, list: Argument[]): void {
  if (numberOf('x86_64', name) !== undefined) prototypes.set(name, list);
}

function parseFormat(text: string): Argument[] {
  return [...text.matchAll(/field:(.*?);\s*offset/g)]
    .map(([, field]) => /^(.*?)([A-Za-z_]\w*)$/.exec(field.trim())!)
    .filter(([, , name]) => !name.startsWith('common_') && name !== '__syscall_nr')
    .map(([, type, name]) => argument(name, type));
}

function argument(name: string, type: string): Argument {
  const plain = type
    .replace(/\bconst\b/g, '')
    .replace(/\s*\*\s*/g, ' * ')
    .replace(/\s+/g, ' ')
    .trim();
  const pointer = plain.includes('*') || POINTER_TYPES.includes(plain);
  const kind = pointer
    ? plain === 'char *' && PATH_NAME.test(name)
      ? 'path'
      : 'pointer'
    : scalarKind(name, plain);
  const written = type
    .replace(/\s+/g, ' ')
    .replace(/ ?\* ?/g, '*')
    .trim();
  // fdget() takes an unsigned int, whatever the prototype says.
  const bits = pointer ? 64 : kind === 'fd' ? 32 : bitsOf(plain);
  return { name: name.replace(/^_+/, ''), type: written, kind, bits, signed: !pointer && isSigned(plain) };
}

function bitsOf(type: string): number {
  if (SIGNED_64.includes(type) || UNSIGNED_64.includes(type)) return 64;
  if (SIGNED_32.includes(type) || UNSIGNED_32.includes(type)) return 32;
  if (type === 'umode_t') return 16;
  throw new Error(`unknown type ${type}`);
}

function isSigned(type: string): boolean {
  return SIGNED_32.includes(type) || SIGNED_64.includes(type);
}

function scalarKind(name: string, type: string): string {
  if (type === 'mqd_t' || /^(\w*fd|fd_?(in|out)|fildes)$/.test(name)) return 'fd';
  if (type === 'pid_t' || ['pid', 'tgid', 'upid', 'pgid'].includes(name)) return 'pid';
  if (type === 'uid_t') return 'uid';
  if (type === 'gid_t') return 'gid';
  if (type === 'umode_t') return 'mode';
  if (type === 'loff_t' || type === 'off_t' || /^(offset|pos|off|pos_[lh]|pgoff|length)$/.test(name))
    return 'offset';
  if (name === 'sig' && type === 'int') return 'signal';
  if (/(flags?|flg)$/.test(name) || name === 'prot' || name === 'options') return 'flags';
  if (name === 'mask' && ['u32', '__u64', 'unsigned int'].includes(type)) return 'flags';
  if (/^(cmd|op|opcode|option|request|optname|func)$/.test(name)) return 'cmd';
  if (type === 'clockid_t' || type.startsWith('enum ') || ENUM_NAMES.includes(name)) return 'enum';
  if (COUNT_NAME.test(name) || (name === 'count' && type !== 'size_t')) return 'count';
  if (type === 'size_t' || /(len|len_in|size|siz)$/.test(name) || /^(bytecount|nbytes)$/.test(name))
    return 'size';
  return ['addr', 'start', 'brk', 'newsp', 'new_addr'].includes(name) ? 'address' : 'value';
}

function assignSet(target: Argument | undefined, choice: SetChoice): void {
  if (!target) return;
  target.set = typeof choice === 'string' ? choice : choice.default;
  if (typeof choice !== 'string') target.setWhen = choice.when;
}

/** A table as text, see packages/engine/src/syscalls/lines.ts. */
function write(file: string, source: string, about: string, name: string, lines: readonly string[]): void {
  const text = lines.map((line) => `${line.replaceAll(/[\\`$]/g, '\\$&')}\n`).join('');
  writeFileSync(
    join(OUT, file),
    `// Generated by scripts/generate-arguments.ts from ${source}. Do not edit.\n\n/** ${about}. */\nexport const ${name} = \`\n${text}\`;\n`,
  );
}
