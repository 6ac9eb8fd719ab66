import { lowerProfile, type Policy, parseProfile } from '@callgate/engine';
import { decompilePolicy } from '@callgate/engine/internal/lift/decompile';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { answer, fixtureNames, fixtureText, loadFixture } from '@callgate/testing/behaviour';
import { ABI_SETS, profileText, randomCase } from '@callgate/testing/random-profiles';
import { Random } from '@callgate/testing/random-programs';
import { answered } from '@callgate/workload/internal/carriers/answers';
import type { Cargo, Carrier } from '@callgate/workload/internal/carriers/carrier';
import { CARRIERS } from '@callgate/workload/internal/carriers/carriers';
import { settledTarget } from '@callgate/workload/internal/carriers/proof';
import { type Reread, reread } from '@callgate/workload/internal/carriers/reread';
import { ship } from '@callgate/workload/internal/carriers/ship';
import { describe, expect, it } from 'vitest';

/** Lists of other sandboxes hold what these can say, which has a suite of its own. */
const WRITTEN = CARRIERS.filter(({ write, enforcer }) => write && enforcer !== 'sandbox');
const RESOURCES = ['spo-v1', 'kubescape'];
const ARTIFACTS = ['oci-artifact', 'crio-annotation'];

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] };

/** Each with what resources, one operator's alone, and artifacts say that they cannot hold, if they cannot. */
const OWN: Readonly<
  Record<string, { text: string; resource?: RegExp; operator?: RegExp; artifact?: RegExp }>
> = {
  'conditions of every kind': {
    text: profile({
      syscalls: [
        rule(['ioctl', 'fcntl'], 'ALLOW', [[1, 'EQ', 0x5401n]]),
        rule(['personality'], 'ALLOW', [[0, 'MASKED_EQ', 0xffff_ffffn, 8n]]),
        rule(['lseek'], 'ALLOW', [
          [1, 'LE', (1n << 40n) + 3n],
          [2, 'NE', 2n],
        ]),
        rule(['mmap'], 'ALLOW', [
          [1, 'GE', (1n << 63n) - 1n],
          [0, 'LT', 5n],
        ]),
        rule(['munmap'], 'ALLOW', [[1, 'GT', 7n]]),
      ],
    }),
  },
  'a number above int64': {
    text: profile({
      syscalls: [rule(['lseek'], 'ALLOW', [[1, 'EQ', (1n << 64n) - 1n]]), rule(['cachestat'], 'ALLOW')],
    }),
    resource: /"value" is 18446744073709551615/,
  },
  'a mask above int64': {
    text: profile({ syscalls: [rule(['ioctl'], 'ALLOW', [[1, 'MASKED_EQ', 0xffff_ffff_0000_0000n, 0n]])] }),
    resource: /"value" is 18446744069414584320/,
  },
  errnos: {
    text: profile({
      syscalls: [rule(['mkdir'], 'ERRNO', [], 38), rule(['rmdir'], 'TRACE', [], 7), rule(['read'], 'ALLOW')],
    }),
  },
  'an errno of 0': {
    text: profile({ syscalls: [rule(['mkdir'], 'ERRNO', [], 0), rule(['read'], 'ALLOW')] }),
    resource: /takes an errno of 0 for none/,
  },
  'a default errno': {
    text: profile({ defaultErrnoRet: 38, syscalls: [rule(['read'], 'ALLOW')] }),
    resource: /has no defaultErrnoRet/,
  },
  'the usual default errno': {
    text: profile({ defaultErrnoRet: 1, syscalls: [rule(['read'], 'ALLOW')] }),
  },
  'several ABIs': {
    text: profile({
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
      syscalls: [rule(['socket', 'read'], 'ALLOW', [[0, 'EQ', 1n]])],
    }),
  },
  'a supervisor': {
    text: profile({
      listenerPath: '/var/run/security-profiles-operator/agent.sock',
      syscalls: [rule(['mkdir'], 'NOTIFY'), rule(['read', 'write'], 'ALLOW')],
    }),
    artifact: /leaves no calls to a supervisor/,
  },
  'a supervisor elsewhere': {
    text: profile({ listenerPath: '/run/agent.sock', syscalls: [rule(['mkdir'], 'NOTIFY')] }),
    operator: /takes no listener but in/,
    artifact: /names no listener/,
  },
  'a call in 129 rules': {
    text: profile({
      syscalls: Array.from({ length: 129 }, (_, i) => rule(['ioctl'], 'ALLOW', [[1, 'EQ', BigInt(i)]])),
    }),
    artifact: /names a call in at most 128 rules, and "ioctl" in more/,
  },
  'many rules of other calls': {
    text: profile({
      syscalls: Array.from({ length: 129 }, (_, i) =>
        rule([i % 2 ? 'ioctl' : 'fcntl'], 'ALLOW', [[1, 'EQ', BigInt(i)]]),
      ),
    }),
  },
  'two answers for a call': {
    text: profile({ syscalls: [rule(['mkdir'], 'ALLOW'), rule(['mkdir'], 'LOG'), rule(['read'], 'ALLOW')] }),
    artifact: /gives "mkdir" one answer for the same conditions/,
  },
  "Docker's keys": {
    text: JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
      syscalls: [
        { names: ['read'], action: 'SCMP_ACT_ALLOW', comment: 'always: é' },
        { names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
        { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
        {
          names: ['clone'],
          action: 'SCMP_ACT_ALLOW',
          excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['s390'] },
        },
      ],
    }),
  },
  "Podman's keys": {
    text: JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrno: 'ENOSYS',
      syscalls: [
        { names: ['read'], action: 'SCMP_ACT_ALLOW' },
        { names: ['mount'], action: 'SCMP_ACT_ERRNO', errno: 'EPERM', excludes: { caps: ['CAP_SYS_ADMIN'] } },
      ],
    }),
    resource: /has no defaultErrnoRet/,
  },
  flags: {
    text: profile({ flags: ['SECCOMP_FILTER_FLAG_LOG'], syscalls: [rule(['read'], 'ALLOW')] }),
  },
  'a rule that names a call twice': {
    text: profile({ syscalls: [rule(['read', 'read'], 'ALLOW')] }),
  },
};

describe.each(WRITTEN)('$id', (carrier) => {
  it.each(Object.entries(OWN))(
    '%s: equal, or says what it cannot hold',
    (_, { text, resource, operator, artifact }) => {
      const shipped = ship(carrier, cargoOf(carrier, text, TARGET))!;
      const ofResource = resource ?? (carrier.id === 'spo-v1' ? operator : undefined);
      const isResource = RESOURCES.includes(carrier.id);
      const wanted = isResource ? ofResource : ARTIFACTS.includes(carrier.id) ? artifact : undefined;
      const limits = (shipped.shipment.limits ?? []).map(({ message }) => message);
      if (wanted) {
        expect(limits.join('\n')).toMatch(wanted);
        const [{ place }] = shipped.shipment.limits!;
        expect(text.slice(place.start, place.end)).not.toBe('');
        expect(shipped.isWhole).toBe(false);
      } else expect({ limits, isWhole: shipped.isWhole }, text).toEqual({ limits: [], isWhole: true });
    },
  );

  it.each(fixtureNames())('the rows of %s hold of what is read again', (name) => {
    for (const { target, rows } of loadFixture(name).fixtures) {
      const cargo = cargoOf(carrier, fixtureText(name), target);
      const { shipment, isWhole } = ship(carrier, cargo)!;
      if (!isWhole) {
        expect([...RESOURCES, ...ARTIFACTS]).toContain(carrier.id);
        expect(shipment.limits).not.toEqual([]);
        continue;
      }
      const { policy } = meaning(reread(carrier, shipment, cargo.target));
      for (const { text, abi, nr, args, wanted } of rows)
        expect([
          text,
          answer(policy.diagram.evaluate(policy.root, { arch: abi.auditArch, nr, args })),
        ]).toEqual([text, wanted]);
    }
  });

  it('holds profiles at random, or says what it cannot hold', () => {
    const random = new Random(20261129);
    let whole = 0;
    for (const { text, target } of randomTexts(random, 60)) {
      const shipped = ship(carrier, cargoOf(carrier, text, target))!;
      if (shipped.isWhole) whole++;
      else {
        expect([...RESOURCES, ...ARTIFACTS], text).toContain(carrier.id);
        expect(shipped.shipment.limits, text).not.toEqual([]);
      }
    }
    expect(whole).toBeGreaterThan(RESOURCES.includes(carrier.id) ? 5 : 20);
  });

  const hub = OWN['conditions of every kind'].text;
  it.each(WRITTEN.map(({ id }) => id))('goes on to %s and comes back', (id) => {
    const other = WRITTEN.find((c) => c.id === id)!;
    const first = cargoOf(carrier, hub, TARGET);
    const there = passedOn(carrier, first, other);
    const back = passedOn(other, there, carrier);
    expect(ship(carrier, back)!.isWhole).toBe(true);
    expect(ship(carrier, { ...back, policy: first.policy })!.isWhole, 'the meaning of the first').toBe(true);
  });
});

it('tells a carrier that lost something by what differs', () => {
  const oci = WRITTEN.find(({ id }) => id === 'oci')!;
  const forgetful: Carrier = {
    ...oci,
    write: (cargo) =>
      oci.write!({ ...cargo, profile: { ...cargo.profile, rules: cargo.profile.rules.slice(1) } }),
  };
  const { proof, isWhole } = ship(forgetful, cargoOf(oci, OWN['conditions of every kind'].text, TARGET))!;
  expect(isWhole).toBe(false);
  const names = proof?.kind === 'read' ? proof.differences.listed.map(({ name }) => name) : [];
  expect([...new Set(names)].sort()).toEqual(['fcntl', 'ioctl']);
});

it('best effort leaves out what it says, and nothing else', () => {
  const spo = WRITTEN.find(({ id }) => id === 'spo-v1')!;
  const { proof } = ship(spo, cargoOf(spo, OWN['a number above int64'].text, TARGET))!;
  expect(proof).toMatchObject({
    kind: 'read',
    differences: { listed: [{ name: 'lseek', change: 'tightened' }] },
  });
});

function cargoOf(carrier: Carrier, text: string, on: Target): Cargo {
  const { value: written, diagnostics } = parseProfile(text, { unknownNames: 'skip' });
  expect(written, JSON.stringify(diagnostics)).toBeDefined();
  const target = settledTarget(written!, on);
  return { profile: written!, target, policy: lowerProfile(written!, target).value!, ...rest(carrier) };
}

function rest(carrier: Carrier): Pick<Cargo, 'name' | 'answers'> {
  const needed = Object.entries(carrier.asks ?? {}).flatMap(([key, question]) =>
    question.needed ? [[key, question.needed] as const] : [],
  );
  const result = answered(carrier, new Map(needed));
  return { name: 'web', answers: 'answers' in result ? result.answers : {} };
}

/** What is made of a cargo when it was carried and is to be carried on. */
function passedOn(from: Carrier, cargo: Cargo, to: Carrier): Cargo {
  const read = meaning(reread(from, ship(from, cargo)!.shipment, cargo.target));
  const made = read.profile ?? decompilePolicy(read.policy)!.profile;
  return { ...cargo, ...rest(to), profile: made, policy: read.policy };
}

function meaning(read: Reread): { readonly policy: Policy; readonly profile?: Profile } {
  if ('policy' in read) return read;
  throw new Error(read.diagnostics.map(({ message }) => message).join('\n'));
}

function* randomTexts(random: Random, count: number): Iterable<{ text: string; target: Target }> {
  for (let made = 0; made < count; ) {
    const one = randomCase(random, ABI_SETS[made % ABI_SETS.length]);
    const text = profileText(one);
    const { native, runtime } = one.machine;
    const target: Target = { ...TARGET, native, runtime: { name: runtime } };
    const { value } = parseProfile(text);
    if (!value || !lowerProfile(value, target).value) continue;
    made++;
    yield { text, target };
  }
}

type PlainCondition = readonly [index: number, op: string, value: bigint, valueTwo?: bigint];

function rule(
  names: readonly string[],
  action: string,
  args: readonly PlainCondition[] = [],
  errnoRet?: number,
): object {
  return {
    names,
    action: `SCMP_ACT_${action}`,
    errnoRet,
    args: args.map(([index, op, value, valueTwo]) => ({
      index,
      value: `#${value}#`,
      valueTwo: valueTwo === undefined ? undefined : `#${valueTwo}#`,
      op: `SCMP_CMP_${op}`,
    })),
  };
}

function profile(keys: object): string {
  return JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', ...keys }, null, 1).replace(/"#(\d+)#"/g, '$1');
}
