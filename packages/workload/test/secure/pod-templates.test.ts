import { describe, expect, it } from 'vitest';
import { podsIn } from '../../src/secure/pod-templates.ts';
import { said, secured, valuesOf } from './securing.ts';

const DEFAULT = { seccompProfile: { type: 'RuntimeDefault' } };
const POD = 'spec: {containers: [{name: a, image: b}]}';

describe('pod templates of built-in kinds', () => {
  it.each([
    ['v1', 'Pod', POD, 'spec'],
    ['apps/v1', 'Deployment', `spec: {selector: {}, template: {${POD}}}`, 'spec.template.spec'],
    ['apps/v1', 'StatefulSet', `spec: {selector: {}, template: {${POD}}}`, 'spec.template.spec'],
    ['apps/v1', 'DaemonSet', `spec: {selector: {}, template: {${POD}}}`, 'spec.template.spec'],
    ['apps/v1', 'ReplicaSet', `spec: {selector: {}, template: {${POD}}}`, 'spec.template.spec'],
    ['v1', 'ReplicationController', `spec: {template: {${POD}}}`, 'spec.template.spec'],
    ['batch/v1', 'Job', `spec: {template: {${POD}}}`, 'spec.template.spec'],
    [
      'batch/v1',
      'CronJob',
      `spec: {jobTemplate: {spec: {template: {${POD}}}}}`,
      'spec.jobTemplate.spec.template.spec',
    ],
    ['v1', 'PodTemplate', `template: {${POD}}`, 'template.spec'],
    ['extensions/v1beta1', 'Deployment', `spec: {template: {${POD}}}`, 'spec.template.spec'],
  ])('%s %s', (apiVersion, kind, rest, path) => {
    const [document] = valuesOf(`apiVersion: ${apiVersion}\nkind: ${kind}\n${rest}\n`);
    expect(podsIn(document).pods.map(({ spec, isBuiltIn }) => [spec.join('.'), isBuiltIn])).toEqual([
      [path, true],
    ]);
  });
});

describe('custom kinds', () => {
  it('hold no pod in the values of a chart, nor where they only speak of pods', () => {
    const podShaped = 'template: {spec: {containers: [{name: a, image: b}]}}';
    for (const [apiVersion, spec] of [
      ['argoproj.io/v1alpha1', `source: {helm: {valuesObject: {${podShaped}}}}`],
      ['helm.toolkit.fluxcd.io/v2', `values: {${podShaped}}`],
      ['policies.kyverno.io/v1', podShaped],
      ['kubescape.io/v1', podShaped],
    ]) {
      const [document] = valuesOf(`apiVersion: ${apiVersion}\nkind: Anything\nspec: {${spec}}\n`);
      expect(podsIn(document).pods, apiVersion).toEqual([]);
    }
  });

  it('have templates at any depth', () => {
    const [ray] = valuesOf(
      secured(`apiVersion: ray.io/v1
kind: RayCluster
spec:
  headGroupSpec:
    template:
      ${POD}
  workerGroupSpecs:
  - template:
      ${POD}
`).text,
    );
    expect(ray).toMatchObject({
      spec: {
        headGroupSpec: { template: { spec: { securityContext: DEFAULT } } },
        workerGroupSpecs: [{ template: { spec: { securityContext: DEFAULT } } }],
      },
    });
  });

  it.each([
    ['Workflow', 'spec', (spec: string) => spec],
    ['CronWorkflow', 'spec.workflowSpec', (spec: string) => `{workflowSpec: ${spec}}`],
  ])("Argo's %s has one for all of its templates, and templates with their own", (kind, path, around) => {
    const templates = [
      '{name: a, container: {image: b}, sidecars: [{name: s, image: b}]}',
      '{name: c, script: {image: b, source: x}}',
      '{name: d, containerSet: {containers: [{name: e, image: b}]}, securityContext: {runAsUser: 1}}',
      '{name: f, dag: {tasks: []}}',
    ];
    const spec = around(`{templates: [${templates.join(', ')}]}`);
    const text = `apiVersion: argoproj.io/v1alpha1\nkind: ${kind}\nspec: ${spec}\n`;
    const { pods } = podsIn(valuesOf(text)[0]);
    expect(
      pods.map(({ holder, containers }) => [holder?.join('.'), containers.map(({ name }) => name)]),
    ).toEqual([
      [path, ['a', 's', 'c']],
      [`${path}.templates.2`, ['e']],
    ]);
    const done = secured(text, { noPrivilegeEscalation: true }).text;
    expect(done.match(/RuntimeDefault/g)).toHaveLength(2);
    expect(done.match(/allowPrivilegeEscalation: false/g)).toHaveLength(4);
  });

  it("Argo's templates take what templateDefaults say, and not the workflow's", () => {
    const text =
      'apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templateDefaults: {securityContext: {}}, templates: [{name: a, container: {image: b}}]}\n';
    expect(podsIn(valuesOf(text)[0]).pods.map(({ holder }) => holder?.join('.'))).toEqual([
      'spec.templateDefaults',
    ]);
  });

  it('Knative has the level of containers alone', () => {
    const text = `apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {template: {spec: {containers: [{image: b}]}}}\n`;
    expect(secured(text).text).toBe(
      text.replace('{image: b}', '{image: b, securityContext: {seccompProfile: {type: RuntimeDefault}}}'),
    );
    expect(secured(secured(text).text, { profile: 'p.json' }).text).toContain(
      '{type: Localhost, localhostProfile: p.json}',
    );
  });

  it('steps of Tekton take what their template says, sidecars do not', () => {
    const text = `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec:
  steps:
  - {name: build, image: a}
  - {ref: {name: elsewhere}}
  sidecars:
  - {name: registry, image: a}
`;
    expect(secured(text).text).toBe(
      `${text.replace('registry, image: a', 'registry, image: a, securityContext: {seccompProfile: {type: RuntimeDefault}}')}  stepTemplate:\n    securityContext:\n      seccompProfile:\n        type: RuntimeDefault\n`,
    );
  });

  it('a profile of their own at their own place is their affair', () => {
    const done = secured(
      'apiVersion: x.example/v1\nkind: Db\nspec: {seccompProfile: {type: Localhost}, pods: [{spec: {containers: [{name: a}]}}]}\n',
    );
    expect(said(done)).toEqual([]);
    expect(done.objects).toHaveLength(1);
  });

  it('containers that a merge key brings are not looked for', () => {
    const done = secured(
      'apiVersion: v1\nkind: Pod\nmetadata: {name: p, x: &x {containers: [{image: a}]}}\nspec: {<<: *x}\n',
    );
    expect(said(done)).toEqual([
      'Pod p: left alone: its containers come by a merge key (<<); write them out',
    ]);
  });

  it('cannot be so deep that the search does not end', () => {
    const deep = `${'a: {'.repeat(50)}spec: {containers: [{image: b}]}${'}'.repeat(50)}`;
    const [document] = valuesOf(`apiVersion: x.example/v1\nkind: Deep\n${deep}\n`);
    expect(podsIn(document).pods).toEqual([]);
  });
});

describe('a profile at a wrong level', () => {
  it('stays, is told, and the right one is added', () => {
    const text = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {}
  securityContext: {seccompProfile: {type: RuntimeDefault}}
  template:
    spec:
      seccompProfile: {type: RuntimeDefault}
      containers:
      - name: a
        image: b
        securityContext:
          capabilities: {seccompProfile: {type: RuntimeDefault}}
          seccompprofile: {type: RuntimeDefault}
`;
    const done = secured(text);
    expect(done.text).toBe(
      `${text}      securityContext:\n        seccompProfile:\n          type: RuntimeDefault\n`,
    );
    expect(said(done).map((line) => line.split(' is no place')[0])).toEqual([
      'Deployment web: spec.securityContext.seccompProfile',
      'Deployment web: spec.template.spec.seccompProfile',
      'Deployment web: spec.template.spec.containers[0].securityContext.capabilities.seccompProfile',
      'Deployment web: spec.template.spec.containers[0].securityContext.seccompprofile',
    ]);
  });

  it("fields of a container's in a pod's securityContext are told", () => {
    const done = secured(
      'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {securityContext: {privileged: false, seccompProfile: {type: RuntimeDefault}}, containers: [{image: b}]}\n',
    );
    expect(said(done)).toEqual([
      "Pod p: a pod's securityContext has no privileged: it belongs to each container",
    ]);
  });
});
