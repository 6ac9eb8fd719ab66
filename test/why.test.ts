import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate, spawnCallgate } from '@callgate/testing/callgate';
import { Containers } from '@callgate/testing/containers';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-why-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const profile = join(folder, 'p.json');
writeFileSync(
  profile,
  `{
  "defaultAction": "SCMP_ACT_ALLOW",
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "syscalls": [
    { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS" },
    { "names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }
  ]
}
`,
);
const LINE =
  'type=SECCOMP msg=audit(1764413456.123:7): auid=0 uid=0 gid=0 ses=1 pid=4194303 comm="app" exe="/app" sig=31 arch=c000003e syscall=83 compat=0 ip=0x47 code=0x80000000';

const why = async (...args: string[]) => {
  const { status, stdout, stderr } = await callgate(['why', ...args]);
  return { status, stdout, stderr };
};
const asked = async (...args: string[]) => JSON.parse((await why(...args, '--json')).stdout);

describe('why', () => {
  it('says in some lines what was denied, by which rule, to whom, and what allows it', async () => {
    expect(await why(LINE, '--profile', profile)).toEqual({
      status: 1,
      stderr: '',
      stdout: `mkdir on x86_64 → KILL_PROCESS
  by         rule 0 of ${profile}, line 5, column 17
             the process dies of SIGSYS ("Bad system call")
  called by  app (/app), pid 4194303, at 2025-11-29T10:50:56Z
  allow it   callgate edit ${profile} --allow mkdir -o ${profile}
  opens      mkdir on x86_64, x86
             mkdirat is denied, but mkdir, which makes folders, too, passes [sibling-passes]
`,
    });
  });

  it('has a document with keys that stay', async () => {
    const { denials } = await asked(LINE, '--profile', profile);
    expect(denials).toEqual([
      {
        ...{ arch: 'x86_64', syscall: 'mkdir', nr: 83, args: null, action: 'KILL_PROCESS', data: 0 },
        ...{ by: 'rule', rule: { line: 5, column: 17, index: 0 }, profile, times: 1 },
        program: { comm: 'app', exe: '/app', pid: 4194303, symbol: null },
        why: expect.any(String),
        passes: null,
        fix: { command: expect.any(String), opens: expect.any(Array) },
        evidence: [],
      },
    ]);
    const [unnamed] = (await asked('--exit', '159')).denials;
    expect(Object.keys(unnamed)).toEqual(Object.keys(denials[0]));
    expect(unnamed).toMatchObject({ by: 'unknown', syscall: null, why: null });
    const [passing] = (await asked('--call', 'mount', '--profile', profile)).denials;
    expect(Object.keys(passing)).toEqual(expect.arrayContaining(Object.keys(unnamed)));
  });

  it('reads files and stdin with several lines', async () => {
    const log = join(folder, 'audit.log');
    writeFileSync(log, `${LINE}\n${LINE.replace(':7)', ':8)')}\n${LINE.replace('=83', '=161')}\n`);
    const { denials } = await asked(log, '--profile', profile);
    expect(denials.map(({ syscall, times }: Record<string, unknown>) => [syscall, times])).toEqual([
      ['mkdir', 2],
      ['chroot', 1],
    ]);
    const piped = await callgate(['why', '-', '--profile', profile, '-q'], { input: LINE });
    expect(piped).toEqual({ status: 1, stdout: '', stderr: '' });
  });

  it('says with which arguments a call passes that is decided by them', async () => {
    const vsock = ['--call', 'socket AF_VSOCK SOCK_STREAM', '--profile', 'stock:docker'];
    const [denial] = (await asked(...vsock)).denials;
    expect(denial).toMatchObject({ by: 'default', passes: expect.stringContaining('AF_VSOCK') });
    expect(denial.fix.command).toContain("--also 'socket=family==AF_VSOCK and type==SOCK_STREAM");
    const whole = await why('--call', 'socket', '--profile', 'stock:docker');
    expect(whole.stdout).toContain('record --args');
  });

  it('has no answer about a process that nobody knows', async () => {
    const { status, stdout, stderr } = await why('--pid', '4194304');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('there is no process 4194304');
  });

  it('does not take the ENOSYS that default profiles answer to clone3 for a cause', async () => {
    const { denials } = await asked("RuntimeError: can't start new thread", '--profile', 'stock:docker');
    expect(denials).toMatchObject([{ syscall: 'clone', by: 'not-seccomp', fix: null }]);
  });

  it('does not blame a filter that lets the call pass', async () => {
    const { status, stdout } = await why('mount: permission denied (are you root?)', '--profile', profile);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^mount on x86_64 → EPERM, not by seccomp\n/);
    expect(stdout).toContain('the kernel asks for CAP_SYS_ADMIN');
  });

  it('says of an exit status whether a filter can have been the cause, and which calls it kills for', async () => {
    expect(await why('--exit', '137')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('SIGKILL'),
    });
    expect(await why('--exit', '159')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('dmesg |'),
    });
    const [denial] = (await asked('--exit', '-31', '--profile', profile)).denials;
    expect(denial).toMatchObject({ syscall: 'mkdir', by: 'rule' });
    // No log was read for that.
    expect(denial.evidence.join()).toMatch(/^this does not tell .*mkdirat/);
  });

  it('gives a call back that another ABI reaches through a multiplexer, also in a ConfigMap', async () => {
    const map = join(folder, 'map.yaml');
    writeFileSync(
      map,
      `apiVersion: v1
kind: ConfigMap
data:
  other.json: '{"defaultAction": "SCMP_ACT_ALLOW"}'
  web.json: |
    {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
     "syscalls": [{"names": ["bind"], "action": "SCMP_ACT_ERRNO"}]}
`,
    );
    const error = 'listen tcp :80: bind: operation not permitted';
    const [{ fix }] = (await asked(error, '--profile', `${map}#web.json`)).denials;
    expect(fix.command).toMatch(/^callgate edit \S+#web.json'? --allow bind -o \S+map.yaml$/);
    expect(fix.opens[0]).toBe('bind on x86_64, x86, socketcall when arg0 == 2 on x86');
  });

  it('makes no condition of an argument that nobody has told', async () => {
    const fixOf = async (error: string) => (await asked(error, '--profile', denying)).denials[0].fix.command;
    const denying = join(folder, 'denying.json');
    writeFileSync(
      denying,
      '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "syscalls": [{"names": ["read", "fchmodat2"], "action": "SCMP_ACT_ALLOW"}]}',
    );
    expect(await fixOf('[alert] ioctl(FIOASYNC) failed (1: Operation not permitted)')).toContain(
      ' --allow ioctl ',
    );
    expect(await fixOf('ioctl(3, _IOC(_IOC_READ, 0x12), 0x7f) = -1 EPERM (…)')).toContain(' --allow ioctl ');
    expect(await fixOf('ioctl(3, FIOASYNC, [1]) = -1 EPERM (…)')).toContain(' --also ioctl=cmd==FIOASYNC ');
  });

  it('reads an error behind the process or the container that it is of', async () => {
    const { denials, notes } = await asked(`pid:${process.pid}`, 'mkdir:', 'Operation not permitted');
    expect(denials).toMatchObject([{ syscall: 'mkdir' }]);
    expect(notes.join()).toContain(`process ${process.pid} `);
  });

  it('writes the profile with every change', async () => {
    const out = join(folder, 'changed.json');
    const log = `${LINE}\n${LINE.replace('=83', '=161').replace('0x80000000', '0x50000')}\n`;
    const args = ['why', '-', '--profile', profile, '-q', '-o', out];
    expect((await callgate(args, { input: log })).status).toBe(1);
    expect(await why(LINE, '--profile', out)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('a filter that is not among these answered'),
    });
    expect(await callgate(['explain', out, 'chroot', '-q'])).toMatchObject({ status: 0 });
  });

  it.each([
    [['hello world'], /no call can be told/],
    [["PermissionError: [Errno 1] Operation not permitted: '/x'"], /--call NAME/],
    [[], /nothing is asked/],
    [['--pid', '0'], /is no number/],
    [['--call', 'no_such_call'], /no system call/],
    [['docker:-x'], /is no container's name|installed/],
  ])('cannot do it: %j', async (args, message) => {
    expect(await why(...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
  });
});

describeWith(['python3'], 'why, of a thread', () => {
  it('gives threads back to a program, and no namespaces', async () => {
    const [broken, mended] = [join(folder, 'broken.json'), join(folder, 'mended.json')];
    await callgate(['edit', 'stock:docker', '--deny', 'clone,clone3', '-o', broken]);
    const thread = `import threading; t = threading.Thread(target=print, args=('made',)); t.start(); t.join()`;
    const runUnder = (file: string) =>
      spawnCallgate(['run', '--profile', file, '--', '/usr/bin/python3', '-c', thread]);
    const { stderr } = runUnder(broken);
    expect(stderr).toContain("can't start new thread");
    await callgate(['why', '-', '--profile', broken, '-q', '-o', mended], { input: stderr });
    expect(runUnder(mended)).toMatchObject({ status: 0, stdout: 'made\n' });
    expect(await callgate(['explain', mended, 'clone', 'CLONE_NEWUSER', '-q'])).toMatchObject({ status: 1 });
    expect(await callgate(['explain', mended, 'clone', 'SIGCHLD', '-q'])).toMatchObject({ status: 0 });
  });
});

describeWith(['docker', 'busybox', 'root'], 'why, of containers of Docker', () => {
  const containers = new Containers('docker');
  beforeAll(() => containers.create(), 60_000);
  afterAll(() => containers.remove(), 60_000);
  const inside = (name: string, ...command: string[]) =>
    spawnSync('docker', ['exec', name, '/bin/busybox', ...command], { encoding: 'utf8' });

  it('finds its profile, the kernel’s record of a process in it, and the live filter', async () => {
    const name = containers.start('--security-opt', `seccomp=${profile}`);
    expect(inside(name, 'chroot', '/', '/bin/busybox').stderr).toContain('not permitted');
    const error = "chroot: can't change root directory to '/': Operation not permitted";
    const { denials, notes } = await asked(error, '--container', name);
    expect(denials).toMatchObject([{ syscall: 'chroot', by: 'rule', rule: { index: 1 } }]);
    expect(notes.join('\n')).toMatch(/runs, under a profile of its own\n.*\n.*proven equal/);
    const fixed = join(folder, 'container.json');
    await why(error, '--container', name, '-o', fixed, '-q');
    const again = containers.start('--security-opt', `seccomp=${fixed}`);
    expect(inside(again, 'chroot', '/', '/bin/busybox', 'true').status).toBe(0);
  }, 60_000);

  it('knows the default profile by the filter of a process, with the rule that denies a call', async () => {
    const name = containers.start();
    const { stdout: pid } = spawnSync('docker', ['inspect', '--format', '{{.State.Pid}}', name], {
      encoding: 'utf8',
    });
    const { denials } = await asked('--pid', pid.trim(), '--call', 'unshare CLONE_NEWUSER');
    expect(denials).toMatchObject([
      {
        by: 'default',
        profile: expect.stringMatching(/^stock:docker@/),
        fix: { command: expect.stringContaining('callgate edit stock:docker@') },
      },
    ]);
  }, 60_000);

  it('says of a dead one by which call it died', async () => {
    const name = `callgate-test-why-${process.pid}`;
    const options = ['--network=none', '--security-opt', `seccomp=${profile}`, '--name', name];
    const image = `callgate-test-${process.pid}`;
    const command = ['/bin/busybox', 'mkdir', '/x'];
    const beside = containers.start('--security-opt', `seccomp=${profile}`);
    const { status } = spawnSync('docker', ['run', ...options, image, ...command], { stdio: 'ignore' });
    try {
      expect(status).toBe(159);
      const { denials, notes } = await asked(`docker:${name}`);
      expect(notes.join('\n')).toContain('has ended with 159');
      expect(denials).toMatchObject([{ syscall: 'mkdir', by: 'rule', action: 'KILL_PROCESS' }]);
      const ofOther = await asked(`docker:${beside}`);
      for (const { evidence } of ofOther.denials)
        expect(evidence.join('\n')).toMatch(new RegExp(`it can be of .*docker:${name}`));
    } finally {
      spawnSync('docker', ['rm', '-f', name], { stdio: 'ignore' });
    }
  }, 60_000);

  it('does not say that one has ended that was never started', async () => {
    const name = `callgate-test-why-created-${process.pid}`;
    spawnSync('docker', ['create', '--name', name, `callgate-test-${process.pid}`, '/bin/busybox']);
    try {
      expect((await asked(`docker:${name}`)).notes[0]).toContain('was never started');
    } finally {
      spawnSync('docker', ['rm', '-f', name], { stdio: 'ignore' });
    }
  }, 60_000);

  it('tells the default profile from the lack of a capability', async () => {
    const confined = containers.start();
    const open = containers.start('--security-opt', 'seccomp=unconfined');
    for (const [name, by] of [
      [confined, 'default'],
      [open, 'not-seccomp'],
    ] as const) {
      const { stderr } = inside(name, 'mount', '-t', 'tmpfs', 'x', '/bin');
      const [denial] = (await asked(stderr, '--container', name)).denials;
      expect(denial).toMatchObject({ syscall: 'mount', by });
    }
  }, 60_000);
});
