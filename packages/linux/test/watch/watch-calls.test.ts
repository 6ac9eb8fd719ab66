import { isCalled } from '@callgate/linux/internal/watch/watch-calls';
import { describe, expect, it } from 'vitest';

const id = 'a1b2c3d4e5f6'.padEnd(64, '0');
const ofDocker = { kind: 'container', engine: 'docker', id, name: 'web' } as const;
const ofPod = { kind: 'container', engine: 'cri', id, name: 'app', pod: 'web-0', namespace: 'shop' } as const;

describe('a container that is watched', () => {
  it.each(['web', 'docker:web', id, 'a1b2c3d4e5f6', 'docker:a1b2c3d4e5f6'])('is meant by %s', (reference) => {
    expect(isCalled(ofDocker, reference)).toBe(true);
  });

  it.each(['podman:web', 'we', 'k8s.io/web', 'docker:'])('is not meant by %s', (reference) => {
    expect(isCalled(ofDocker, reference)).toBe(false);
  });

  it.each([
    'app',
    'web-0/app',
    'containerd:app',
    'crio:web-0/app',
    `containerd:k8s.io/${id}`,
    'containerd:k8s.io/web-0/app',
    'containerd:a1b2c3d4e5f6',
  ])('of a pod is meant by %s, though its cgroup does not tell the engine', (reference) => {
    expect(isCalled(ofPod, reference)).toBe(true);
  });

  it.each(['docker:app', 'web-1/app', 'runc:app'])('of a pod is not meant by %s', (reference) => {
    expect(isCalled(ofPod, reference)).toBe(false);
  });
});
