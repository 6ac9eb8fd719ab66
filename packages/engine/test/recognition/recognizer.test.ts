import { parseProfile } from '@callgate/engine';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import {
  type ContainerTarget,
  meaningInContainer,
  readerOfStock,
} from '@callgate/engine/internal/recognition/container-meaning';
import { openNotableCalls } from '@callgate/engine/internal/recognition/open-calls';
import { type Confined, Recognizer } from '@callgate/engine/internal/recognition/recognizer';
import { compareWith } from '@callgate/engine/internal/recognition/relation';
import { parseRelease } from '@callgate/engine/internal/runtime/target';
import { type StockProfile, stockProfiles } from '@callgate/engine/internal/stock/stock-profiles';
import { describe, expect, it } from 'vitest';

const NATIVE = 'x86_64';
const KERNEL = { major: 6, minor: 12 };
const CAPABILITIES = ['CAP_CHOWN', 'CAP_SYS_CHROOT'];
const LACKS = ['x86_64 mseal', 'x86_64 fchmodat2', 'x86 fchmodat2', 'x32 fchmodat2'];

const read = (text: string) => parseProfile(text, { unknownNames: 'skip' }).value!;
const target = (more: Partial<ContainerTarget> = {}): ContainerTarget => ({
  native: NATIVE,
  kernel: KERNEL,
  capabilities: CAPABILITIES,
  runtime: { name: 'runc', release: [1, 1, 5] },
  ...more,
});

/** The filter of a profile as it is read from a process: without any trace of where it came from. */
const filterOf = (policy: Policy): Policy => liftPolicy([compilePolicy(policy).program], NATIVE).policy!;

const recognizer = () =>
  new Recognizer({
    native: NATIVE,
    kernel: KERNEL,
    releases: { runc: [1, 1, 5], crun: [1, 8, 1] },
    lacks: async () => LACKS,
  });

async function stockFilter(stock: StockProfile, more: Partial<ContainerTarget> = {}): Promise<Policy> {
  return filterOf(meaningInContainer(read(await stock.text()), readerOfStock(stock), target(more))!);
}

const inDocker: Confined = {
  engine: { name: 'docker', release: [20, 10, 24] },
  capabilities: CAPABILITIES,
  runtime: 'runc',
};
const named = (name: string) => stockProfiles().find((s) => `${s.name}@${s.seen[0]}` === name)!;

describe('a filter', () => {
  it.each([
    'docker@20.10.24',
    'docker@25.0.6',
    'docker@29.4.3',
    'podman@4.3.1',
    'containerd@1.6.20',
    'containerd@2.1.9',
  ])('of stock:%s is recognised by its meaning, by whichever runtime it was made', async (name) => {
    // Defaults of two engines may mean the same; then it is the own engine's.
    const [engine, release] = name.split('@') as ['docker', string];
    const about = {
      ...inDocker,
      engine: { name: engine, release: parseRelease(release) },
      runtime: undefined,
    };
    for (const runtime of ['runc', 'crun'] as const) {
      const filter = await stockFilter(named(name), { runtime: { name: runtime } });
      const found = await recognizer().recognize(filter, about);
      expect(found.profile).toMatchObject({ kind: 'stock', name: `stock:${name}` });
    }
  });

  it('of the default of its own release is equal to it; of a later one tighter or looser', async () => {
    const own = await recognizer().recognize(await stockFilter(named('docker@20.10.24')), inDocker);
    expect(own).toMatchObject({
      profile: { title: 'default of docker 20.10' },
      comparison: { relation: 'equal' },
      byDefault: { name: 'stock:docker@20.10.24' },
    });
    const later = await recognizer().recognize(await stockFilter(named('docker@29.4.3')), inDocker);
    expect(later.profile!.name).toBe('stock:docker@29.4.3');
    expect(later.comparison.relation).not.toBe('equal');
  });

  it('is recognised for the capabilities of its container, and for no others', async () => {
    const filter = await stockFilter(named('docker@20.10.24'), { capabilities: ['CAP_SYS_ADMIN'] });
    const ask = (capabilities: string[]) => recognizer().recognize(filter, { ...inDocker, capabilities });
    expect((await ask(['CAP_SYS_ADMIN'])).profile?.name).toBe('stock:docker@20.10.24');
    expect((await ask([])).profile).toBeUndefined();
    expect((await ask([])).comparison).toMatchObject({ relation: 'looser', tighter: 0 });
  });

  it('whose libseccomp lacks names is recognised all the same', async () => {
    const filter = await stockFilter(named('docker@29.4.3'), { lacks: LACKS });
    const release = { name: 'docker', release: [29, 4, 3] } as const;
    const found = await recognizer().recognize(filter, { ...inDocker, engine: release });
    expect(found).toMatchObject({
      profile: { name: 'stock:docker@29.4.3' },
      comparison: { relation: 'equal' },
    });
  });

  it('of a file is known by that, and by what its engine was given; of neither it is unknown', async () => {
    const profile = read(
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["bpf"],"action":"SCMP_ACT_ERRNO"}]}',
    );
    const filter = filterOf(meaningInContainer(profile, { name: 'docker' }, target())!);
    const file = { name: 'web.json', profile };
    const machine = { native: NATIVE, kernel: KERNEL, releases: {}, lacks: async () => [] } as const;
    const byFile = await new Recognizer(machine, [file]).recognize(filter, inDocker);
    expect(byFile.profile).toEqual({ kind: 'file', name: 'web.json', title: 'web.json' });
    const given = await new Recognizer(machine).recognize(filter, { ...inDocker, given: file });
    expect(given.profile).toMatchObject({ kind: 'given' });
    expect((await new Recognizer(machine).recognize(filter, inDocker)).profile).toBeUndefined();
  });

  it('asks for what the library lacks only when nothing else explains it', async () => {
    const machine = {
      native: NATIVE,
      kernel: KERNEL,
      releases: { runc: [1, 1, 5] as const },
      lacks: () => Promise.reject(new Error('asked')),
    } as const;
    const filter = await stockFilter(named('docker@20.10.24'));
    expect((await new Recognizer(machine).recognize(filter, inDocker)).profile).toBeDefined();
  });
});

describe('a comparison', () => {
  const meaning = (...denied: string[]) =>
    meaningInContainer(
      read(
        JSON.stringify({
          defaultAction: 'SCMP_ACT_ALLOW',
          architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
          syscalls: denied.length > 0 ? [{ names: denied, action: 'SCMP_ACT_ERRNO' }] : [],
        }),
      ),
      { name: 'runc' },
      target(),
    )!;

  it.each([
    [['bpf'], ['bpf'], 'equal', 0, 0],
    [['bpf'], ['bpf', 'mount'], 'looser', 1, 0],
    [['bpf', 'mount', 'ptrace'], ['bpf'], 'tighter', 0, 2],
    [['bpf'], ['mount'], 'other', 1, 1],
  ] as const)('of %j with %j is %s', (own, other, relation, looser, tighter) => {
    const found = compareWith(meaning(...own), meaning(...other), NATIVE);
    expect(found).toEqual({ relation, looser, tighter });
  });

  it('is other, and not equal, where only the errno is another one', () => {
    const denying = (errnoRet: number) =>
      meaningInContainer(
        read(
          JSON.stringify({
            defaultAction: 'SCMP_ACT_ALLOW',
            syscalls: [{ names: ['bpf'], action: 'SCMP_ACT_ERRNO', errnoRet }],
          }),
        ),
        { name: 'runc' },
        target(),
      )!;
    expect(compareWith(denying(1), denying(13), NATIVE)).toEqual({
      relation: 'other',
      looser: 0,
      tighter: 0,
    });
  });
});

describe('the notable calls that pass', () => {
  it('are without those for which the kernel asks for a capability that is not there', async () => {
    const filter = await stockFilter(named('docker@20.10.24'));
    const ask = (capabilities: string[]) =>
      openNotableCalls(filter, { native: NATIVE, kernel: KERNEL, capabilities });
    expect(ask(['CAP_SYS_CHROOT'])).toContain('chroot');
    expect(ask([])).not.toContain('chroot');
    expect(ask([])).toContain('ptrace');
    expect(ask([])).not.toContain('bpf');
    expect(ask([])).not.toContain('seccomp');
  });
});
