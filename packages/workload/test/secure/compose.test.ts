import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, describe, expect, it } from 'vitest';
import { said, secured } from './securing.ts';

const FILE = `# shop
version: "3"
services:
  web:
    image: example.test/web:1 # front
  # the database
  db:
    image: example.test/db:1
    security_opt:
      - seccomp:unconfined   # for perf
      - label=disable
  only: {image: example.test/x:1, security_opt: ["seccomp=unconfined"]}
`;

describe('a compose file', () => {
  it('has the default of its engine; unconfined stays, and is told', () => {
    const done = secured(FILE);
    expect(done).toMatchObject({ text: FILE, isCompose: true, count: 3, objects: [] });
    expect(said(done)).toEqual([
      'service db: is unconfined, and says so: left alone',
      'service only: is unconfined, and says so: left alone',
    ]);
  });

  it('is made to take the default again', () => {
    expect(secured(FILE, { replacesUnconfined: true }).text).toBe(
      FILE.replace('      - seccomp:unconfined   # for perf\n', '').replace(
        ', security_opt: ["seccomp=unconfined"]',
        '',
      ),
    );
  });

  it('is given a profile, and no more privileges', () => {
    expect(
      secured(FILE, { profile: './p.json', noPrivilegeEscalation: true, containers: ['web'] }).text,
    ).toBe(
      FILE.replace(
        ' # front\n',
        (end) => `${end}    security_opt:\n      - seccomp=./p.json\n      - no-new-privileges:true\n`,
      ),
    );
    expect(
      secured(FILE, { profile: 'p.json', replacesUnconfined: true, containers: ['db', 'only'] }).text,
    ).toBe(
      FILE.replace('seccomp:unconfined ', 'seccomp=p.json ').replace('seccomp=unconfined', 'seccomp=p.json'),
    );
  });

  it('the last option counts, so one is left', () => {
    const text =
      'services: {a: {image: b, security_opt: ["seccomp=1.json", "label=x", "seccomp=2.json", "no-new-privileges=false"]}}\n';
    expect(secured(text, { profile: '3.json', noPrivilegeEscalation: true }).text).toBe(
      'services: {a: {image: b, security_opt: ["seccomp=3.json", "label=x", "no-new-privileges:true"]}}\n',
    );
  });

  it('what a merge key brings is not lost, and not brought again', () => {
    const text = `x-base: &base
  image: a
  security_opt: [label=x, "seccomp=unconfined"]
services:
  a:
    <<: *base
`;
    expect(secured(text, { replacesUnconfined: true }).text).toBe(
      `${text}    security_opt:\n      - label=x\n`,
    );
  });

  it('says that a privileged service stays without a filter', () => {
    expect(said(secured('services: {a: {image: b, privileged: true}}\n'))).toEqual([
      'service a: stays without a filter: it is privileged',
    ]);
  });
});

describeWith(['docker-compose'], 'docker-compose reads what was written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-compose-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  it.each([
    [{ replacesUnconfined: true }],
    [{ profile: 'p.json', noPrivilegeEscalation: true }],
    [{ profile: 'p.json', replacesUnconfined: true }],
  ])('%j', (request) => {
    const file = join(folder, 'compose.yaml');
    const { text } = secured(FILE, request);
    writeFileSync(file, text);
    writeFileSync(join(folder, 'p.json'), '{"defaultAction": "SCMP_ACT_ALLOW"}');
    const { status, stdout, stderr } = spawnSync('docker-compose', ['-f', file, 'config'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const option of [/seccomp[:=]p.json/, /no-new-privileges:true/, /unconfined/])
      expect(stdout.split(option).length).toBe(text.split(option).length);
  });
});
