import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compilePolicy, numberOf } from '@callgate/engine';
import { executes } from '@callgate/engine/internal/bpf/action';
import { textMeaning } from '@callgate/engine/internal/policy/text-meaning';
import { FLAG_LOG } from '@callgate/engine/internal/runtime/filter-flags';
import { lineMap } from '@callgate/engine/internal/source/line-map';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { errnoName } from '@callgate/engine/internal/syscalls/arguments';
import { AuditListener } from '@callgate/linux/internal/kernel-log/audit-listener';
import { tryCalls } from '@callgate/linux/internal/launch/try-calls';
import { thisMachine } from '@callgate/linux/internal/machine';
import { callgate } from '@callgate/testing/callgate';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-why-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An address that no process has mapped: what is let pass fails with EFAULT, and does no harm. */
const BAD = 1n;

interface Kind {
  readonly name: string;
  readonly profile: object;
  /** The profile of a filter beside it, which was installed before. */
  readonly second?: object;
  readonly arch?: AbiName;
  readonly call: string;
  readonly args?: readonly bigint[];
  /** The call as strace prints it; without, the kernel's own record is what is explained. */
  readonly strace?: string;
  readonly by: string;
  readonly action: string;
  /** Whether a rule decides: then the last one does. */
  readonly rule?: true;
  readonly fix: RegExp;
}

const ONE = ['SCMP_ARCH_X86_64'];
const ALL = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'];
const allowing = (rule: object, architectures = ONE) => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures,
  syscalls: [{ names: ['acct'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 }, rule],
});
/** What the victim itself needs, so that nothing else is denied to it. */
const VICTIM = 'clone wait4 prctl setitimer seccomp exit_group write rt_sigreturn execve mmap read'.split(
  ' ',
);
const denying = (defaults: object, ...rules: object[]) => ({
  ...defaults,
  architectures: ONE,
  syscalls: [{ names: VICTIM, action: 'SCMP_ACT_ALLOW' }, ...rules],
});
const rule = (action: string, more: object = {}) => ({
  names: ['mkdir'],
  action: `SCMP_ACT_${action}`,
  ...more,
});
const when = (index: number, op: string, value: number, valueTwo?: number) => ({
  args: [{ index, op: `SCMP_CMP_${op}`, value, ...(valueTwo !== undefined && { valueTwo }) }],
});
const MKDIR = { call: 'mkdir', args: [BAD, 0o700n], fix: /--allow mkdir/ };
const SAID = (errno: string) => `mkdir("/srv/x", 0700) = -1 ${errno} (…)`;

const KINDS: readonly Kind[] = [
  {
    name: 'EPERM by a rule',
    profile: allowing(rule('ERRNO', { errnoRet: 1 })),
    ...MKDIR,
    strace: SAID('EPERM'),
    ...{ by: 'rule', action: 'ERRNO', rule: true },
  },
  {
    name: 'EPERM by the default action',
    profile: denying({ defaultAction: 'SCMP_ACT_ERRNO' }),
    ...MKDIR,
    strace: SAID('EPERM'),
    ...{ by: 'default', action: 'ERRNO' },
  },
  {
    name: 'ENOSYS by the default action',
    profile: denying({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 }),
    ...MKDIR,
    strace: SAID('ENOSYS'),
    ...{ by: 'default', action: 'ERRNO' },
  },
  {
    name: "ENOSYS by the runtime's stub",
    profile: denying({ defaultAction: 'SCMP_ACT_ERRNO' }),
    call: 'fchmodat2',
    args: [BAD, BAD, 0n, 0n],
    strace: 'fchmodat2(1, "/x", 0700, 0) = -1 ENOSYS (Function not implemented)',
    ...{ by: 'enosys-stub', action: 'ERRNO', fix: /--allow fchmodat2/ },
  },
  {
    name: 'another errno',
    profile: allowing(rule('ERRNO', { errnoRet: 13 })),
    ...MKDIR,
    strace: SAID('EACCES'),
    ...{ by: 'rule', action: 'ERRNO', rule: true },
  },
  {
    name: 'ERRNO, as the kernel logs it',
    profile: allowing(rule('ERRNO', { errnoRet: 1 })),
    ...MKDIR,
    ...{ by: 'rule', action: 'ERRNO', rule: true },
  },
  {
    name: 'KILL_THREAD',
    profile: allowing(rule('KILL_THREAD')),
    ...MKDIR,
    ...{ by: 'rule', action: 'KILL_THREAD', rule: true },
  },
  {
    name: 'KILL_PROCESS',
    profile: allowing(rule('KILL_PROCESS')),
    ...MKDIR,
    ...{ by: 'rule', action: 'KILL_PROCESS', rule: true },
  },
  {
    name: 'KILL_PROCESS by the default action',
    profile: denying({ defaultAction: 'SCMP_ACT_KILL_PROCESS' }),
    ...MKDIR,
    ...{ by: 'default', action: 'KILL_PROCESS' },
  },
  {
    name: 'TRAP',
    profile: allowing(rule('TRAP')),
    ...MKDIR,
    ...{ by: 'rule', action: 'TRAP', rule: true },
  },
  {
    name: 'TRAP by the default action',
    profile: denying({ defaultAction: 'SCMP_ACT_TRAP' }),
    ...MKDIR,
    ...{ by: 'default', action: 'TRAP' },
  },
  {
    name: 'LOG, which denies nothing',
    profile: allowing(rule('LOG')),
    ...MKDIR,
    ...{ by: 'rule', action: 'LOG', rule: true },
  },
  {
    name: 'NOTIFY without a listener',
    profile: { ...allowing(rule('NOTIFY')), listenerPath: '/run/nobody.sock' },
    ...MKDIR,
    strace: SAID('ENOSYS'),
    ...{ by: 'rule', action: 'NOTIFY', rule: true },
  },
  {
    name: 'TRACE without a tracer',
    profile: allowing(rule('TRACE')),
    ...MKDIR,
    strace: SAID('ENOSYS'),
    ...{ by: 'rule', action: 'TRACE', rule: true },
  },
  {
    name: 'ERRNO for some arguments, which strace tells',
    profile: allowing({ names: ['socket'], action: 'SCMP_ACT_ERRNO', ...when(0, 'EQ', 16) }),
    call: 'socket',
    args: [16n, 3n, 99n],
    strace: 'socket(AF_NETLINK, SOCK_RAW, 0x63) = -1 EPERM (Operation not permitted)',
    ...{ by: 'rule', action: 'ERRNO', rule: true, fix: /--allow socket/ },
  },
  {
    name: 'what is allowed for other arguments alone',
    profile: denying(
      { defaultAction: 'SCMP_ACT_ERRNO' },
      { names: ['socket'], action: 'SCMP_ACT_ALLOW', ...when(0, 'EQ', 1) },
    ),
    call: 'socket',
    args: [16n, 3n, 99n],
    strace: 'socket(AF_NETLINK, SOCK_RAW, 0x63) = -1 EPERM (Operation not permitted)',
    ...{ by: 'default', action: 'ERRNO', fix: /--also 'socket=family==AF_NETLINK and type==SOCK_RAW/ },
  },
  {
    name: 'a kill by arguments, which the kernel does not log',
    profile: denying(
      { defaultAction: 'SCMP_ACT_KILL_PROCESS' },
      { names: ['personality'], action: 'SCMP_ACT_ALLOW', ...when(0, 'MASKED_EQ', 0x40000, 0) },
    ),
    call: 'personality',
    args: [0x40000n],
    ...{ by: 'default', action: 'KILL_PROCESS', fix: /--allow personality/ },
  },
  {
    name: 'i386, by a rule',
    profile: allowing(rule('ERRNO', { errnoRet: 1 }), ALL),
    arch: 'x86',
    ...MKDIR,
    ...{ by: 'rule', action: 'ERRNO', rule: true },
  },
  {
    name: 'i386, killed by a rule',
    profile: allowing(rule('KILL_PROCESS'), ALL),
    arch: 'x86',
    ...MKDIR,
    ...{ by: 'rule', action: 'KILL_PROCESS', rule: true },
  },
  {
    name: 'i386, by arguments',
    profile: allowing(
      { names: ['personality'], action: 'SCMP_ACT_KILL_PROCESS', ...when(0, 'EQ', 0x40000) },
      ALL,
    ),
    arch: 'x86',
    call: 'personality',
    args: [0x40000n],
    ...{ by: 'rule', action: 'KILL_PROCESS', rule: true, fix: /--allow personality/ },
  },
  {
    name: 'i386, which the profile does not cover',
    profile: allowing(rule('ERRNO')),
    arch: 'x86',
    call: 'rmdir',
    args: [BAD],
    ...{ by: 'bad-arch', action: 'KILL_THREAD', fix: /--cover x86/ },
  },
  {
    name: 'x32, by a rule',
    profile: allowing(rule('ERRNO', { errnoRet: 1 }), ALL),
    arch: 'x32',
    ...MKDIR,
    ...{ by: 'rule', action: 'ERRNO', rule: true },
  },
  {
    name: 'x32, killed by a rule',
    profile: allowing(rule('KILL_PROCESS'), ALL),
    arch: 'x32',
    ...MKDIR,
    ...{ by: 'rule', action: 'KILL_PROCESS', rule: true },
  },
  {
    name: 'x32, which the profile does not cover',
    profile: allowing(rule('ERRNO')),
    arch: 'x32',
    call: 'rmdir',
    args: [BAD],
    ...{ by: 'bad-arch', action: 'KILL_THREAD', fix: /--cover x32/ },
  },
  {
    name: 'a second filter, which answers an errno',
    profile: allowing({ names: ['rmdir'], action: 'SCMP_ACT_ERRNO' }),
    second: allowing(rule('ERRNO', { errnoRet: 1 })),
    ...MKDIR,
    strace: SAID('EPERM'),
    ...{ by: 'second-filter', action: 'ERRNO', rule: true },
  },
  {
    name: 'a second filter, which kills',
    profile: allowing({ names: ['rmdir'], action: 'SCMP_ACT_ERRNO' }),
    second: allowing(rule('KILL_PROCESS')),
    ...MKDIR,
    ...{ by: 'second-filter', action: 'KILL_PROCESS', rule: true },
  },
];

const target = () => ({ native: 'x86_64', kernel: thisMachine().kernel, capabilities: [] }) as const;

function filterIn(file: string) {
  const meaning = textMeaning({ name: file, text: readFileSync(file, 'utf8'), target: target() });
  if (meaning.kind === 'faulty')
    throw new Error(meaning.diagnostics.map(({ message }) => message).join('\n'));
  return compilePolicy(meaning.policy).program;
}

/** Makes the call under the profiles' filters as they stand in their files; how it ended. */
async function victim({ arch = 'x86_64', call, args = [], name }: Kind, files: readonly string[]) {
  const [filter, ...older] = files.map(filterIn);
  const nr = numberOf(arch, call)!;
  const [end] = await tryCalls([
    { filter, older, flags: FLAG_LOG, nr, args, ...(arch === 'x86' && { gate: 'x86' as const }) },
  ]);
  if (end.kind === 'refused') throw new Error(`${name}: the filter was refused: ${errnoName(end.errno)}`);
  return end;
}

/** "/memfd:callgate", as the kernel writes names with spaces in them. */
const VICTIMS_FILE = '2F6D656D66643A63616C6C67617465';

/** Makes the call and hears what the kernel writes of it, as an audit daemon would; its log leaves records out when there are many. */
async function recordOf(kind: Kind, files: readonly string[]): Promise<string | undefined> {
  const { arch = 'x86_64', call } = kind;
  const tail = `arch=${abiOf(arch).auditArch.toString(16)} syscall=${numberOf(arch, call)} `;
  const listener = new AuditListener();
  try {
    await victim(kind, files);
    for (let i = 0; i < 40; i++) {
      for (const text of listener.texts())
        if (text.includes(tail) && text.includes(VICTIMS_FILE)) return `type=1326 ${text}`;
      await sleep(25);
    }
    return undefined;
  } finally {
    listener.close();
  }
}

/** The words of a command as a shell takes them apart: spaces, and single quotes. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);
}

describeWith(['root', 'i386', 'audit'], 'why explains 24 kinds of denial, and its fix works', () => {
  it.each(KINDS)('$name', async (kind) => {
    const files = [kind.profile, kind.second].flatMap((profile, i) => {
      if (!profile) return [];
      const file = join(folder, `${kind.name.replace(/\W+/g, '-')}-${i}.json`);
      writeFileSync(file, `${JSON.stringify(profile, null, 2)}\n`);
      return [file];
    });
    const free = await victim(kind, []);
    const before = await victim(kind, files);
    const line = kind.strace ?? (await recordOf(kind, files));
    if (kind.action !== 'LOG') expect(before).not.toEqual(free);
    expect(line, 'the kernel has written no record').toBeDefined();
    const profiles = files.flatMap((file) => ['--profile', file]);
    const result = await callgate(['why', line!, ...profiles, '--json']);
    const { denials } = JSON.parse(result.stdout);
    expect(denials).toHaveLength(1);
    const [denial] = denials;
    const file = files.at(-1)!;
    expect(denial).toMatchObject({
      arch: kind.arch ?? 'x86_64',
      syscall: kind.call,
      by: kind.by,
      action: kind.action,
      profile: file,
      fix: { command: expect.stringMatching(kind.fix), opens: expect.arrayContaining([expect.any(String)]) },
    });
    expect(result.status).toBe(executes(kind.action as 'LOG') ? 0 : 1);
    if (!kind.rule) expect(denial.rule).toBeNull();
    else {
      const text = readFileSync(file, 'utf8');
      const at = lineMap(text)(text.lastIndexOf(`"${kind.call}"`));
      expect(denial.rule).toEqual({ ...at, index: 1 });
    }
    const [program, ...words] = wordsOf(denial.fix.command);
    expect(program).toBe('callgate');
    expect(await callgate([...words, '-q'])).toMatchObject({ status: 0 });
    expect(await victim(kind, files)).toEqual(free);
    const again = await callgate(['why', line!, ...profiles, '--json']);
    expect(JSON.parse(again.stdout).denials[0].by).toMatch(/^(not-seccomp|second-filter|unknown)$/);
  });
});
