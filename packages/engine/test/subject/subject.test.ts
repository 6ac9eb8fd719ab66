import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../src/compile/compile.ts';
import { arePoliciesEqual } from '../../src/policy/policy.ts';
import { DOCKER_PROFILE } from '../../src/stock.ts';
import { isProgram, profileSubject, programSubject } from '../../src/subject/subject.ts';

const target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] } as const;

describe('a profile as a subject', () => {
  it('has its meaning and its places', () => {
    const text = 'defaultAction: SCMP_ACT_ALLOW\nsyscalls:\n- names: [mkdir]\n  action: SCMP_ACT_ERRNO\n';
    const { value, diagnostics } = profileSubject('web.yaml', text, target);
    expect(diagnostics).toEqual([]);
    expect(value!.source!.positionOf(value!.source!.profile.rules[0].action.span.start).line).toBe(4);
  });

  it('is read by the ending of its name, and by what stands in it without one', () => {
    expect(profileSubject('p.json', 'defaultAction: SCMP_ACT_ALLOW', target).diagnostics[0].code).toBe(
      'json-syntax',
    );
    expect(profileSubject('-', 'defaultAction: SCMP_ACT_ALLOW', target).value).toBeDefined();
  });

  it('warns of what lint finds, and of nothing when it has errors', () => {
    const rule = '{"names":["read"],"action":"SCMP_ACT_ALLOW"}';
    const { warnings } = profileSubject(
      'p',
      `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[${rule}]}`,
      target,
    );
    expect(warnings().map(({ code }) => code)).toEqual(['rule-equals-default']);
    const broken = profileSubject('p', `{"defaultAction":"SCMP_ACT_NOTIFY","syscalls":[${rule}]}`, target);
    expect(broken.value).toBeUndefined();
    expect(broken.diagnostics.map(({ code }) => code)).toContain('notify-default');
    expect(broken.warnings()).toEqual([]);
  });
});

describe('programs as a subject', () => {
  it('mean what they were made of', async () => {
    const { value } = profileSubject('stock:docker', DOCKER_PROFILE, target);
    const { program } = compilePolicy(value!.policy);
    const read = programSubject('docker.bpf', [program], target);
    expect('value' in read && arePoliciesEqual(read.value.policy, value!.policy)).toBe(true);
  });

  it('that no kernel takes are told by the instruction', () => {
    expect(programSubject('bad.bpf', [[]], target)).toMatchObject({ fault: { program: 0 } });
  });

  it('are told from text', () => {
    expect(isProgram('x', new Uint8Array(8))).toBe(true);
    expect(isProgram('x', new Uint8Array(7))).toBe(false);
    expect(isProgram('x', new TextEncoder().encode('{"a": 12}'))).toBe(false);
    expect(isProgram('x.bpf', new TextEncoder().encode('text'))).toBe(true);
  });
});
