import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, describe, expect, it } from 'vitest';
import { jsonPatch } from '../../src/secure/json-patch.ts';
import { kustomization } from '../../src/secure/kustomization.ts';
import { mergePatch } from '../../src/secure/merge-patch.ts';
import type { SecureRequest } from '../../src/secure/request.ts';
import { applyPatch } from './apply-patch.ts';
import { secured, valuesOf } from './securing.ts';

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations:
        container.seccomp.security.alpha.kubernetes.io/app: localhost/p/old.json
        keep: "yes"
    spec:
      securityContext: {runAsUser: 1000}
      initContainers:
      - {name: init, image: "example.test/init:1"}
      containers:
      - name: app
        image: example.test/app:1
        securityContext: {seccompProfile: {type: Localhost, localhostProfile: p/app.json}}
      - {name: side.car, image: "example.test/side:1", securityContext: {seccompProfile: {type: Unconfined}}}
`;
const JOB = `apiVersion: batch/v1
kind: CronJob
metadata: {name: night.ly}
spec:
  schedule: 0 3 * * *
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: "example.test/a:1"}]}}}}
`;
const ROLLOUT = WEB.replace('apps/v1', 'argoproj.io/v1alpha1')
  .replace('Deployment', 'Rollout')
  .replace(', namespace: shop', '');
const REQUESTS: SecureRequest[] = [
  {},
  { replacesUnconfined: true, noPrivilegeEscalation: true },
  { profile: 'q/b.json', containers: ['app'] },
  { containers: ['app', 'init'], noPrivilegeEscalation: true },
];

describe('a JSON patch', () => {
  it.each(REQUESTS)('makes of the object what the edit of the text makes: %j', (request) => {
    for (const text of [WEB, JOB, ROLLOUT]) {
      const { objects, text: changed } = secured(text, request);
      expect(valuesOf(changed)).toEqual(
        valuesOf(text).map((value) =>
          objects.length > 0 ? applyPatch(value, jsonPatch(objects[0])) : value,
        ),
      );
    }
  });

  it('tests whose place in a list it is, once each', () => {
    const [object] = secured(WEB, { profile: 'q/b.json', containers: ['app'] }).objects;
    expect(jsonPatch(object).map(({ op, path }) => `${op} ${path}`)).toEqual([
      'remove /spec/template/metadata/annotations/container.seccomp.security.alpha.kubernetes.io~1app',
      'test /spec/template/spec/containers/0/name',
      'replace /spec/template/spec/containers/0/securityContext/seccompProfile/localhostProfile',
    ]);
  });
});

describe('a strategic merge patch', () => {
  it('names the object, and containers by their names', () => {
    const [object] = secured(JOB, { containers: ['app'] }).objects;
    expect(mergePatch(object)).toEqual({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'night.ly' },
      spec: {
        jobTemplate: {
          spec: {
            template: {
              spec: {
                containers: [
                  { name: 'app', securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
                ],
              },
            },
          },
        },
      },
    });
  });

  it('is none for a list of a custom kind, which it would replace', () => {
    expect(mergePatch(secured(ROLLOUT, { containers: ['init'] }).objects[0])).toBeUndefined();
    const bare = ROLLOUT.replace(/ {6}annotations:\n.*\n.*\n/, '').replace(/ {6}- \{name: side.*\n/, '');
    expect(mergePatch(secured(bare).objects[0])).toMatchObject({
      spec: { template: { spec: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } } } },
    });
  });

  it('takes away what a merge would keep', () => {
    const [object] = secured(WEB, { containers: ['app'] }).objects;
    expect(mergePatch(object)).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'app',
                securityContext: { seccompProfile: { type: 'RuntimeDefault', localhostProfile: null } },
              },
            ],
          },
        },
      },
    });
  });
});

describeWith(['kubectl'], 'kubectl', () => {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-patches-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const kubectl = (...args: string[]) => {
    const { stdout, stderr, status } = spawnSync('kubectl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  /** What kubectl reads of a text. */
  const read = (text: string) => patched(text, 'json', '[]');
  const patched = (text: string, type: string, patch: string): unknown => {
    writeFileSync(join(folder, 'x.yaml'), text);
    return JSON.parse(
      kubectl('patch', '--local', '-f', 'x.yaml', '-o', 'json', `--type=${type}`, '-p', patch),
    );
  };

  it.each(REQUESTS)('makes the same of each kind of patch as of the changed text: %j', (request) => {
    for (const text of [WEB, JOB]) {
      const { text: changed, objects } = secured(text, request);
      for (const object of objects) {
        expect(patched(text, 'json', writeJson(jsonPatch(object)))).toEqual(read(changed));
        expect(patched(text, 'strategic', writeJson(mergePatch(object)))).toEqual(read(changed));
      }
    }
  });

  it.each(REQUESTS)('makes the same of a kustomization: %j', (request) => {
    const texts = [WEB, JOB, ROLLOUT];
    const all = texts.map((text) => secured(text, request));
    const files = texts.map((text, i) => {
      writeFileSync(join(folder, `${i}.yaml`), text);
      return `${i}.yaml`;
    });
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      kustomization(
        files,
        all.flatMap(({ objects }) => objects),
      ),
    );
    const built: readonly unknown[] = valuesOf(kubectl('kustomize', '.'));
    const direct: readonly unknown[] = all.flatMap(({ text }) => valuesOf(text));
    expect(built).toHaveLength(texts.length);
    for (const value of direct) expect(built).toContainEqual(value);
  });
});
