import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import { actionOfWord, executes } from '@callgate/engine/internal/bpf/action';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { type Amendment, amend } from '@callgate/engine/internal/edit/amend';
import { NotAsAsked } from '@callgate/engine/internal/edit/amended';
import { parseAskedCalls } from '@callgate/engine/internal/edit/asked-calls';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { describe, expect, it } from 'vitest';

const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
const ROUNDS = 300;
const NATIVE = callsOf('x86_64');

const YAML = `# what the web server may do
defaultAction: SCMP_ACT_ERRNO   # all others
architectures: [SCMP_ARCH_X86_64]
syscalls:
  # files
  - names:
      - openat   # by name
      - read
      - write
    action: SCMP_ACT_ALLOW
  - {names: [socket], action: SCMP_ACT_ALLOW, args: [{index: 0, value: 1, op: SCMP_CMP_EQ}]}
  # told apart
  - names: [mkdir, rmdir]
    action: SCMP_ACT_ERRNO
    errnoRet: 13
  - names: [statx, fchmodat2]
    action: SCMP_ACT_KILL_PROCESS
`;
const TEXTS: readonly (readonly [name: string, text: string])[] = [
  ['p.yaml', YAML],
  ['p.json', JSON.stringify(JSON.parse(DOCKER_PROFILE), null, 2)],
];

const asking = (kind: 'allow' | 'deny', ...names: string[]): Amendment => ({
  calls: [{ names, kind, conditions: [] }],
});

function amended(name: string, text: string, amendment: Amendment) {
  const result = amend({ name, text, target: TARGET }, amendment);
  if (result.kind === 'faulty') throw new Error(JSON.stringify(result.diagnostics));
  return result;
}

/** What the filter that a policy becomes returns for each call of x86_64, with two choices of arguments. */
function answers(policy: Policy): Map<string, number[]> {
  const { program } = compilePolicy(policy);
  const { auditArch } = policy.abis[0];
  return new Map(
    NATIVE.map(([name, nr]) => [
      name,
      [
        [0n, 0n],
        [1n, 0x1000_0000n],
      ].map((args) => runProgram(program, { arch: auditArch, nr, args }, policy.endian).word),
    ]),
  );
}

const passes = (word: number) => executes(actionOfWord(word).kind);

describe('an amendment', () => {
  it(`changes what was named and nothing else, ${ROUNDS} times`, { timeout: 180_000 }, () => {
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const [name, text] = TEXTS[random(TEXTS.length)];
      const kind = random(2) === 0 ? 'allow' : 'deny';
      const names = [
        ...new Set(Array.from({ length: 1 + random(3) }, () => NATIVE[random(NATIVE.length)][0])),
      ];
      const { before, after } = amended(name, text, asking(kind, ...names));
      const [old, now] = [answers(before), answers(after)];
      for (const [call] of NATIVE)
        if (names.includes(call))
          expect(now.get(call)!.map(passes), `${kind} ${call}`).toEqual([kind === 'allow', kind === 'allow']);
        else expect(now.get(call), `${kind} ${names}: ${call}`).toEqual(old.get(call));
    }
  });

  it('keeps comments, order and layout', () => {
    const { text } = amended('p.yaml', YAML, {
      calls: [
        { names: ['read', 'rmdir'], kind: 'deny', conditions: [] },
        { names: ['mkdir'], kind: 'allow', conditions: [] },
      ],
    });
    expect(text).toBe(
      YAML.replace('      - read\n', '')
        .replace('  - names: [mkdir, rmdir]\n    action: SCMP_ACT_ERRNO\n    errnoRet: 13\n', '')
        .concat('  - {"names": ["mkdir"], "action": "SCMP_ACT_ALLOW"}\n'),
    );
  });

  it('that asks for what is there already changes nothing at all', () => {
    expect(amended('p.yaml', YAML, asking('deny', 'ptrace')).text).toBe(YAML);
  });

  it('lets a call pass with certain arguments', () => {
    const condition = {
      argument: 0,
      operator: 'EQ',
      value: 2n,
      valueTwo: 0n,
      span: { start: 0, end: 0 },
    } as const;
    const { after } = amended('p.yaml', YAML, {
      calls: [{ names: ['socket'], kind: 'allow', conditions: [condition] }],
    });
    const { program } = compilePolicy(after);
    const word = (family: bigint) =>
      runProgram(program, { arch: after.abis[0].auditArch, nr: 41, args: [family] }, 'little').word;
    expect([1n, 2n, 3n].map(word).map(passes)).toEqual([false, true, false]);
  });

  it('logs what is denied, and lets it pass, as a shadow', () => {
    for (const [name, text] of TEXTS) {
      const { before, after } = amended(name, text, { calls: [], shadow: true });
      const [old, now] = [answers(before), answers(after)];
      for (const [call] of NATIVE)
        old.get(call)!.forEach((word, i) => {
          expect(actionOfWord(now.get(call)![i]).kind, call).toBe(
            passes(word) ? actionOfWord(word).kind : 'LOG',
          );
        });
    }
  });

  it('makes a denylist of nothing', () => {
    const { text } = amended('none.json', '{"defaultAction": "SCMP_ACT_ALLOW"}', asking('deny', 'ptrace'));
    expect(JSON.parse(text)).toEqual({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['ptrace'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
    });
  });

  it('takes the calls that were meant for names that are none', () => {
    const text =
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["pread", "read"], "action": "SCMP_ACT_ALLOW"}]}';
    expect(amended('p.json', text, { calls: [], renamesUnknown: true }).text).toBe(
      text.replace('"pread"', '"pread64"'),
    );
    expect(amend({ name: 'p.json', text, target: TARGET }, asking('deny', 'read')).kind).toBe('faulty');
  });

  const THREE_ABIS = '"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"';
  const allowing = (abis: string, ...names: string[]) =>
    `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": [${abis}], "syscalls": [{"names": ${JSON.stringify(names)}, "action": "SCMP_ACT_ALLOW"}]}`;

  it('is refused where something else would change, or the call is not there', () => {
    const mux = allowing(THREE_ABIS, 'read', 'faccessat2');
    const some = { calls: [{ ...parseAskedCalls('socket=family==AF_UNIX'), kind: 'allow' as const }] };
    // Through socketcall the family is not seen, so every one would pass.
    expect(() => amended('p.json', mux, some)).toThrow(NotAsAsked);
    expect(() => amended('p.yaml', YAML, asking('allow', 'umount'))).toThrow(
      /x86_64 has no system call umount/,
    );
  });

  it('a call may be reached through socketcall and ipc, and no other call may', () => {
    const x86 = { arch: 0x40000003, args: [3n] };
    const through = (policy: Policy, nr: number, subcall: bigint) =>
      passes(runProgram(compilePolicy(policy).program, { ...x86, nr, args: [subcall] }, 'little').word);
    const mux = allowing(THREE_ABIS, 'read', 'socket', 'faccessat2');
    const { after } = amended('p.json', mux, asking('allow', 'connect'));
    expect([1n, 2n, 3n, 4n].map((subcall) => through(after, 102, subcall))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    const ipc = amended('p.json', mux, asking('allow', 'shmget')).after;
    expect([22n, 23n, 24n].map((subcall) => through(ipc, 117, subcall))).toEqual([false, true, false]);
  });

  it('another ABI may get another errno where its highest call has moved', () => {
    // 541 on x32: above it a runtime answers ENOSYS there, as it did from 440 on.
    const { before, after } = amended(
      'p.json',
      allowing(THREE_ABIS, 'read', 'faccessat2'),
      asking('allow', 'setsockopt'),
    );
    const changed = diffPolicies(before, after).listed.filter(({ name }) => name !== 'setsockopt');
    expect(new Set(changed.map(({ arch, name }) => (name === 'socketcall' ? name : arch)))).toEqual(
      new Set(['x32', 'socketcall']),
    );
  });

  it('decides a call that the machine has on another ABI alone', () => {
    const both = YAML.replace('[SCMP_ARCH_X86_64]', '[SCMP_ARCH_X86_64, SCMP_ARCH_X86]').replace(
      'socket',
      'sync',
    );
    const { after } = amended('p.yaml', both, asking('allow', 'umount'));
    const call = { arch: 0x40000003, nr: 22, args: [] };
    expect(runProgram(compilePolicy(after).program, call, 'little').word).toBe(0x7fff0000);
  });
});

describe('a denial of some arguments', () => {
  const denying = (text: string) => ({ calls: [{ ...parseAskedCalls(text), kind: 'deny' as const }] });
  const word = (policy: Policy, nr: number, first: bigint) =>
    runProgram(compilePolicy(policy).program, { arch: policy.abis[0].auditArch, nr, args: [first] }, 'little')
      .word;
  const SOCKET = 41;
  const UNSHARE = 272;

  it('holds whatever stands in the half that the kernel does not read, and for no other argument', () => {
    const { after } = amended(
      'none.json',
      '{"defaultAction": "SCMP_ACT_ALLOW"}',
      denying('socket=family==AF_VSOCK'),
    );
    const passing = [40n, 0x1_0000_0028n, 0xffff_ffff_0000_0028n, 2n, 41n].map((family) =>
      passes(word(after, SOCKET, family)),
    );
    expect(passing).toEqual([false, false, false, true, true]);
  });

  it('turns the condition of what is allowed round, where one says the opposite', () => {
    const text =
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "unshare"], "action": "SCMP_ACT_ALLOW"}]}';
    const { after } = amended('p.json', text, denying('unshare=unshare_flags&CLONE_NEWUSER==CLONE_NEWUSER'));
    const passing = [0n, 0x1000_0000n, 0x5000_0000n, 0x2000_0000n].map((flags) =>
      passes(word(after, UNSHARE, flags)),
    );
    expect(passing).toEqual([true, false, false, true]);
  });

  it('is refused where no rule can say it', () => {
    const text =
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ALLOW"}]}';
    expect(() => amended('p.json', text, denying('socket=family==AF_VSOCK'))).toThrow(NotAsAsked);
  });
});
