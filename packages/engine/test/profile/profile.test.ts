import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DiagnosticCode } from '../../src/diagnostics/codes.ts';
import { Diagram } from '../../src/diagram/diagram.ts';
import { lintFacts } from '../../src/lint/lint.ts';
import { lowerProfile } from '../../src/policy/lower.ts';
import { parseProfile, parseProfileTree } from '../../src/profile/parse.ts';
import { stringifyProfile } from '../../src/profile/stringify.ts';
import type { Target } from '../../src/runtime/target.ts';
import { readSource } from '../../src/source/read.ts';
import { DOCKER_PROFILE } from '../../src/stock.ts';

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] };
const FIXTURES = join(import.meta.dirname, '../../../../test/fixtures/profiles');

/** Whether the profile has a meaning on TARGET: its rows do not begin with another target, or a refusal. */
function isTaken(name: string): boolean {
  const rows = readFileSync(join(FIXTURES, name.replace(/json$/, 'rows')), 'utf8').split('\n');
  return !/^(@|refused)/.test(rows.find((row) => row && !row.startsWith('#'))!);
}

const texts = [
  ['stock:docker', DOCKER_PROFILE] as const,
  ...readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.json') && isTaken(name))
    .map((name) => [name, readFileSync(join(FIXTURES, name), 'utf8')] as const),
];

describe('printing a profile', () => {
  it.each(texts)('%s keeps its meaning, and is stable', (_name, text) => {
    const first = parseProfile(text, { unknownNames: 'skip' }).value!;
    const printed = stringifyProfile(first);
    const second = parseProfile(printed, { unknownNames: 'skip' });
    const faults = second.diagnostics.filter((d) => d.severity === 'error' && d.code !== 'unknown-syscall');
    expect(faults).toEqual([]);
    expect(stringifyProfile(second.value!)).toBe(printed);
    const d = new Diagram();
    const [a, b] = [first, second.value!].map((p) => lowerProfile(p, TARGET, d).value!.root);
    expect(b).toBe(a);
  });

  it('JSON and YAML of the same profile mean the same', () => {
    const json =
      '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":18446744073709551615,"op":"SCMP_CMP_EQ"}]}]}';
    const yaml =
      'defaultAction: SCMP_ACT_ERRNO\nsyscalls:\n- names: [read]\n  action: SCMP_ACT_ALLOW\n  args: [{index: 0, value: 18446744073709551615, op: SCMP_CMP_EQ}]\n';
    const [a, b] = [parseProfile(json), parseProfile(yaml)].map((p) => stringifyProfile(p.value!));
    expect(b).toBe(a);
    expect(a).toContain('18446744073709551615');
  });
});

/** Profiles that runtimes take, but that mean something else than they seem to; what must be said, and where. */
const MISLEADING: readonly (readonly [string, DiagnosticCode, string])[] = [
  ['{"defaultAction":"SCMP_ACT_ALLOW","errnoDefault":"EPERM"}', 'unknown-key', '"errnoDefault"'],
  ['{"DefaultAction":"SCMP_ACT_ALLOW"}', 'wrong-case-key', '"DefaultAction"'],
  [
    '{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","errnoRet":5}]}',
    'errno-ignored',
    '5}',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":65537}]}',
    'errno-wrapped',
    '65537',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}',
    'rule-equals-default',
    '"SCMP_ACT_ALLOW"}]',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG"},{"names":[ "read" ],"action":"SCMP_ACT_ERRNO"}]}',
    'rule-dropped',
    '"read" ]',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read" ],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},{"names":["read"],"action":"SCMP_ACT_ERRNO"}]}',
    'rule-overridden',
    '"read" ]',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":1,"op":"SCMP_CMP_GE"},{"index":0,"value":9,"op":"SCMP_CMP_LE"}]}]}',
    'conditions-split',
    '{"index":0,"value":9',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["s390_pci_mmio_read"],"action":"SCMP_ACT_LOG"}]}',
    'absent-everywhere',
    '"s390_pci',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"syscalls":[{"names":["socket"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]}]}',
    'condition-overwritten',
    '{"index":0',
  ],
  [
    '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYSADMIN"]}}]}',
    'unknown-capability',
    '"CAP_SYSADMIN"',
  ],
];

describe('a misleading profile is read, and warned of', () => {
  it.each(MISLEADING)('%s', (text, code, at) => {
    const parsed = parseProfile(text);
    const lowered = lowerProfile(parsed.value!, TARGET);
    expect(lowered.value).toBeDefined();
    const abis = lowered.value!.abis.map((abi) => abi.name);
    const said = [...parsed.diagnostics, ...lowered.diagnostics, ...lintFacts(lowered.facts, abis)];
    expect(said.map((d) => [d.code, d.place.start])).toContainEqual([code, text.indexOf(at)]);
    expect(said.every((d) => d.severity !== 'error')).toBe(true);
  });

  it('conflicts on names that no covered ABI has are refused, as libseccomp does', () => {
    const eq = '"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]';
    const text = `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["send"],"action":"SCMP_ACT_ALLOW",${eq}},{"names":["send"],"action":"SCMP_ACT_KILL",${eq}}]}`;
    const { value, diagnostics } = lowerProfile(parseProfile(text).value!, TARGET);
    expect(value).toBeUndefined();
    expect(diagnostics.map((d) => d.code)).toContain('rule-conflict');
  });

  it('profiles made to blow up are refused in time', () => {
    const masks = Array.from({ length: 32 }, (_, i) => (1n << BigInt(i)) | (1n << BigInt(i + 32)));
    const rule = (m: bigint) =>
      `{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":${m},"valueTwo":${m},"op":"SCMP_CMP_MASKED_EQ"}]}`;
    const blown = `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[${masks.map(rule).join()}]}`;
    const { value } = parseProfile(blown);
    expect(lowerProfile(value!, TARGET, new Diagram(1 << 18)).diagnostics.map((d) => d.code)).toEqual([
      'too-complex',
    ]);
    const many = `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[${Array(30_000).fill('"read"').join()}],"action":"SCMP_ACT_ERRNO"}]}`;
    expect(lowerProfile(parseProfile(many).value!, TARGET).diagnostics.map((d) => d.code)).toEqual([
      'too-complex',
    ]);
  });
});

it('the place of a schema is no fault, and means nothing', () => {
  const { value, diagnostics } = parseProfile('{"$schema":"./s.json","defaultAction":"SCMP_ACT_LOG"}');
  expect(diagnostics).toEqual([]);
  expect(stringifyProfile(value!)).not.toContain('$schema');
  const misplaced =
    '{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","$schema":""}]}';
  expect(parseProfile(misplaced).diagnostics.map(({ code }) => code)).toEqual(['unknown-key']);
});

describe('places of a profile that was read', () => {
  const text = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{
    "names": ["socket"], "action": "SCMP_ACT_ALLOW", "comment": "why",
    "includes": {"caps": ["CAP_NET_RAW"], "minKernel": "4.8"},
    "args": [{"index": 1, "value": 255, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]
  }]}`;
  const rule = parseProfile(text).value!.rules[0];
  const [condition] = rule.conditions;
  const at = (span: { start: number; end: number } | undefined) => span && text.slice(span.start, span.end);

  it.each([
    ['an action', rule.action.span, '"SCMP_ACT_ALLOW"'],
    ['a name', rule.names[0].span, '"socket"'],
    ['a comment', rule.comment?.span, '"why"'],
    ['a scope', rule.includes?.span, '{"caps": ["CAP_NET_RAW"], "minKernel": "4.8"}'],
    ['a kernel', rule.includes?.minKernel?.span, '"4.8"'],
    ['an index', condition.parts?.argument, '1'],
    ['a value', condition.parts?.value, '255'],
    ['the other value', condition.parts?.valueTwo, '3'],
    ['an operator', condition.parts?.operator, '"SCMP_CMP_MASKED_EQ"'],
  ])('%s', (_what, span, wanted) => {
    expect(at(span)).toBe(wanted);
  });

  it('are those of the larger document that the profile is a part of', () => {
    const whole = `kind: SeccompProfile\nspec:\n  defaultAction: SCMP_ACT_LOG\n`;
    const tree = readSource(whole, 'yaml').value!;
    const spec = tree.kind === 'object' ? tree.entries[1].value : tree;
    const { value } = parseProfileTree(spec);
    const { start, end } = value!.defaultAction.span;
    expect(whole.slice(start, end)).toBe('SCMP_ACT_LOG');
  });
});
