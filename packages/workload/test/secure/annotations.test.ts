import { describe, expect, it } from 'vitest';
import { said, secured } from './securing.ts';

const POD = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/app';
const pod = (annotations: string, spec: string) => `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  selector: {}
  template:
    metadata:
      labels: {app: db}
${annotations}    spec:
${spec}      containers:
      - name: app
        image: a
`;
const DEFAULT = '      securityContext:\n        seccompProfile:\n          type: RuntimeDefault\n';

describe('a dead annotation', () => {
  it.each(['runtime/default', 'docker/default'])('that says %s stays: the field says the same', (value) => {
    const text = pod(`      annotations: {${POD}: ${value}}\n`, '');
    expect(secured(text).text).toBe(text + DEFAULT);
  });

  it('becomes the field that it once was', () => {
    const ofPod = pod(`      annotations:\n        ${POD}: localhost/p/db.json\n`, '');
    expect(secured(ofPod).text).toBe(
      `${ofPod}      securityContext:\n        seccompProfile:\n          type: Localhost\n          localhostProfile: p/db.json\n`,
    );
    const ofContainer = pod(`      annotations:\n        ${CONTAINER}: localhost/p/db.json\n`, '');
    expect(secured(ofContainer).text).toBe(
      `${ofContainer}${DEFAULT.replaceAll(/^/gm, '  ').trimEnd().replace('RuntimeDefault', 'Localhost\n            localhostProfile: p/db.json')}\n${DEFAULT}`,
    );
  });

  it('goes where it contradicts what is asked for', () => {
    const text = pod(`      annotations:\n        ${POD}: localhost/p/db.json\n        x: y # why\n`, '');
    expect(secured(text, { profile: 'q.json' }).text).toBe(
      `${pod('      annotations:\n        x: y # why\n', '')}${DEFAULT.replace('RuntimeDefault', 'Localhost\n          localhostProfile: q.json')}`,
    );
  });

  it('goes where it is misspelt or contradicts the field that is there', () => {
    const wrong = pod(`      annotations:\n        ${POD}: runtime-default\n`, '');
    const done = secured(wrong);
    expect(done.text).toBe(pod('', '') + DEFAULT);
    expect(said(done)).toEqual([
      `StatefulSet db: the annotation ${POD} is removed: it contradicts the field`,
    ]);
    const field = '      securityContext: {seccompProfile: {type: RuntimeDefault}}\n';
    expect(secured(pod(`      annotations: {${POD}: unconfined}\n`, field)).text).toBe(pod('', field));
  });

  it('that says unconfined is kept to until that is asked away', () => {
    const text = pod(`      annotations: {${POD}: unconfined, x: y}\n`, '');
    const kept = secured(text);
    expect(kept).toMatchObject({ text, notices: [{ remedy: 'replace-unconfined' }] });
    expect(secured(text, { replacesUnconfined: true }).text).toBe(
      pod('      annotations: {x: y}\n', '') + DEFAULT,
    );
    const ofContainer = pod(`      annotations: {${CONTAINER}: unconfined}\n`, '');
    const made = secured(ofContainer);
    expect(made.text).toBe(
      ofContainer + DEFAULT.replaceAll(/^(?=.)/gm, '  ').replace('RuntimeDefault', 'Unconfined') + DEFAULT,
    );
    expect(said(made)).toEqual([
      'StatefulSet db: container "app" is made Unconfined, as its annotation says',
    ]);
    expect(secured(ofContainer, { replacesUnconfined: true }).text).toBe(ofContainer + DEFAULT);
  });

  it('whose path cannot be one is told, and the default is taken', () => {
    const text = pod(`      annotations: {${POD}: localhost/../p.json}\n`, '');
    const done = secured(text);
    expect(done.text).toBe(pod('', '') + DEFAULT);
    expect(said(done)[0]).toContain('"../p.json" is none: it has a ".." part');
  });
});
