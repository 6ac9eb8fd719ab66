import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import { extendBase } from '@callgate/engine/internal/build/extend';
import { type BuildOptions, synthesize } from '@callgate/engine/internal/build/synthesize';
import { type ProfileText, textMeaning } from '@callgate/engine/internal/policy/text-meaning';
import type { Observation } from '@callgate/engine/internal/recording/recording';
import { stockProfile, stockProfiles } from '@callgate/engine/internal/stock/stock-profiles';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { callsOf, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { ABI_SETS, profileText, randomCase } from '@callgate/testing/random-profiles';
import { Random } from '@callgate/testing/random-programs';
import { recordingOf } from '@callgate/testing/recordings';
import { describe, expect, it } from 'vitest';

const target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] } as const;

const call = (name: string, values?: readonly (string | null)[], arch: AbiName = 'x86_64'): Observation => ({
  arch,
  nr: numberOf(arch, name)!,
  name,
  count: 1,
  phase: 'run',
  denied: 0,
  ...(values && { args: [{ values, count: 1 }] }),
});

function extended(text: string, observations: readonly Observation[], options: BuildOptions = {}) {
  const recordings = [recordingOf(observations)] as const;
  const base: ProfileText = { name: 'base.json', text, target };
  const made = extendBase(base, synthesize(recordings, options), recordings);
  if (made.kind === 'faulty') throw new Error(made.diagnostics.map(({ message }) => message).join('\n'));
  const [before, after] = [text, made.text].map((t) => {
    const meaning = textMeaning({ ...base, text: t });
    if (meaning.kind === 'faulty') throw new Error(meaning.diagnostics[0].message);
    return meaning.policy;
  });
  const changes = diffPolicies(before, after).listed.map((d) =>
    `${d.change} ${d.name ?? d.nr} ${d.arch === 'x86_64' ? '' : d.arch}`.trim(),
  );
  return { ...made, changes };
}

/** What every process needs, so that only what a test is about is added. */
const USUAL = [
  ...['execve', 'exit', 'exit_group', 'rt_sigreturn', 'restart_syscall', 'clock_gettime', 'clock_getres'],
  ...['gettimeofday', 'time', 'getcpu'],
];
const BASE = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "comment": "what it is for"},
    {"names": ${JSON.stringify(USUAL)}, "action": "SCMP_ACT_ALLOW"},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]},
    {"names": ["mount", "clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}
  ]
}
`;

describe('a base', () => {
  it('keeps its text, and gets one rule with what was recorded beside it', () => {
    const { text, added, exact, changes } = extended(BASE, [call('read'), call('openat'), call('close')]);
    const rule = '    {"names": ["close", "openat"], "action": "SCMP_ACT_ALLOW"}';
    expect(text).toBe(BASE.replace('"errnoRet": 38}\n', `"errnoRet": 38},\n${rule}\n`));
    expect(added.map(({ name, reasons }) => [name, reasons[0].kind])).toEqual([
      ['close', 'seen'],
      ['openat', 'seen'],
    ]);
    expect([exact, changes]).toEqual([true, ['loosened close', 'loosened openat']]);
  });

  it('that allows all of it stays as it is', () => {
    const { text, added, exact } = extended(BASE, [call('read')]);
    expect([text, added, exact]).toEqual([BASE, [], true]);
  });

  it('keeps its conditions where nothing that was recorded needs more', () => {
    expect(extended(BASE, [call('socket')]).added).toEqual([]);
    expect(extended(BASE, [call('socket', ['1', '1', '0'])]).added).toEqual([]);
    expect(extended(BASE, [call('socket', ['1', null, null])]).added).toEqual([]);
  });

  it('gets, where recorded arguments need more, rules for these beside its own', () => {
    const { text, exact, changes } = extended(BASE, [call('socket', ['2', '1', '0'])]);
    expect(text).toContain(
      '{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1,',
    );
    expect(changes).toEqual(['loosened socket']);
    expect(exact).toBe(true);
    expect(JSON.parse(text).syscalls.at(-1)).toMatchObject({ names: ['socket'], action: 'SCMP_ACT_ALLOW' });
    expect(JSON.parse(text).syscalls.at(-1).args.length).toBeGreaterThan(0);
  });

  it('does not deny by a rule any more what was recorded', () => {
    const { text, exact, changes } = extended(BASE, [call('mount')]);
    expect([exact, changes]).toEqual([true, ['loosened mount']]);
    expect(text).toContain('{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}');
  });

  it('that allows what it does not name loses the rule that denies it', () => {
    const open =
      '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mount", "bpf"], "action": "SCMP_ACT_ERRNO"}]}';
    const { text, exact } = extended(open, [call('mount'), call('read')]);
    expect([exact, JSON.parse(text).syscalls]).toEqual([
      true,
      [{ names: ['bpf'], action: 'SCMP_ACT_ERRNO' }],
    ]);
  });

  it('answers ENOSYS above the highest call that it named, as before', () => {
    const low = BASE.replace('"mount", "clone3"', '"mount"');
    const { changes, exact } = extended(low, [call('mseal')]);
    // Numbers between the two that no call has get what the default action says.
    expect([exact, changes.filter((change) => !/^changed \d/.test(change))]).toEqual([
      true,
      ['loosened mseal'],
    ]);
  });

  it('says of which ABIs nothing can be added', () => {
    const { uncovered, exact } = extended(BASE, [call('read'), call('read', undefined, 'x86')]);
    expect([uncovered, exact]).toEqual([['x86'], true]);
  });

  it('is proven with multiplexers, too', () => {
    const both = BASE.replace('"SCMP_ARCH_X86_64"', '"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"');
    const { exact, changes } = extended(both, [call('bind')]);
    expect(exact).toBe(true);
    expect(changes).toEqual(['loosened bind', 'loosened socketcall x86', 'loosened bind x86']);
  });
});

describe("a runtime's default as a base", () => {
  const docker = async () => {
    const text = await stockProfile('docker')!.text();
    return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
  };

  it('gets what was recorded, and keeps clone3 closed where libraries fall back on clone', async () => {
    const made = extended(await docker(), [
      call('clone3'),
      call('clone', ['17', '0', '0', '0', '0']),
      call('mount'),
    ]);
    expect(made).toMatchObject({ exact: true, takesClone: true });
    expect(made.added.map(({ name }) => name)).toEqual(['mount']);
    expect(made.changes).toEqual(
      ['loosened mount', 'loosened mount x32', 'loosened mount x86'].sort(asGiven(made.changes)),
    );
  });

  it('gets clone3 where it is named by hand', async () => {
    const made = extended(await docker(), [call('read')], { allow: ['clone3'] });
    expect([made.exact, made.takesClone, made.added.map(({ name }) => name)]).toEqual([
      true,
      false,
      ['clone3'],
    ]);
  });
});

describe('any base', () => {
  it.each(stockProfiles().map((stock) => [stock.name, stock.seen[0], stock] as const))(
    'of %s %s means exactly what it meant and what was added, whatever was recorded',
    async (_name, _release, stock) => {
      const random = new Random(20261129);
      const text = await stock.text();
      let added = 0;
      for (let i = 0; i < 2; i++) {
        const made = extended(text, observations(random), random.chance(0.3) ? TIGHT : {});
        expect(made.exact).toBe(true);
        // Where another ABI has other numbers, a name may take it another errno.
        expect(made.changes.filter((change) => /^tightened|^changed [a-z]\S*$/.test(change))).toEqual([]);
        added += made.added.length;
      }
      expect(added).toBeGreaterThan(0);
    },
  );

  it('that is random does, too', () => {
    const random = new Random(20261129);
    let met = 0;
    for (let i = 0; i < 80; i++) {
      const subject = randomCase(random, ABI_SETS[i % 3]);
      const meaning = textMeaning({ name: 'base.json', text: profileText(subject), target });
      if (meaning.kind === 'faulty') continue;
      met++;
      const made = extended(profileText(subject), observations(random));
      expect(made.exact).toBe(true);
    }
    expect(met).toBeGreaterThan(20);
  });
});

const TIGHT = { tighten: { minRuns: 1, mostValues: 16 } };
const VALUES = ['0', '1', '2', '16', '40', '268435473', '4294967295', '18446744073709551615'];

function observations(random: Random): Observation[] {
  return Array.from({ length: 3 + random.below(20) }, () => {
    const arch = random.pick(['x86_64', 'x86_64', 'x86', 'x32'] as const);
    const [name] = random.pick(callsOf(arch));
    const values = Array.from({ length: 6 }, () => (random.chance(0.2) ? null : random.pick(VALUES)));
    return call(name, random.chance(0.5) ? values : undefined, arch);
  });
}

function asGiven(order: readonly string[]) {
  return (a: string, b: string) => order.indexOf(a) - order.indexOf(b);
}
