import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { disassemble } from '@callgate/engine/internal/bpf/disassemble';
import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { stringifyRecording } from '@callgate/engine/internal/recording/recording';
import { fixtureNames, fixtureText, lowerText } from './behaviour.ts';
import { bytesOf, hostileNumber, hostileWord, written } from './hostile-words.ts';
import { ABI_SETS, profileText, randomCase } from './random-profiles.ts';
import { Random, randomPrograms } from './random-programs.ts';
import { recordingOf } from './recordings.ts';

const LOGS = join(import.meta.dirname, '../../engine/test/logs/fixtures');

/** What verbs read, by what it was before it was spoiled. */
export type FileKind = 'profile' | 'yaml' | 'recording' | 'sidecar' | 'log' | 'filter' | 'assembler';

export const ENDINGS: Readonly<Record<FileKind, string>> = {
  profile: '.json',
  yaml: '.yaml',
  recording: '.json',
  sidecar: '.callgate.json',
  log: '.log',
  filter: '.bpf',
  assembler: '.asm',
};

/** Longer logs are cut, so that a change meets a line of which something is shown. */
const LONGEST_LOG = 6000;
const SOME = 40;

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};
const times = <T>(count: number, list: readonly T[]) => Array.from({ length: count }, () => list).flat();
/** Filters of profiles, and others that are not all such as the kernel takes. */
const programs = once(() => {
  const real = FILTERED.map((name) => compilePolicy(lowerText(fixtureText(name))).program);
  return [...times(5, real), ...[...randomPrograms(1, SOME, real)].map(({ program }) => program)];
});
const FILTERED = ['arguments', 'actions', 'conditions-and-or', 'docker-form', 'masks', 'default-trace'];

/** Good files of each kind, as bytes, a character each. */
const GOOD: Readonly<Record<FileKind, () => readonly string[]>> = {
  profile: once(() => [...fixtureNames().map(fixtureText), ...randomProfiles()].map(bytesOf)),
  yaml: once(() => [...YAML, ...randomProfiles()].map(bytesOf)),
  recording: once(() => [stringifyRecording(RECORDING)]),
  sidecar: once(() => [SIDECAR]),
  log: once(logs),
  filter: once(() => programs().map((p) => Buffer.from(encodeProgram(p, 'little')).toString('latin1'))),
  assembler: once(() => programs().map(listingOf)),
};

function randomProfiles(): string[] {
  return Array.from({ length: SOME }, (_, i) => profileText(randomCase(new Random(i), ABI_SETS[i % 3])));
}

function logs(): string[] {
  return readdirSync(LOGS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.log'))
    .sort()
    .map((file) => readFileSync(join(LOGS, file), 'latin1').slice(0, LONGEST_LOG));
}

function listingOf(program: Parameters<typeof disassemble>[0]): string {
  return disassemble(program)
    .map(({ label, text }) => (label === undefined ? `  ${text}\n` : `${label}: ${text}\n`))
    .join('');
}

const YAML: readonly string[] = [
  `%YAML 1.2
%TAG !e! tag:example.org,2000:
---
# a comment
defaultAction: &deny SCMP_ACT_ERRNO
defaultErrnoRet: 1
architectures: [SCMP_ARCH_X86_64, SCMP_ARCH_X86]
syscalls:
  - names: &names
      - read   # in
      - "wr\\u0069te"
      - 'openat'
    action: SCMP_ACT_ALLOW
  - names: *names
    action: !!str SCMP_ACT_LOG
    args: [{index: 0, value: 0x10, op: SCMP_CMP_EQ}]
  - names: [mkdir]
    action: *deny
    errnoRet: 13
    comment: |
      more
`,
];

const RECORDING = recordingOf(
  [
    {
      ...{ arch: 'x86_64', nr: 0, name: 'read', count: 3, phase: 'startup', denied: 0 },
      first: { process: 'sh', time: '2026-01-01T00:00:00Z' },
    },
    {
      ...{ arch: 'x86_64', nr: 41, name: 'socket', count: 2, phase: 'run', denied: 1 },
      args: [{ values: ['1', null, '0'], count: 2 }],
    },
    { arch: 'x86', nr: 5, name: 'open', count: 1, phase: 'shutdown', denied: 0, assumed: true },
  ],
  { command: ['sh', '-c', 'true'], notes: ['a note'], lacks: ['startup'], lost: 1 },
);

const SIDECAR = `{
  "schema": "callgate-origins/1",
  "runs": 2,
  "calls": {
    "read": [{"kind": "seen", "count": 3, "runs": 2, "phases": ["run"], "process": "sh", "time": "10:00"}],
    "mkdir": [{"kind": "hand", "why": "you asked"}, {"kind": "floor", "runtime": "runc", "why": "it starts"}],
    "openat": [{"kind": "projection", "from": ["open"], "why": "the same"}, {"kind": "base", "why": "all do"}]
  }
}
`;

/** Changes a text, and keeps most of it, so that it is read far beyond its beginning. */
type Mutation = (random: Random, text: string) => string;

const put = (text: string, at: number, length: number, what: string) =>
  text.slice(0, at) + what + text.slice(at + length);
const word = (random: Random) => written(random, hostileWord(random));

/** A word in quotes that do not end before it does. */
const quoted = (random: Random) => bytesOf(JSON.stringify(hostileWord(random)));

/** Puts something in the place of one match of a pattern, or anywhere when there is none. */
function instead(pattern: RegExp, what: (random: Random, found: string) => string): Mutation {
  return (random, text) => {
    const found = [...text.matchAll(pattern)];
    if (found.length === 0) return put(text, random.below(text.length + 1), 0, what(random, ''));
    const { 0: match, index } = random.pick(found);
    return put(text, index, match.length, what(random, match));
  };
}

const slice = (random: Random, text: string) => {
  const start = random.below(text.length + 1);
  return { start, length: random.below(Math.min(text.length - start, random.pick([2, 20, 400])) + 1) };
};

const DEPTHS = [3, 65, 1000, 100_000];

const ANYWHERE: readonly Mutation[] = [
  instead(/[A-Za-z_]\w*/g, (r) => word(r)),
  instead(/[A-Za-z_]\w*/g, (r, found) => found + word(r)),
  instead(/\d+/g, hostileNumber),
  (r, text) => put(text, r.below(text.length + 1), 0, word(r)),
  // A single byte of C1 is no UTF-8, but what an old terminal acts on.
  (r, text) => put(text, r.below(text.length + 1), 1, String.fromCharCode(0x80 + r.below(0x20))),
  (r, text) => put(text, r.below(text.length + 1), 1, String.fromCharCode(r.below(256))),
  (r, text) => text.slice(0, r.below(text.length + 1)),
  (r, text) => {
    const { start, length } = slice(r, text);
    return put(text, start, length, '');
  },
  (r, text) => {
    const { start, length } = slice(r, text);
    return put(text, start, 0, text.slice(start, start + length).repeat(1 + r.below(3)));
  },
  instead(/[^\n]+\n/g, (r, line) => line.repeat(2 + r.below(3))),
];

const IN_DOCUMENTS: readonly Mutation[] = [
  instead(/"[^"\n]*"/g, (r) => `"${word(r)}"`),
  instead(/"[^"\n]*"/g, quoted),
  instead(/"[^"\n]*"(?=\s*:)/g, (r) => `"${r.pick(['__proto__', 'names', 'defaultAction', word(r)])}"`),
  instead(/\{/g, (r, found) => `${found}"${word(r)}": ${r.pick(['1', '{}', '[]', 'null', '"x"'])}, `),
  instead(/: *[^,\n]*/g, (r) => `: ${r.pick(['null', '[]', '{}', '""', 'true', hostileNumber(r)])}`),
  (r, text) => put(text, r.below(text.length + 1), 0, r.pick(['[', '{"a":', '(']).repeat(r.pick(DEPTHS))),
];

/** Changes that leave a file what it was, and put something into it that verbs may speak of. */
const GENTLE = {
  profile: [
    instead(/"names": *\[/g, (r, found) => `${found}${quoted(r)}, `),
    instead(/\{(?=\s*")/g, (r, found) => `${found}${quoted(r)}: ${quoted(r)}, `),
  ],
  recording: [
    instead(/(?<="(?:process|time|kernel|recorder|name|started)": *)"[^"\n]*"/g, quoted),
    instead(/(?<="(?:notes|command)": *\[\s*)"[^"\n]*"/g, quoted),
  ],
  sidecar: [
    instead(/(?<="(?:process|time|why|runtime)": *)"[^"\n]*"/g, quoted),
    instead(/(?<="from": *\[)"[^"\n]*"/g, quoted),
  ],
  yaml: [
    instead(/\n/g, (r) => ` # ${bytesOf(hostileWord(r))}\n`),
    instead(/(?<=- )read\b/g, quoted),
    instead(/\n(?= {2}- )/g, (r) => `\n  - {names: [${quoted(r)}], action: SCMP_ACT_LOG, ${quoted(r)}: 1}\n`),
  ],
  // A byte of the constant of an instruction.
  filter: [
    (r, text) =>
      put(text, 8 * r.below(text.length / 8) + 4 + r.below(4), 1, String.fromCharCode(r.below(256))),
  ],
  assembler: [
    instead(/\n/g, (r) => ` ; ${bytesOf(hostileWord(r)).replace(/[\r\n]/g, ' ')}\n`),
    instead(/(?<=#)\w+/g, hostileNumber),
  ],
} satisfies Partial<Record<FileKind, readonly Mutation[]>>;

const IN_YAML: readonly Mutation[] = [
  (r, text) => `%${r.pick(['YAML', 'TAG', 'TAG !e!', 'TAG !', word(r)])} ${word(r)}\n---\n${text}`,
  instead(/(?<=: |- )\S/g, (r, found) => `${r.pick(['&', '!', '!!', '!e!', '*', '!<'])}${word(r)} ${found}`),
  instead(/(?<=: |- )\S+/g, (r) => r.pick([`"${word(r)}"`, `'${word(r)}'`, `|${word(r)}\n`, `? ${word(r)}`])),
  instead(/\n/g, (r) => ` # ${word(r)}\n`),
  instead(/\n/g, (r, found) => `${found}${r.pick(['---', '...', '\t', '? ', '<<: ', '@', '`'])}${word(r)}\n`),
];

/** The whole file as other systems write it. */
const ENCODINGS: readonly Mutation[] = [
  (_, text) => `\u00ef\u00bb\u00bf${text}`,
  (_, text) => `\u00ff\u00fe${Buffer.from(text, 'utf16le').toString('latin1')}`,
  (_, text) => text.replaceAll('\n', '\r\n'),
  (_, text) => text.replaceAll('\n', '\r'),
];
const REENCODED_EVERY = 20;

/** Half of the changes are gentle, where there are such. */
const MUTATIONS: Readonly<Record<FileKind, readonly (readonly Mutation[])[]>> = {
  profile: [GENTLE.profile, GENTLE.profile, ANYWHERE, IN_DOCUMENTS],
  yaml: [GENTLE.yaml, GENTLE.yaml, ANYWHERE, IN_DOCUMENTS, IN_YAML, IN_YAML],
  recording: [GENTLE.recording, GENTLE.recording, ANYWHERE, IN_DOCUMENTS],
  sidecar: [GENTLE.sidecar, GENTLE.sidecar, ANYWHERE, IN_DOCUMENTS],
  log: [ANYWHERE, ANYWHERE, IN_DOCUMENTS],
  filter: [GENTLE.filter, GENTLE.filter, ANYWHERE],
  assembler: [GENTLE.assembler, GENTLE.assembler, ANYWHERE],
};
const HOW_MANY = [1, 1, 1, 2, 3];

/** A good file with some changes that make it hostile, broken or both. */
export function hostileFile(random: Random, kind: FileKind): Buffer {
  let text = random.pick(GOOD[kind]());
  for (let n = random.pick(HOW_MANY); n > 0; n--)
    text = random.pick(random.pick(MUTATIONS[kind]))(random, text);
  if (random.below(REENCODED_EVERY) === 0) text = random.pick(ENCODINGS)(random, text);
  return Buffer.from(text, 'latin1');
}

/** Whether a file is certainly not what its kind says, judged without callgate. */
export function isBroken(kind: FileKind, content: Buffer): boolean {
  switch (kind) {
    case 'profile':
    case 'recording':
      return !isObject(content);
    case 'filter':
      return content.length === 0 || content.length % 8 !== 0;
    default:
      return false;
  }
}

function isObject(content: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    const document: unknown = JSON.parse(text);
    return typeof document === 'object' && document !== null && !Array.isArray(document);
  } catch {
    return false;
  }
}
