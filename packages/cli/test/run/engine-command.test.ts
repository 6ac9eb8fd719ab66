import { describe, expect, it } from 'vitest';
import { engineCommand, insteadOf } from '../../src/run/engine-command.ts';
import { engineRun } from '../../src/run/record-engine-run.ts';

/** Blanks stand between the words; a script is one word. */
const asked = (line: string, ...script: readonly string[]) => engineCommand([...line.split(' '), ...script]);

describe('a command that only asks an engine', () => {
  it.each([
    ['docker run x', 'docker run'],
    ['/usr/bin/docker run x', 'docker run'],
    ['sudo docker -H tcp://h:1 run x', 'docker run'],
    ['sudo -u root -E docker run x', 'docker run'],
    ['env X=1 -u Y docker run x', 'docker run'],
    ['docker --context x container run y', 'docker run'],
    ['docker -l debug --tls run y', 'docker run'],
    ['docker image build .', 'docker build'],
    ['timeout 5 docker run x', 'docker run'],
    ['timeout -s KILL --foreground 5m docker run x', 'docker run'],
    ['strace -f -o /tmp/out docker run x', 'docker run'],
    ['nice -n 5 nohup stdbuf -oL podman run x', 'podman run'],
    ['taskset 3 podman --log-level debug run x', 'podman run'],
    ['podman --root /a --runroot /b kube play x', 'podman kube'],
    ['podman-remote run x', 'podman run'],
    ['docker compose -f a.yaml up', 'docker compose'],
    ['docker-compose -f a.yaml -p b up', 'docker-compose up'],
    ['kubectl -n default --context c apply -f x', 'kubectl apply'],
    ['nerdctl -n k8s.io run x', 'nerdctl run'],
    ['ctr -n k8s.io -a /s t start x', 'ctr t'],
    ['crictl -r unix:///s runp x', 'crictl runp'],
  ])('is seen: %s', (line, meant) => {
    const found = asked(line);
    expect(`${found?.engine} ${found?.action}`).toBe(meant);
    expect(line.split(' ')[found!.at!.action]).toBe(meant.split(' ')[1]);
  });

  it.each([
    'docker ps',
    'docker logs run',
    'docker',
    'docker -H',
    'ls docker run',
    'timeout 5 ./app docker run',
    'sudo -u docker run',
    'sudo',
    'env A=1',
    'timeout 5',
    'constructor run',
    'docker toString',
  ])('is no other one: %s', (line) => expect(asked(line)).toBeUndefined());

  it('is seen in a script of a shell, where nothing can be put between its words', () => {
    expect(asked('sh -c', 'cd /x && exec docker run y | tee z')).toEqual({ engine: 'docker', action: 'run' });
    expect(asked('sudo bash -euc', 'timeout 5 podman run y')).toEqual({ engine: 'podman', action: 'run' });
    expect(asked('sh -c', 'echo docker; run x')).toBeUndefined();
    expect(asked('sh script.sh', 'docker run x')).toBeUndefined();
  });

  it('gets told what would happen, and what to do', () => {
    expect(insteadOf({ engine: 'docker', action: 'run' }, 'run')).toBe(
      'docker run only asks an engine for the container, which is no child of docker: docker itself would be confined; write: docker run --security-opt seccomp=PROFILE …',
    );
    expect(insteadOf({ engine: 'kubectl', action: 'run' }, 'record')).toMatch(
      /kubectl itself would be recorded; record on its node: callgate record --container NAME --wait$/,
    );
    expect(insteadOf({ engine: 'podman', action: 'run' }, 'shrink')).toMatch(/callgate try -- podman run …$/);
  });

  it('can be recorded where it starts one container of Docker or Podman', () => {
    expect(engineRun(['sudo', 'podman', 'run', 'x'])?.at).toEqual({ engine: 1, action: 2 });
    expect(engineRun(['docker', 'exec', 'x', 'y'])).toBeUndefined();
    expect(engineRun(['nerdctl', 'run', 'x'])).toBeUndefined();
    expect(engineRun(['sh', '-c', 'docker run x'])).toBeUndefined();
  });
});
