import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-broken-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ALLOW = '"defaultAction": "SCMP_ACT_ALLOW"';
const rule = (body: string) => `{ ${ALLOW}, "syscalls": [ ${body} ] }`;
const condition = (body: string) =>
  rule(`{ "names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [ ${body} ] }`);

/** What is wrong, the text, the code that must be named, and what stands at the place that must be named: its last occurrence. */
const BROKEN: readonly (readonly [what: string, text: string, code: string, at: string])[] = [
  ['empty', '', 'json-syntax', ''],
  ['truncated', `{ ${ALLOW},\n "syscalls": [ { "names": ["re`, 'json-syntax', '"re'],
  ['truncated after a comma', `{ ${ALLOW},`, 'json-syntax', ''],
  ['trailing comma', `{ ${ALLOW}, }`, 'json-syntax', ', }'],
  ['a comment', `{ ${ALLOW} // all\n}`, 'json-syntax', '// a'],
  ['single quotes', "{ 'defaultAction': 'SCMP_ACT_ALLOW' }", 'json-syntax', "'def"],
  ['text behind the end', `{ ${ALLOW} } {}`, 'json-syntax', '{}'],
  ['a NUL byte', `{ ${ALLOW}\0 }`, 'json-syntax', '\u0000 }'],
  ['a control character in a string', '{ "defaultAction": "SCMP\tACT" }', 'json-syntax', '\tACT'],
  ['a byte order mark', `\ufeff{ ${ALLOW} }`, 'json-syntax', '\ufeff{ "'],
  ['a lone surrogate', '{ "defaultAction": "\\ud800" }', 'lone-surrogate', '"\\ud800"'],
  ['deep nesting', '['.repeat(100_000), 'too-deep', '['.repeat(100_000 - 65)],
  ['null', 'null', 'wrong-type', 'null'],
  ['an array', '[]', 'wrong-type', '[]'],
  ['a string', '"SCMP_ACT_ALLOW"', 'wrong-type', '"SCMP_ACT_ALLOW"'],
  ['no defaultAction', '{ "syscalls": [] }', 'missing-key', '{ "s'],
  ['an unknown action', '{ "defaultAction": "SCMP_ACT_DENY" }', 'unknown-action', '"SCMP_ACT_DENY"'],
  ['an action in lower case', '{ "defaultAction": "scmp_act_allow" }', 'unknown-action', '"scmp_act_allow"'],
  ['an action of the wrong type', '{ "defaultAction": 5 }', 'wrong-type', '5'],
  [
    'a duplicate key',
    `{ ${ALLOW},\n  "defaultAction": "SCMP_ACT_ERRNO" }`,
    'duplicate-key',
    '"defaultAction"',
  ],
  [
    'a duplicate key in another case',
    `{ ${ALLOW}, "DefaultAction": "SCMP_ACT_ERRNO" }`,
    'duplicate-key',
    '"DefaultAction"',
  ],
  [
    'an unknown system call',
    rule('{ "names": ["opneat"], "action": "SCMP_ACT_ERRNO" }'),
    'unknown-syscall',
    '"opneat"',
  ],
  [
    'names that are no array',
    rule('{ "names": "read", "action": "SCMP_ACT_ERRNO" }'),
    'wrong-type',
    '"read"',
  ],
  ['a name that is no string', rule('{ "names": [1], "action": "SCMP_ACT_ERRNO" }'), 'wrong-type', '1'],
  ['no names', rule('{ "names": [], "action": "SCMP_ACT_ERRNO" }'), 'no-names', '[], '],
  [
    'name and names',
    rule('{ "name": "read", "names": ["write"], "action": "SCMP_ACT_ERRNO" }'),
    'name-and-names',
    '"read"',
  ],
  ['a rule without action', rule('{ "names": ["read"] }'), 'missing-key', '{ "n'],
  ['a rule that is no object', rule('"read"'), 'wrong-type', '"read"'],
  [
    'an unknown architecture',
    `{ ${ALLOW}, "architectures": ["SCMP_ARCH_X64"] }`,
    'unknown-architecture',
    '"SCMP_ARCH_X64"',
  ],
  [
    'an architecture by its Go name',
    `{ ${ALLOW}, "architectures": ["amd64"] }`,
    'unknown-architecture',
    '"amd64"',
  ],
  [
    'architectures and archMap',
    `{ ${ALLOW}, "architectures": ["SCMP_ARCH_X86"], "archMap": [{ "architecture": "SCMP_ARCH_X86" }] }`,
    'architectures-and-archmap',
    '{ "architecture"',
  ],
  [
    'mixed byte orders',
    `{ ${ALLOW}, "architectures": ["SCMP_ARCH_S390X"] }`,
    'mixed-endian',
    '"SCMP_ARCH_S390X"',
  ],
  ['argument 9', condition('{ "index": 9, "value": 1, "op": "SCMP_CMP_EQ" }'), 'bad-argument-index', '9'],
  [
    'a value of 2^64',
    condition('{ "index": 0, "value": 18446744073709551616, "op": "SCMP_CMP_EQ" }'),
    'bad-number',
    '18446744073709551616',
  ],
  ['a negative value', condition('{ "index": 0, "value": -1, "op": "SCMP_CMP_EQ" }'), 'bad-number', '-1'],
  ['a value of 1e3', condition('{ "index": 0, "value": 1e3, "op": "SCMP_CMP_EQ" }'), 'bad-number', '1e3'],
  ['a value in quotes', condition('{ "index": 0, "value": "1", "op": "SCMP_CMP_EQ" }'), 'wrong-type', '"1"'],
  [
    'a value in hexadecimal',
    condition('{ "index": 0, "value": 0x10, "op": "SCMP_CMP_EQ" }'),
    'json-syntax',
    '0x10',
  ],
  ['an unknown operator', condition('{ "index": 0, "value": 1, "op": "EQ" }'), 'unknown-operator', '"EQ"'],
  ['no operator', condition('{ "index": 0, "value": 1 }'), 'missing-key', '{ "i'],
  [
    'an errno of 70000 that wraps to nothing valid',
    rule('{ "names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": 69631 }'),
    'bad-errno',
    '69631',
  ],
  [
    'a negative errno',
    rule('{ "names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": -1 }'),
    'bad-errno',
    '-1',
  ],
  ['an unknown flag', `{ ${ALLOW}, "flags": ["LOG"] }`, 'unknown-flag', '"LOG"'],
  [
    'a kernel release as a number',
    rule('{ "names": ["read"], "action": "SCMP_ACT_ERRNO", "includes": { "minKernel": 4.8 } }'),
    'wrong-type',
    '4.8',
  ],
  [
    'a kernel release with a suffix',
    rule('{ "names": ["read"], "action": "SCMP_ACT_ERRNO", "includes": { "minKernel": "4.8.1" } }'),
    'bad-kernel-version',
    '"4.8.1"',
  ],
  ...['0.0', '300.1', '4.256', '4', '4.'].map((text): [string, string, string, string] => [
    `the kernel release ${text}`,
    rule(`{ "names": ["read"], "action": "SCMP_ACT_ERRNO", "includes": { "minKernel": "${text}" } }`),
    'bad-kernel-version',
    `"${text}"`,
  ]),
  [
    'a notifier without a path',
    `{ ${ALLOW}, "listenerPath": "", "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_NOTIFY" }] }`,
    'notify-without-listener',
    '"SCMP_ACT_NOTIFY"',
  ],
  [
    'notify as the default',
    '{ "defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/l" }',
    'notify-default',
    '"SCMP_ACT_NOTIFY"',
  ],
  [
    'notify without a listener',
    rule('{ "names": ["mount"], "action": "SCMP_ACT_NOTIFY" }'),
    'notify-without-listener',
    '"SCMP_ACT_NOTIFY"',
  ],
  [
    'two actions for one condition',
    rule(
      '{ "names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] }, { "names": ["read"], "action": "SCMP_ACT_KILL", "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] }',
    ),
    'rule-conflict',
    '"read"',
  ],
];

describe('a broken profile gives one clear diagnostic and status 2', () => {
  it.each(BROKEN)('%s', async (_what, text, code, at) => {
    const file = join(folder, 'profile.json');
    writeFileSync(file, text);
    const { status, stdout, stderr } = await callgate(['explain', file, 'read']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
    const before = text.slice(0, text.lastIndexOf(at)).split('\n');
    expect(stderr).toContain(`${file}:${before.length}:${before.at(-1)!.length + 1}: error: `);
    expect(stderr).toContain(`[${code}]`);
  });

  it('a file of 100 MB, which is not read', async () => {
    const file = join(folder, 'huge.json');
    const fd = openSync(file, 'w');
    ftruncateSync(fd, 100 * 1024 * 1024);
    closeSync(fd);
    const { status, stderr } = await callgate(['explain', file, 'read']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\[too-large\]\n$/);
  });

  it('100 MB through stdin', async () => {
    const { status, stderr } = await callgate(['explain', '-', 'read'], {
      input: ' '.repeat(100 * 1024 * 1024),
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\[too-large\]\n$/);
  });

  it('bytes that are not UTF-8', async () => {
    const file = join(folder, 'latin1.json');
    writeFileSync(file, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
    const { status, stderr } = await callgate(['explain', file, 'read']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\[not-utf8\]\n$/);
  });

  it.each([
    [
      'a YAML bomb',
      `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join('')}`,
      'too-large',
    ],
    ['broken YAML', 'defaultAction: [SCMP_ACT_ALLOW\n', 'yaml-syntax'],
    ['deep YAML', `${'['.repeat(50_000)}`, 'too-deep'],
    ['deep YAML blocks', Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'too-deep'],
    [
      'a duplicate key in YAML',
      'defaultAction: SCMP_ACT_ALLOW\ndefaultAction: SCMP_ACT_LOG\n',
      'duplicate-key',
    ],
  ])('%s', async (_what, text, code) => {
    const file = join(folder, 'profile.yaml');
    writeFileSync(file, text);
    const { status, stderr } = await callgate(['explain', file, 'read']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
    expect(stderr).toContain(`[${code}]`);
  });

  it('a path that does not exist, a folder, and a name with escape codes', async () => {
    for (const path of ['/no/such/file', folder, '\u001b[31mred']) {
      const { status, stderr } = await callgate(['explain', path, 'read']);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^callgate: cannot read [^\n\u001b]+\n$/);
    }
  });

  it('says what was meant', async () => {
    const file = join(folder, 'typo.json');
    writeFileSync(file, rule('{ "names": ["opneat"], "action": "SCMP_ACT_ERRNO" }'));
    expect((await callgate(['explain', file, 'openat'])).stderr).toContain('did you mean "openat"?');
    expect((await callgate(['explain', file, 'openat', '--allow-unknown'])).status).toBe(0);
  });
});
