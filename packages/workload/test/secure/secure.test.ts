import { describe, expect, it } from 'vitest';
import { secure } from '../../src/secure/secure.ts';
import { said, secured, valuesOf } from './securing.ts';

const DEPLOYMENT = `# mine
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}   # the shop
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web   # front
          image: example.test/web:1
          args:
            - |
              a

              b
        - name: proxy
          image: example.test/proxy:1
          # resources: {}
      # the end of the pod
# the end
`;
const POD_LEVEL = `      securityContext:
        seccompProfile:
          type: RuntimeDefault
`;

describe('a pod without a profile', () => {
  it('gets the default at its own level, in the style of the file', () => {
    const { text, notices, objects, count } = secured(DEPLOYMENT);
    expect(text).toBe(DEPLOYMENT.replace('          # resources: {}\n', (line) => line + POD_LEVEL));
    expect(notices).toEqual([]);
    expect(count).toBe(1);
    expect(objects[0]).toMatchObject({
      object: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      changes: [{ kind: 'add', path: ['spec', 'template', 'spec', 'securityContext'] }],
    });
  });

  it('keeps line ends of Windows', () => {
    const text = DEPLOYMENT.replaceAll('\n', '\r\n');
    expect(secured(text).text).toBe(
      text.replace('          # resources: {}\r\n', (line) => line + POD_LEVEL.replaceAll('\n', '\r\n')),
    );
  });

  it.each([
    ['{}', ' {seccompProfile: {type: RuntimeDefault}}'],
    ['{}  # later', ' {seccompProfile: {type: RuntimeDefault}}  # later'],
    ['null', ' {seccompProfile: {type: RuntimeDefault}}'],
    ['~', ' {seccompProfile: {type: RuntimeDefault}}'],
    ['', '\n    seccompProfile:\n      type: RuntimeDefault'],
    ['  # later', '   # later\n    seccompProfile:\n      type: RuntimeDefault'],
    ['{runAsUser: 1}', ' {runAsUser: 1, seccompProfile: {type: RuntimeDefault}}'],
    ['{"runAsUser": 1}', ' {"runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}}'],
    ['\n    runAsUser: 1', '\n    runAsUser: 1\n    seccompProfile:\n      type: RuntimeDefault'],
    ['\n    seccompProfile: null', '\n    seccompProfile: {type: RuntimeDefault}'],
    ['\n    seccompProfile:', '\n    seccompProfile:\n      type: RuntimeDefault'],
    ['\n    seccompProfile: {type: runtime/default}', '\n    seccompProfile: {type: RuntimeDefault}'],
  ])('whose securityContext is %j', (before, after) => {
    const pod = (context: string) =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  securityContext:${context}\n  containers:\n  - {name: a, image: b}\n`;
    expect(secured(pod(/^[{n~ ]/.test(before) ? ` ${before}` : before)).text).toBe(pod(after));
  });

  it('in JSON, in lines and on one line', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ name: 'a', image: 'b' }] } };
    const wanted = {
      ...pod,
      spec: { ...pod.spec, securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
    };
    for (const step of [undefined, 2, 4, '\t'])
      expect(
        secured(JSON.stringify(pod, null, step), {}, 'pod.json').text.replaceAll(step ? '' : ' ', ''),
      ).toBe(JSON.stringify(wanted, null, step));
  });

  it('is told to be made anew where it cannot be changed', () => {
    const job = DEPLOYMENT.replace('apps/v1', 'batch/v1').replace('Deployment', 'Job');
    expect(said(secured(job))).toEqual([
      "Job web: has to be made anew where it exists (delete and apply): a job's template cannot be changed",
    ]);
  });
});

describe('what is left alone', () => {
  const untouched = (text: string) => {
    const done = secured(text);
    expect(done.text).toBe(text);
    return said(done);
  };

  it('is a pod that has a profile', () => {
    expect(untouched(secured(DEPLOYMENT).text)).toEqual([]);
    expect(
      untouched(
        'kind: Pod\napiVersion: v1\nspec: {securityContext: {seccompProfile: {type: Localhost, localhostProfile: a.json}}, containers: [{image: b, securityContext: {seccompProfile: {type: RuntimeDefault}}}]}\n',
      ),
    ).toEqual([]);
  });

  it('is what is no workload: patches, schemas, policies, virtual machines, and text without pods', () => {
    const patch = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, resources: {}}]}}}
`;
    expect(untouched(patch)).toEqual([
      'Deployment web: left alone: it has no selector, so it is a patch and no workload',
    ]);
    expect(untouched(patch.replace('apps/v1', 'batch/v1').replace('Deployment', 'Job'))).toEqual([
      'Job web: left alone: no container has an image, so it is a patch and no workload',
    ]);
    for (const other of [
      'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {rules: [{validate: {pattern: {spec: {containers: [{image: "*"}]}}}}]}\n',
      'apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nspec: {template: {spec: {containers: [{image: a}]}}}\n',
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {example: {spec: {containers: [{image: a}]}}}\n',
      'apiVersion: v1\nkind: ConfigMap\ndata: {pod: "{spec: {containers: []}}"}\n',
      'apiVersion: v1\nkind: Service\nspec: {ports: []}\n# containers\n',
      '# containers\n',
      '',
    ])
      expect(untouched(other)).toEqual([]);
  });

  it('are pods of Windows', () => {
    expect(
      untouched(
        'apiVersion: v1\nkind: Pod\nmetadata: {name: w}\nspec: {os: {name: windows}, containers: [{name: a, image: b}]}\n',
      ),
    ).toEqual(['Pod w: left alone: Windows has no seccomp']);
  });
});

describe('an explicit Unconfined', () => {
  const text = `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {}
  template:
    spec:
      securityContext: {seccompProfile: {type: Unconfined}}
      initContainers:
      - name: init
        image: a
        securityContext:
          seccompProfile:
            type: Unconfined   # for perf
      containers:
      - {name: root, image: a, securityContext: {privileged: true}}
`;

  it('stays, and is told', () => {
    const done = secured(text);
    expect(done.text).toBe(text);
    expect(done.notices).toMatchObject([
      { message: 'the pod is Unconfined, and says so: left alone', remedy: 'replace-unconfined' },
      { message: 'container "init" is Unconfined, and says so: left alone', remedy: 'replace-unconfined' },
      { message: 'container "root" stays without a filter: it is privileged' },
    ]);
    expect(text.slice(done.notices[1].span.start)).toMatch(/^seccompProfile:\n {12}type: Unconfined {3}#/);
  });

  it('goes when that is asked for, and nothing else does', () => {
    expect(secured(text, { replacesUnconfined: true }).text).toBe(
      text.replaceAll('Unconfined', 'RuntimeDefault'),
    );
  });
});

describe('a profile by name', () => {
  it('takes the place of another at the level of the pod; containers keep theirs', () => {
    const text = `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  securityContext: {seccompProfile: {type: RuntimeDefault}}
  containers:
  - {name: own, image: b, securityContext: {seccompProfile: {type: RuntimeDefault}}}
  - {name: other, image: b}
`;
    const done = secured(text, { profile: 'p/web.json' });
    expect(done.text).toBe(
      text.replace(
        'spec:\n  securityContext: {seccompProfile: {type: RuntimeDefault}}',
        'spec:\n  securityContext: {seccompProfile: {type: Localhost, localhostProfile: p/web.json}}',
      ),
    );
    expect(done.notices[0]).toMatchObject({
      message: 'container "own" keeps the profile of its own',
      remedy: 'name-container',
    });
  });

  it('goes to the containers that are named, wherever they are', () => {
    const { text, named } = secured(DEPLOYMENT, { profile: 'p/web.json', containers: ['proxy'] });
    expect(text).toBe(
      DEPLOYMENT.replace(
        '          # resources: {}\n',
        (line) =>
          `          securityContext:\n            seccompProfile:\n              type: Localhost\n              localhostProfile: p/web.json\n${line}`,
      ),
    );
    expect(named).toEqual(['proxy']);
    expect(secured(DEPLOYMENT, { containers: ['none'] })).toMatchObject({ text: DEPLOYMENT, named: [] });
  });

  it('goes, too: without one, the default takes its place where that is asked for by name', () => {
    const own = secured(DEPLOYMENT, { profile: 'p/web.json', containers: ['proxy'] }).text;
    expect(secured(own, { containers: ['proxy'] }).text).toBe(
      own.replace('type: Localhost\n              localhostProfile: p/web.json', 'type: RuntimeDefault'),
    );
  });
});

describe('no more privileges', () => {
  it('are gained by containers that need none', () => {
    const text = `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  securityContext: {seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: plain
    image: a
  - {name: may, image: a, securityContext: {allowPrivilegeEscalation: true}}
  - {name: off, image: a, securityContext: {allowPrivilegeEscalation: off}}
  - {name: root, image: a, securityContext: {privileged: yes}}
  - {name: admin, image: a, securityContext: {capabilities: {add: [CAP_SYS_ADMIN]}}}
`;
    const done = secured(text, { noPrivilegeEscalation: true });
    expect(done.text).toBe(
      text
        .replace(
          '    image: a\n',
          '    image: a\n    securityContext:\n      allowPrivilegeEscalation: false\n',
        )
        .replace('Escalation: true', 'Escalation: false'),
    );
    expect(said(done)).toEqual([
      'Pod p: container "root" may gain privileges: it is privileged',
      'Pod p: container "root" stays without a filter: it is privileged',
      'Pod p: container "admin" may gain privileges: it has CAP_SYS_ADMIN',
      'Pod p: has to be made anew where it exists (delete and apply): a pod cannot be changed',
    ]);
  });
});

describe('a text that is written in a rare way', () => {
  const profile = '  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n';
  it.each([
    // What stands before the new lines, and what behind them.
    ['\ufeffapiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a\n', ''],
    [
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a\n    args:\n    - >-\n      a\n      b\n',
      '\n',
    ],
    [
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a\n    args:\n    - |-\n      a\n',
      '\n\n# end\n',
    ],
    [
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a\n    args: [a,\n      b,\n    ]\n',
      '...\n',
    ],
    ['apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: "a\n      b"\n', '# end'],
    ['apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  -   image: a\n      name: b\n', ''],
    ['%YAML 1.1\n---\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a\n', ''],
    ['---\napiVersion: v1\nkind: Pod\nspec: # pod\n\n  # two\n  containers:\n  - image: !!str a\n', '---\n'],
    ['"apiVersion": v1\n"kind": "Pod"\n"spec":\n  "containers":\n  - "image": a\n', ''],
  ])('%j', (head, tail) => {
    expect(secured(head + tail).text).toBe(head + profile + tail);
  });

  it('with a scalar that keeps its line breaks at the very end', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a\n    args:\n    - |+\n      a\n\n';
    expect(secured(text).text).toBe(text + profile);
  });
});

describe('many documents', () => {
  it('are changed where they are, and all between them stays', () => {
    const pod = (tail: string) =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a, image: b}\n${tail}`;
    const profile = '  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n';
    const text = `# head\n---\n${pod('')}--- # second\n${pod('# tail\n')}...\n---\n\n---\nkind: Other\n---\n${pod('').trimEnd()}`;
    expect(secured(text).text).toBe(
      `# head\n---\n${pod(profile)}--- # second\n${pod(`${profile}# tail\n`)}...\n---\n\n---\nkind: Other\n---\n${pod(profile).trimEnd()}`,
    );
  });

  it('in lists', () => {
    const text = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: a}
  spec:
    containers:
    - image: a
- kind: PodList
  apiVersion: v1
  items:
  - spec: {containers: [{image: b}]}
`;
    const profile = { seccompProfile: { type: 'RuntimeDefault' } };
    expect(valuesOf(secured(text).text)).toMatchObject([
      {
        items: [{ spec: { securityContext: profile } }, { items: [{ spec: { securityContext: profile } }] }],
      },
    ]);
  });
});

describe('anchors and merge keys', () => {
  const list = (first: string, second: string) => `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: a}
  spec:${first}
- apiVersion: v1
  kind: Pod
  metadata: {name: b}
  spec:${second}
`;

  it('a pod that is used twice is changed once', () => {
    const text = list(' &pod\n    containers:\n    - {name: a, image: b}', ' *pod');
    expect(secured(text).text).toBe(
      text.replace(
        'image: b}\n',
        'image: b}\n    securityContext:\n      seccompProfile:\n        type: RuntimeDefault\n',
      ),
    );
  });

  it('a value that another object needs as it is, is written out where it changes', () => {
    const text = list(
      '\n    securityContext: &sc\n      runAsUser: 1\n    containers:\n    - {name: a, image: b, securityContext: *sc}',
      '\n    containers: [{name: b, image: b}]',
    );
    const done = secured(text, { containers: ['a'], profile: 'a.json' });
    expect(valuesOf(done.text)).toMatchObject([
      {
        items: [
          {
            spec: {
              securityContext: { runAsUser: 1n },
              containers: [
                {
                  securityContext: {
                    runAsUser: 1n,
                    seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' },
                  },
                },
              ],
            },
          },
          { spec: { containers: [{ name: 'b' }] } },
        ],
      },
    ]);
    expect(done.text).toContain('&sc\n      runAsUser: 1\n    containers');
  });

  it('what a merge brings is not lost', () => {
    const text = `apiVersion: v1
kind: Pod
metadata: {name: a, annotations: &none {}}
spec:
  containers:
  - &first
    name: a
    image: b
    securityContext: {runAsUser: 7}
  - <<: *first
    name: b
`;
    const done = secured(text, { containers: ['b'] });
    expect(done.text).toBe(
      `${text}    securityContext:\n      runAsUser: 7\n      seccompProfile:\n        type: RuntimeDefault\n`,
    );
  });

  it('a copy that readers of YAML 1.1 would read otherwise is not made', () => {
    const merged = (mode: string) =>
      `apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - &first
    name: a
    image: b
    securityContext: {x: ${mode}}
  - <<: *first
    name: b
`;
    for (const mode of ['yes', '0755', '0o755', '1_000', '12:30:45', '{<<: {a: 1}}'])
      expect(secure({ name: 'x.yaml', text: merged(mode) }, { containers: ['b'] })).toMatchObject({
        kind: 'refused',
      });
    for (const mode of ['"yes"', "'0755'", '755', 'true', 'null', '-1', 'text', '[a, b]'])
      expect(secure({ name: 'x.yaml', text: merged(mode) }, { containers: ['b'] })).toMatchObject({
        kind: 'secured',
      });
  });

  it('an edit that cannot be made is refused', () => {
    const text = `apiVersion: v1
kind: Pod
metadata: {name: a, annotations: {seccomp.security.alpha.kubernetes.io/pod: &x unconfined}}
spec:
  containers: [{name: a, image: b, env: [{name: x, value: *x}]}]
`;
    expect(secure({ name: 'x.yaml', text }, { replacesUnconfined: true })).toMatchObject({
      kind: 'refused',
      object: 'Pod a',
    });
  });
});
