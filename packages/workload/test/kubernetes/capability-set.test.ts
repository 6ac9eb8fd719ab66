import { capabilitySet, capabilityWords } from '@callgate/workload/internal/kubernetes/capability-set';
import type { NodeRuntime } from '@callgate/workload/internal/kubernetes/cluster-node';
import { describe, expect, it } from 'vitest';

const named = (...names: string[]) => names.map((name) => ({ name, span: { start: 0, end: 1 } }));
const has = (runtime: NodeRuntime, add: string[], drop: string[], capability: string) =>
  capabilitySet(runtime, named(...add), named(...drop)).bounding.includes(capability);

describe('the bounding set', () => {
  it.each([
    ['containerd', ['SYS_ADMIN'], [], true],
    ['containerd', ['sys_admin'], [], true],
    ['containerd', ['CAP_SYS_ADMIN'], [], false],
    ['crio', ['CAP_SYS_ADMIN'], [], true],
    ['docker', ['cap_sys_admin'], [], true],
    ['docker', ['ALL'], [], true],
    ['docker', ['all'], ['SYS_ADMIN'], false],
    ['containerd', ['SYS_ADMIN'], ['ALL'], true],
    ['containerd', ['ALL'], ['ALL'], false],
    ['containerd', [], [], false],
  ] as const)('of %s with %j and without %j has SYS_ADMIN: %s', (runtime, add, drop, expected) => {
    expect(has(runtime, [...add], [...drop], 'CAP_SYS_ADMIN')).toBe(expected);
  });

  it('says which names the engine does not know', () => {
    const { unknown } = capabilitySet('containerd', named('CAP_SYS_ADMIN', 'NET_RAW', 'CHMOD'), []);
    expect(unknown.map(({ name }) => name)).toEqual(['CAP_SYS_ADMIN', 'CHMOD']);
  });

  it('is told by what is otherwise', () => {
    const words = (add: string[], drop: string[]) =>
      capabilityWords('containerd', capabilitySet('containerd', named(...add), named(...drop)).bounding);
    expect(words([], [])).toBe('');
    expect(words(['SYS_ADMIN'], ['MKNOD'])).toBe('with SYS_ADMIN, without MKNOD');
    expect(words([], ['ALL'])).toBe('without capabilities');
    expect(words(['NET_BIND_SERVICE'], ['ALL'])).toBe('only NET_BIND_SERVICE');
  });
});
