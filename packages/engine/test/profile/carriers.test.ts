import { findProfiles } from '@callgate/engine/internal/profile/carriers';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { formatOf, readDocuments } from '@callgate/engine/internal/source/read';
import { describe, expect, it } from 'vitest';

const PROFILE = `{
  "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": ["mkdir"], "action": "SCMP_ACT_ERRNO" } ]
}`;
const indented = (text: string, by: string) => text.replace(/^/gm, by);
const onOneLine = JSON.stringify(JSON.parse(PROFILE));

/** Documents that hold the profile, as tools write them. */
const CARRIERS: Readonly<Record<string, string>> = {
  'a custom resource': `apiVersion: security-profiles-operator.x-k8s.io/v1beta1
kind: SeccompProfile
metadata: { name: web }
spec:
  defaultAction: SCMP_ACT_ALLOW
  syscalls:
  - { names: [ mkdir ], action: SCMP_ACT_ERRNO }
`,
  'a list of resources': `kind: List\nitems:\n- kind: SeccompProfile\n  spec: ${onOneLine}\n`,
  'a config.json': `{"process": {"args": ["sh"]}, "linux": {"seccomp": ${PROFILE}}}`,
  'a ConfigMap with a block': `kind: ConfigMap\ndata:\n  web.json: |\n${indented(PROFILE, '    ')}\n`,
  'a ConfigMap with a block that keeps ends': `data:\n  web.json: |+\n\n${indented(PROFILE, '       ')}\n\n`,
  'a ConfigMap in JSON': JSON.stringify({ kind: 'ConfigMap', data: { 'web.json': PROFILE } }, null, 1),
  'a ConfigMap in single quotes': `data: { web.json: '${onOneLine}' }`,
  'docker inspect': JSON.stringify([{ Name: '/web', HostConfig: { SecurityOpt: [`seccomp=${onOneLine}`] } }]),
  'crictl inspect': JSON.stringify({ info: { runtimeSpec: { linux: { seccomp: JSON.parse(PROFILE) } } } }),
  'the only document that is one': `kind: Namespace\n---\n${onOneLine}\n---\nkind: Service\n`,
};

describe('what carries a profile', () => {
  it.each(Object.entries(CARRIERS))('%s: the profile is read, with its places in the whole', (_, text) => {
    const { value, diagnostics } = parseProfile(text);
    expect(diagnostics).toEqual([]);
    expect(value!.defaultAction.value).toBe('ALLOW');
    const [rule] = value!.rules;
    expect(text.slice(rule.names[0].span.start, rule.names[0].span.end)).toMatch(/^\\?"?mkdir\\?"?$/);
    expect(text.slice(rule.action.span.start).replace(/^\\?"/, '')).toMatch(/^SCMP_ACT_ERRNO/);
  });

  it('has faults at their places in the whole', () => {
    const text = CARRIERS['a ConfigMap with a block'].replace('"mkdir"', '"mkdirr"');
    const [{ code, place }] = parseProfile(text).diagnostics;
    expect([code, text.slice(place.start, place.end)]).toEqual(['unknown-syscall', '"mkdirr"']);
    const broken = CARRIERS['a ConfigMap with a block'].replace('["mkdir"]', '["mkdir"');
    const [syntax] = parseProfile(broken).diagnostics;
    expect(syntax.code).toBe('json-syntax');
    expect(broken.slice(0, syntax.place.start).split('\n')).toHaveLength(6);
  });

  const BASED =
    'kind: SeccompProfile\nspec:\n  defaultAction: SCMP_ACT_ERRNO\n  baseProfileName: runc-v1.1.5\n';
  it.each([
    ['YAML', BASED],
    [
      'JSON',
      '{"kind": "SeccompProfile", "spec": {"defaultAction": "SCMP_ACT_ERRNO", "baseProfileName": "runc-v1.1.5"}}',
    ],
  ])('says in %s that the operator adds a base profile', (_, text) => {
    const { value, diagnostics } = parseProfile(text);
    expect(value!.defaultAction.value).toBe('ERRNO');
    expect(diagnostics).toMatchObject([{ code: 'base-profile', severity: 'warning' }]);
    const [{ place }] = diagnostics;
    expect(text.slice(place.start, place.end)).toMatch(/^"?runc-v1\.1\.5"?$/);
  });

  const TWO = `kind: ConfigMap\ndata:\n  a.json: '${onOneLine}'\n  b.json: '{"defaultAction": "SCMP_ACT_LOG"}'\n`;

  const INSPECTED = (name: string) => ({
    RepoTags: [name],
    Labels: { 'io.containers.seccomp.profile': onOneLine.replace('mkdir', name.split(':')[0]) },
    Config: { Labels: { 'io.containers.seccomp.profile': onOneLine.replace('mkdir', name.split(':')[0]) } },
  });

  it.each([
    ['an image whose label podman inspect says twice', JSON.stringify([INSPECTED('mkdir:1')]), ['mkdir:1']],
    [
      'two images with labels',
      JSON.stringify([INSPECTED('mkdir:1'), INSPECTED('rmdir:2')]),
      ['mkdir:1', 'rmdir:2'],
    ],
    [
      "Kubescape's resource, by its containers",
      `kind: SeccompProfile\nspec:\n  containers:\n  - name: web\n    path: a.json\n    spec: ${onOneLine}\n  initContainers:\n  - { name: setup, spec: ${onOneLine} }\n`,
      ['web', 'setup'],
    ],
    [
      "Talos's configuration",
      `kind: SeccompProfileConfig\nname: a.json\nprofile: ${onOneLine}\n---\nmachine:\n  seccompProfiles:\n  - { name: b.json, value: ${onOneLine} }\n`,
      ['a.json', 'b.json'],
    ],
  ])('%s: each has its name', (_, text, names) => {
    const { value, diagnostics } = readDocuments(text, formatOf(text));
    expect(diagnostics).toEqual([]);
    expect(findProfiles(value!, text).map(({ name }) => name)).toEqual(names);
  });

  it('of an operator has keys beside it that are none of the profile', () => {
    const resource = `spec: { state: Enabled, disabled: false, ${onOneLine.slice(1)}`;
    expect(parseProfile(resource).diagnostics).toEqual([]);
    expect(parseProfile(`{"state": "Enabled", ${onOneLine.slice(1)}`).diagnostics).toMatchObject([
      { code: 'unknown-key' },
    ]);
  });

  it('of the operator before v1beta1 has its errnos in quotes', () => {
    const rule = '{ names: [mkdir], action: SCMP_ACT_ERRNO, errnoRet: "38" }';
    const { value, diagnostics } = parseProfile(
      `apiVersion: security-profiles-operator.x-k8s.io/v1alpha1\nspec: { defaultAction: SCMP_ACT_ALLOW, syscalls: [${rule}] }`,
    );
    expect(diagnostics).toEqual([]);
    expect(value!.rules[0].errnoRet?.value).toBe(38);
    const bare = parseProfile(`{ defaultAction: SCMP_ACT_ALLOW, syscalls: [${rule}] }`, { format: 'yaml' });
    expect(bare.diagnostics).toMatchObject([{ code: 'wrong-type' }]);
  });

  it('is asked which one when it holds several', () => {
    const [fault] = parseProfile(TWO).diagnostics;
    expect(fault).toMatchObject({
      code: 'several-profiles',
      remedy: { kind: 'choose-part', parts: ['a.json', 'b.json'] },
    });
    expect(parseProfile(TWO, { part: 'b.json' }).value!.defaultAction.value).toBe('LOG');
    expect(parseProfile(TWO, { part: 'c.json' }).diagnostics[0].code).toBe('several-profiles');
  });

  it('is named with its resource when two have files of one name', () => {
    const map = (name: string) =>
      `kind: ConfigMap\nmetadata: { name: ${name} }\ndata:\n  a.json: '{"defaultAction": "SCMP_ACT_LOG"}'\n`;
    const text = `${map('x')}---\n${map('y')}`;
    expect(parseProfile(text).diagnostics[0].remedy).toMatchObject({ parts: ['a.json', 'y/a.json'] });
    expect(parseProfile(text, { part: 'y/a.json' }).value!.defaultAction.value).toBe('LOG');
  });

  it('is not looked for in more text than aliases stand for', () => {
    const texts = Array(900).fill('*x').join();
    const text = `x: &x "# defaultAction\\na: [${Array(2000).fill('1').join()}]"\nl: [${texts}]\n`;
    expect(parseProfile(text).diagnostics.map(({ code }) => code)).toContain('missing-key');
  });

  it.each([
    [
      'spec: { securityContext: { seccompProfile: { type: Localhost, localhostProfile: p/a.json } } }',
      'p/a.json',
    ],
    ['services: { web: { security_opt: [ "seccomp:./web.json" ] } }', './web.json'],
    ['spec: { securityContext: { seccompProfile: { type: RuntimeDefault } } }', 'RuntimeDefault'],
  ])('only names one: %s', (text, name) => {
    const { value, diagnostics } = parseProfile(text);
    expect(value).toBeUndefined();
    expect(diagnostics[0]).toMatchObject({ code: 'names-profile', message: expect.stringContaining(name) });
  });

  it('is no filter when it is empty', () => {
    expect(parseProfile('{}').diagnostics[0].code).toBe('no-filter');
    expect(parseProfile('{"syscalls": []}').diagnostics[0].code).toBe('missing-key');
  });
});
