import { describe, expect, it } from 'vitest';
import { readDocument } from '../../src/documents/read-document.ts';
import { composeRun } from '../../src/engines/compose-run.ts';
import { runWords } from '../../src/engines/run-command.ts';

const SITE = { folder: '/srv/app', environment: { TAG: '7', EMPTY: '', HOME: '/root' } };
const read = (yaml: string, service = 'web') => composeRun(readDocument(yaml).tree!, service, SITE);

describe('a service of a compose file', () => {
  it('is one container with the same options', () => {
    const { value } = read(`
services:
  web:
    image: redis:\${TAG:-6}
    command: redis-server --save "60 1"
    entrypoint: [docker-entrypoint, -x]
    environment: { A: 1, B: "\${EMPTY:-x}$$\${EMPTY-y}" }
    ports: ["80:80"]
    cap_add: [NET_ADMIN]
    read_only: true
    privileged: false
    working_dir: /data
    tty: true
    restart: always
    healthcheck: { test: [CMD, redis-cli, ping] }
`);
    expect(value?.image).toBe('redis:7');
    expect(value?.command).toEqual(['-x', 'redis-server', '--save', '60 1']);
    expect(value?.health).toEqual(['redis-cli', 'ping']);
    expect(value?.leftOut).toEqual([]);
    expect(runWords(value!.options)).toEqual([
      '--env=A=1',
      '--env=B=x$',
      '--publish=80:80',
      '--cap-add=NET_ADMIN',
      '--read-only',
      '--workdir=/data',
      '--entrypoint=docker-entrypoint',
    ]);
  });

  it('takes files of this machine, and an empty volume in the place of one that is in use', () => {
    const { value } = read(`
services:
  web:
    image: x
    volumes: ["./conf:/conf:ro", "/etc/x:/x", "~/y:/y", "data:/data", /tmp/z]
    env_file: web.env
    depends_on: [db]
    networks: [front]
    healthcheck: { test: curl localhost }
`);
    expect(runWords(value!.options)).toEqual([
      '--volume=/srv/app/conf:/conf:ro',
      '--volume=/etc/x:/x',
      '--volume=/root/y:/y',
      '--volume=/data',
      '--volume=/tmp/z',
      '--env-file=/srv/app/web.env',
    ]);
    expect(value?.leftOut).toEqual([
      'the volume "data" (an empty one is there instead)',
      'depends_on',
      'networks',
    ]);
    expect(value?.health).toEqual(['/bin/sh', '-c', 'curl localhost']);
  });

  it.each([
    ['services: { db: { image: x } }', 'there is no service "web"; there is "db"'],
    ['services: { web: { build: . } }', 'the service "web" names no image; build one and name it'],
  ])('is refused in one line: %s', (yaml, fault) => expect(read(yaml).fault).toBe(fault));
});
