import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-edit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PROFILE = `# web
defaultAction: SCMP_ACT_ERRNO
architectures: [SCMP_ARCH_X86_64]
syscalls:
  - names: [read, write]   # files
    action: SCMP_ACT_ALLOW
  - names: [rseq_slice_yield]
    action: SCMP_ACT_ERRNO
    errnoRet: 38
`;
const file = join(folder, 'p.yaml');
writeFileSync(file, PROFILE);
const edit = (...args: string[]) => callgate(['edit', ...args, '--arch', 'x86_64']);

describe('edit', () => {
  it('gives a terminal no character that it acts on, and a file or program every byte', async () => {
    const hostile = join(folder, 'hostile.yaml');
    writeFileSync(hostile, `${PROFILE}# \u001b[31m\u007f\n`);
    const args = ['edit', hostile, '--allow', 'close', '-q', '--arch', 'x86_64'];
    expect((await callgate(args)).stdout).toContain('# \u001b[31m\u007f\n');
    expect((await callgate(args, { isTTY: true })).stdout).toContain('# \\x1b[31m\\x7f\n');
  });

  it('writes the text with what was asked, and tells what it changes', async () => {
    const out = join(folder, 'out.yaml');
    expect(await edit(file, '--allow', 'close', '--deny', 'write', '-o', out)).toEqual({
      status: 0,
      stdout: '',
      stderr: expect.stringMatching(
        /^callgate: different in 2 system calls\n\nloosened\n {2}ERRNO\(EPERM\) → ALLOW\n {4}x86_64\n {6}close\n\ntightened\n {2}ALLOW → ERRNO\(EPERM\)\n {4}x86_64\n {6}write\n$/,
      ),
    });
    expect(readFileSync(out, 'utf8')).toBe(
      `${PROFILE.replace('[read, write]', '[read]')}  - {"names": ["close"], "action": "SCMP_ACT_ALLOW"}\n`,
    );
    expect(readFileSync(file, 'utf8')).toBe(PROFILE);
  });

  it('answers what it denies with the error that is asked for', async () => {
    const { stdout } = await edit(file, '--deny', 'clone3', '--errno', 'ENOSYS', '-q');
    expect(stdout).toContain('{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}');
    for (const [args, said] of [
      [['--deny', 'clone3', '--errno', 'ENOPE'], /--errno ENOPE is no error of the kernel/],
      [['--deny', 'clone3', '--errno', '4096'], /or a number to 4095/],
      [['--allow', 'clone3', '--errno', 'ENOSYS'], /nothing is denied/],
      [['--deny', 'clone3', '--errno', 'ENOSYS', '--errno', '1'], /given twice/],
    ] as const)
      expect(await edit(file, ...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(said) });
  });

  it('lets one call pass with certain arguments, by their names', async () => {
    const { stdout } = await edit(
      file,
      '--allow',
      'socket=family==AF_UNIX and type & 0xf == SOCK_STREAM',
      '-q',
    );
    expect(stdout).toContain(
      '"args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 15, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]',
    );
    for (const [wrong, said] of [
      ['socket=famly==1', /"famly==1" is no condition on socket; write it as family==AF_UNIX/],
      ['socket=family=1', /is no condition on socket/],
      ['sockte', /did you mean socket\?/],
    ] as const)
      expect(await edit(file, '--allow', wrong)).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringMatching(said),
      });
  });

  it('makes a denylist, and a profile with one call less than the default', async () => {
    const { stdout } = await edit('stock:none', '--deny', 'ptrace', '-q');
    expect(JSON.parse(stdout)).toMatchObject({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['ptrace'] }],
    });
    const out = join(folder, 'less.json');
    await edit('stock:docker', '--deny', 'ptrace', '-o', out, '-q');
    const { differences } = JSON.parse((await callgate(['diff', 'stock:docker', out, '--json'])).stdout);
    expect(
      new Set(differences.map(({ syscall, change }: Record<string, string>) => `${syscall} ${change}`)),
    ).toEqual(new Set(['ptrace tightened']));
  });

  it('adds what a runtime needs, so that lint has nothing to say of that', async () => {
    const out = join(folder, 'starts.yaml');
    await edit(file, '--add-floor', 'docker', '--allow', 'exit_group', '-o', out, '-q');
    const { findings } = JSON.parse(
      (await callgate(['lint', out, '--runtime', 'docker', '--arch', 'x86_64', '--json'])).stdout,
    );
    expect(findings.filter(({ code }: { code: string }) => code === 'cannot-start')).toEqual([]);
  });

  it('renames what is no call, and reads no such profile otherwise', async () => {
    const wrong = join(folder, 'wrong.json');
    writeFileSync(
      wrong,
      '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["pread"], "action": "SCMP_ACT_ALLOW"}]}',
    );
    expect((await edit(wrong, '--rename-unknown', '-q')).stdout).toContain('["pread64"]');
    expect(await edit(wrong, '--deny', 'read')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/\[unknown-syscall\]\n$/),
    });
  });

  it('writes nothing where it could not do just what was asked', async () => {
    const mux = join(folder, 'mux.json');
    const rules = [{ names: ['read', 'faccessat2'], action: 'SCMP_ACT_ALLOW' }];
    // Through socketcall the family is not seen.
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
      syscalls: rules,
    };
    writeFileSync(mux, JSON.stringify(profile));
    const out = join(folder, 'never.json');
    expect(await callgate(['edit', mux, '--allow', 'socket=family==AF_UNIX', '-o', out])).toMatchObject({
      status: 2,
      stderr: 'callgate: nothing was written: socketcall would change, too: ERRNO → ALLOW\n',
    });
    expect(() => readFileSync(out)).toThrow(/ENOENT/);
    expect(await edit(file)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/nothing is asked for/),
    });
  });

  it('lets a call pass with several others at once, too', async () => {
    const own = join(folder, 'own.yaml');
    writeFileSync(own, PROFILE);
    const also = [
      '--also',
      'unshare=unshare_flags==CLONE_NEWUTS',
      '--also',
      'unshare=unshare_flags==CLONE_NEWIPC',
    ];
    expect(await callgate(['edit', own, ...also, '-o', own])).toMatchObject({ status: 0 });
    for (const [flags, status] of [
      ['CLONE_NEWUTS', 0],
      ['CLONE_NEWIPC', 0],
      ['CLONE_NEWNET', 1],
    ] as const)
      expect(await callgate(['explain', own, 'unshare', flags, '-q'])).toMatchObject({ status });
  });

  it('lets a call pass with more arguments, beside those with which it does', async () => {
    const sockets = join(folder, 'sockets.yaml');
    const rule =
      '  - {names: [socket], action: SCMP_ACT_ALLOW, args: [{index: 0, value: 1, op: SCMP_CMP_EQ}]}\n';
    writeFileSync(sockets, PROFILE + rule);
    const { status, stdout, stderr } = await edit(sockets, '--also', 'socket=family==AF_VSOCK');
    expect(status).toBe(0);
    expect(stdout).toContain(rule.trim());
    expect(stderr).toContain('socket when family == AF_VSOCK');
    expect(await edit(file, '--also', 'write=fd==1')).toMatchObject({ status: 0 });
  });

  it('covers another ABI, wherever the profile says which', async () => {
    const cover = async (head: object) => {
      const target = join(folder, 'cover.json');
      const rules = [{ names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' }];
      writeFileSync(target, JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', ...head, syscalls: rules }));
      const { status, stdout } = await callgate(['edit', target, '--cover', 'x86', '-q']);
      expect(status).toBe(0);
      const { syscalls, defaultAction, ...changed } = JSON.parse(stdout);
      return changed;
    };
    const [own, other] = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'];
    expect(await cover({})).toEqual({ architectures: [own, other] });
    expect(await cover({ architectures: [own] })).toEqual({ architectures: [own, other] });
    expect(await cover({ archMap: [{ architecture: own }] })).toEqual({
      archMap: [{ architecture: own, subArchitectures: [other] }],
    });
    expect(await cover({ archMap: [{ architecture: own, subArchitectures: ['SCMP_ARCH_X32'] }] })).toEqual({
      archMap: [{ architecture: own, subArchitectures: ['SCMP_ARCH_X32', other] }],
    });
    expect(await cover({ archMap: [] })).toEqual({
      archMap: [{ architecture: own, subArchitectures: [other] }],
    });
  });

  it('tells what has changed as a document', async () => {
    const { stdout, stderr } = await edit(file, '--deny', 'write', '--json');
    const { equal, differences, text } = JSON.parse(stdout);
    expect([equal, differences.length, stderr]).toEqual([false, 1, '']);
    expect(text).toBe(PROFILE.replace('[read, write]', '[read]'));
  });

  it('watches instead of denying, as a shadow', async () => {
    const { stdout, stderr } = await edit(file, '--shadow');
    expect(stdout).toContain('defaultAction: "SCMP_ACT_LOG"');
    expect(stdout).not.toContain('errnoRet');
    expect(stderr).toMatch(/ERRNO\(EPERM\) → LOG/);
  });
});
