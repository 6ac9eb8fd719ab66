import { containerInCgroup, unitInCgroup } from '@callgate/linux/internal/container/cgroup-name';
import { expect, it } from 'vitest';

const ID = '9f74dbb7d20de2489532a7c6385bdd017f015ce3d8409d4c86c24b646f6579d3';
const INNER = ID.replaceAll('9', '8');
const POD = '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0b2d_41.slice';

it.each([
  ['docker', `0::/system.slice/docker-${ID}.scope`],
  ['docker', `9:name=systemd:/docker/${ID}\n0::/`],
  // Docker in Docker: the outer one is this machine's.
  ['docker', `0::/docker/${ID}/docker/${INNER}`],
  ['podman', `0::/machine.slice/libpod-${ID}.scope/container`],
  ['podman', `1:cpu:/libpod_parent/libpod-${ID}`],
  ['containerd', `0::${POD}/cri-containerd-${ID}.scope`],
  ['containerd', `0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:${ID}`],
  ['containerd', `0::/default/${ID}`],
  ['crio', `0::${POD}/crio-${ID}.scope`],
  ['cri', `4:pids:/kubepods/burstable/pod0b2d-41/${ID}`],
])('finds a container of %s in %s', (engine, text) => {
  expect(containerInCgroup(text)).toEqual({ engine, id: ID });
});

it.each([
  '0::/',
  '0::/system.slice/nginx.service',
  '0::/user.slice/x.scope',
  '',
  `0::/libpod-conmon-${ID}`,
  ':'.repeat(9000),
])('finds none in %j', (text) => {
  expect(containerInCgroup(text)).toBeUndefined();
});

it('finds the unit of a service', () => {
  expect(unitInCgroup('1:cpu:/\n0::/system.slice/nginx.service/worker')).toBe('nginx.service');
  expect(unitInCgroup('0::/user.slice')).toBeUndefined();
});

it('takes no long time for long paths', () => {
  const began = performance.now();
  for (const text of ['/kubepods', '/a', `/docker-${ID}`, '0::/kubepods/x'].map((one) => one.repeat(100_000)))
    containerInCgroup(`0::${text}`);
  expect(performance.now() - began).toBeLessThan(500);
});
