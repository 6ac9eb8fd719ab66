import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FINDING_FORMATS } from '@callgate/engine/internal/report/finding-formats';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A profile of one rule, on x86_64. */
function written(name: string, rule: object, defaultAction = 'SCMP_ACT_ALLOW'): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    JSON.stringify({ defaultAction, architectures: ['SCMP_ARCH_X86_64'], syscalls: [rule] }, null, 2),
  );
  return path;
}

const TIOCSTI = 0x5412;
const denyTiocsti = written('tiocsti.json', {
  names: ['ioctl'],
  action: 'SCMP_ACT_ERRNO',
  args: [{ index: 1, value: TIOCSTI, op: 'SCMP_CMP_EQ' }],
});
const denyUmount = written('umount.json', { names: ['umount'], action: 'SCMP_ACT_ERRNO' });
const misspelt = written('misspelt.json', { names: ['pwrite'], action: 'SCMP_ACT_ERRNO' });
const nothing = written('nothing.json', { names: ['read'], action: 'SCMP_ACT_ALLOW' }, 'SCMP_ACT_ERRNO');
const tidy = written(
  'tidy.json',
  { names: ['exit_group', 'execve'], action: 'SCMP_ACT_ALLOW' },
  'SCMP_ACT_ERRNO',
);

async function findingsOf(...args: string[]) {
  const { status, stdout, stderr } = await callgate(['lint', ...args, '--json', '--arch', 'x86_64']);
  expect(stderr).toBe('');
  return { status, findings: JSON.parse(stdout).findings as Record<string, unknown>[] };
}

describe('lint', () => {
  it('shows the call by which a denied one is had all the same', async () => {
    const { status, findings } = await findingsOf(denyTiocsti);
    expect(status).toBe(1);
    expect(findings[0]).toMatchObject({
      code: 'compares-unused-bits',
      severity: 'critical',
      file: denyTiocsti,
      line: 13,
      witness: {
        arch: 'x86_64',
        syscall: 'ioctl',
        nr: 16,
        args: ['0', String(0x1_0000_0000 + TIOCSTI), '0', '0', '0', '0'],
      },
    });
    const { stdout } = await callgate([
      'explain',
      denyTiocsti,
      'ioctl',
      '0',
      String(0x1_0000_0000 + TIOCSTI),
    ]);
    expect(stdout).toMatch(/→ ALLOW/);
  });

  it('says that a rule for a call that is not there denies nothing, and what was meant', async () => {
    const { findings } = await findingsOf(denyUmount);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'absent-everywhere', fix: 'did you mean "umount2"?' }),
    );
    const { findings: names } = await findingsOf(misspelt);
    expect(names).toContainEqual(
      expect.objectContaining({ code: 'unknown-syscall', severity: 'high', fix: 'did you mean "pwrite64"?' }),
    );
  });

  it('names the calls without which no container starts, by runtime', async () => {
    const { findings } = await findingsOf(nothing, '--runtime', 'docker');
    const starts = findings.filter(({ code }) => code === 'cannot-start');
    expect(starts).toEqual([
      expect.objectContaining({
        severity: 'critical',
        message:
          'runc starts no container: under the filter it calls close, execve, fstatfs, getdents64, openat, write itself',
      }),
    ]);
    const { findings: under } = await findingsOf(tidy, '--runtime', 'crun');
    expect(under.filter(({ code }) => code === 'cannot-start')).toEqual([
      expect.objectContaining({ severity: 'high', message: expect.stringMatching(/only with no_new_privs/) }),
    ]);
  });

  it('judges every profile of a folder, and leaves other files alone', async () => {
    const below = join(folder, 'profiles/web');
    mkdirSync(join(folder, 'profiles/node_modules'), { recursive: true });
    mkdirSync(below, { recursive: true });
    writeFileSync(join(folder, 'profiles/package.json'), '{}');
    writeFileSync(join(folder, 'profiles/node_modules/p.json'), '{"defaultAction": "SCMP_ACT_ALLOW"}');
    writeFileSync(join(below, 'a.yaml'), 'defaultAction: SCMP_ACT_ALLOW\n');
    writeFileSync(join(below, 'b.json'), '{"defaultAction": "SCMP_ACT_LOG"}');
    const { findings } = await findingsOf(join(folder, 'profiles'));
    const open = findings.filter(({ code }) => code === 'default-allow' || code === 'default-log');
    expect(open.map(({ code, file }) => [code, file])).toEqual([
      ['default-allow', join(below, 'a.yaml')],
      ['default-log', join(below, 'b.json')],
    ]);
    const empty = mkdtempSync(join(folder, 'empty-'));
    expect(await callgate(['lint', empty])).toMatchObject({
      status: 2,
      stderr: `callgate: no JSON or YAML file in ${empty} holds a profile\n`,
    });
  });

  it('judges each of several profiles of a file', async () => {
    const path = join(folder, 'map.yaml');
    const data = ['one', 'two']
      .map((name) => `  ${name}.json: '{"defaultAction": "SCMP_ACT_ALLOW"}'\n`)
      .join('');
    writeFileSync(path, `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p}\ndata:\n${data}`);
    const { findings } = await findingsOf(path);
    const files = findings.filter(({ code }) => code === 'default-allow').map(({ file }) => file);
    expect(files).toEqual([`${path}#one.json`, `${path}#two.json`]);
  });

  it('exits with 1 from a severity on, and with 2 where a profile could not be judged', async () => {
    const medium = written('kill.json', { names: ['read'], action: 'SCMP_ACT_KILL' });
    expect((await callgate(['lint', medium, '--fail-on', 'critical', '--quiet'])).status).toBe(0);
    expect(await callgate(['lint', medium, '--quiet'])).toMatchObject({ status: 1, stdout: '', stderr: '' });
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{"defaultAction": "SCMP_ACT_FOO"}');
    const { status, stdout, stderr } = await callgate(['lint', broken, medium, '--json']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^callgate: \S+broken\.json:1:19: error: .+ \[unknown-action\]\n$/);
    const { findings, diagnostics } = JSON.parse(stdout);
    expect(diagnostics).toHaveLength(1);
    expect(findings.length).toBeGreaterThan(0);
    expect((await callgate(['lint', broken])).stdout).toBe('');
    expect((await callgate(['lint', '/bin/true.bpf'])).status).toBe(2);
  });

  it.each(FINDING_FORMATS.map(({ id }) => id))('writes %s to stdout and to a file alike', async (id) => {
    const args = ['lint', denyTiocsti, '--format', id];
    const { status, stdout, stderr } = await callgate(args);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toContain('TIOCSTI');
    expect(await callgate([...args, '-o', `out.${id}`], { cwd: folder })).toEqual({
      status: 1,
      stdout: '',
      stderr: '',
    });
    expect(readFileSync(join(folder, `out.${id}`), 'utf8')).toBe(stdout);
  });

  it('has --json as another word for --format json', async () => {
    const result = await callgate(['lint', denyTiocsti, '--json']);
    expect(JSON.parse(result.stdout)).toBeTruthy();
    for (const words of [['--format', 'json'], ['-fjson']])
      expect(await callgate(['lint', denyTiocsti, ...words])).toEqual(result);
    expect(await callgate(['lint', tidy, '--json', '--format', 'sarif'])).toMatchObject({
      status: 2,
      stderr: 'callgate: --json is --format json, not sarif\n',
    });
  });

  it('names itself, the file and not its part, and where a place ends', async () => {
    const path = join(folder, 'parts.yaml');
    const data = ['one', 'two'].map((part) => `  ${part}: '{"defaultAction": "SCMP_ACT_ALLOW"}'\n`).join('');
    writeFileSync(path, `kind: ConfigMap\nmetadata: {name: p}\ndata:\n${data}`);
    const { stdout } = await callgate(['lint', 'parts.yaml', '--format', 'sarif'], { cwd: folder });
    const { tool, results } = JSON.parse(stdout).runs[0];
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    expect(tool.driver).toMatchObject({ name: 'callgate', version });
    const places = results
      .filter(({ ruleId }: { ruleId: string }) => ruleId === 'default-allow')
      .map(({ locations }: { locations: { physicalLocation: object }[] }) => locations[0]!.physicalLocation);
    expect(places).toEqual(
      [4, 5].map((line) => ({
        artifactLocation: { uri: 'parts.yaml' },
        region: { startLine: line, startColumn: 27, endLine: line, endColumn: 43 },
      })),
    );
  });

  it('says in every format why a profile could not be judged', async () => {
    const input = '{"defaultAction": "SCMP_ACT_FOO"}';
    for (const { id } of FINDING_FORMATS) {
      const { status, stdout, stderr } = await callgate(['lint', '-', '--format', id], { input });
      expect(status).toBe(2);
      expect(stderr).toMatch(/\[unknown-action\]/);
      if (id === 'text') expect(stdout).toBe('');
      else expect(stdout).toContain('unknown-action');
    }
  });

  it('does what docs/ci.md shows', async () => {
    const cwd = mkdtempSync(join(folder, 'ci-'));
    mkdirSync(join(cwd, 'profiles'));
    copyFileSync(denyTiocsti, join(cwd, 'profiles/web.json'));
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/ci.md'), 'utf8');
    const commands = [...page.matchAll(/npx --yes callgate ([^'\n>]+)/g)].map(([, args]) => args.trim());
    expect(commands.length).toBeGreaterThan(1);
    for (const command of commands) {
      const { status, stdout, stderr } = await callgate(command.split(' '), { cwd });
      expect({ command, status, stderr }).toEqual({ command, status: 1, stderr: '' });
      const file = / -o (\S+)/.exec(command)?.[1];
      expect(file ? readFileSync(join(cwd, file), 'utf8') : stdout).toContain('profiles/web.json');
    }
  });

  it('finds what the scripts find that docs/ci.md replaces', async () => {
    const cwd = mkdtempSync(join(folder, 'instead-'));
    mkdirSync(join(cwd, 'profiles'));
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/ci.md'), 'utf8');
    const insteadOf = (script: RegExp) => {
      const row = page.split('\n').find((line) => line.startsWith('| ') && script.test(line))!;
      const [, , instead, config = ''] =
        /\| ([^|]*\\\||[^|])*\| `callgate ([^`]+)`.*?(?:`(budgets: [^`]+)`)? *\|$/.exec(row)!;
      writeFileSync(join(cwd, 'callgate.config.yaml'), config === '' ? '{}' : config);
      return instead.split(' ');
    };
    const edited = await callgate(['edit', 'stock:docker', '--allow', 'bpf,mount,kexec_load', '-q']);
    for (const [script, text, says, expected] of [
      [/grep -E/, edited.stdout, /rules (bpf|mount|kexec_load) out, but it passes/, 1],
      [/jq empty/, '{"defaultAction": ', /\[json-syntax\]/, 2],
      [/jq empty/, edited.stdout.replace('"SCMP_ACT_ERRNO"', '"SCMP_ACT_EPERM"'), /\[unknown-action\]/, 2],
    ] as const) {
      writeFileSync(join(cwd, 'profiles/web.json'), text);
      // What a shell makes of the asterisk.
      const args = insteadOf(script).map((word) => word.replace('*', 'web'));
      const { status, stdout, stderr } = await callgate([...args, '--arch', 'x86_64'], { cwd });
      expect(stdout + stderr).toMatch(says);
      expect(status).toBe(expected);
    }
    expect(insteadOf(/Python/)).toEqual(
      'gate git:origin/main:profiles profiles --fail-on loosened'.split(' '),
    );
  });

  it('passes over files that hold no profile where it is told to, and over nothing else', async () => {
    const cwd = mkdtempSync(join(folder, 'others-'));
    mkdirSync(join(cwd, 'empty'));
    for (const [name, text] of [
      ['package.json', '{"name": "x"}'],
      ['cut.json', '{"name": '],
      ['pod.yaml', 'kind: Pod\n'],
      ['broken.json', '{"defaultAction": "SCMP_ACT_FOO"}'],
    ] as const)
      writeFileSync(join(cwd, name), text);
    copyFileSync(denyTiocsti, join(cwd, 'profile.json'));
    const lint = (...args: string[]) => callgate(['lint', '--skip-others', ...args], { cwd });
    const others = ['package.json', 'cut.json', 'pod.yaml', 'empty'];
    expect(await lint(...others)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await lint(...others, 'profile.json')).toEqual(await lint('profile.json'));
    expect((await lint('profile.json')).status).toBe(1);
    expect((await lint('stock:docker', '--fail-on', 'critical')).stdout).toMatch(/in 1 profile/);
    for (const name of ['broken.json', 'missing.json', '-']) expect((await lint(name)).status).toBe(2);
    expect((await callgate(['lint', 'package.json'], { cwd })).status).toBe(2);
  });

  it('is found under its other name', async () => {
    const [lint, check] = [await callgate(['lint', tidy]), await callgate(['check', tidy])];
    expect(check).toEqual(lint);
  });

  it('reads a profile from stdin, and a default profile', async () => {
    const input = '{"defaultAction": "SCMP_ACT_ALLOW"}';
    expect((await callgate(['lint', '-'], { input })).stdout).toMatch(/^-:1:19: high: every call/);
    expect((await callgate(['lint', 'stock:docker'])).stdout).toMatch(/in 1 profile/);
  });
});

describe('lint --fix', () => {
  const TEXT = `{
  "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [{"names": ["mkdir", "mkdir"], "action": "SCMP_ACT_ERRNO"}]
}
`;
  const fresh = (name: string) => {
    const path = join(folder, name);
    writeFileSync(path, TEXT);
    return path;
  };
  const lint = (...args: string[]) => callgate(['lint', ...args, '--arch', 'x86_64']);

  it('mends the file, says what that did, and what is left', async () => {
    const path = fresh('mend.json');
    const { stdout, status } = await lint(path, '--fix');
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /fixed: mkdir.* denied, but mkdirat.*\[sibling-passes\]\n {4}ALLOW → ERRNO\(EPERM\): mkdirat\n/,
    );
    expect(stdout).toMatch(/fixed: the rule names mkdir twice \[name-twice\]\n/);
    expect(stdout).toMatch(/high: .*\[default-allow\]/);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('"names": ["mkdir"]');
    expect((await lint(path, '--json')).stdout).not.toContain('sibling-passes');
    // What is mended stays as it is.
    await lint(path, '--fix');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('shows with --fix-dry-run what it would change, as a patch, and changes nothing', async () => {
    const path = fresh('dry.json');
    const { stdout } = await lint(path, '--fix-dry-run');
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
    expect(stdout).toContain(`--- ${path}\n+++ ${path}\n@@`);
    expect(stdout).toMatch(/^-.*"names": \["mkdir", "mkdir"\]/m);
    const { fixed, findings } = JSON.parse((await lint(path, '--fix-dry-run', '--json')).stdout);
    expect(fixed.map(({ code }: { code: string }) => code)).toContain('sibling-passes');
    expect(findings.map(({ code }: { code: string }) => code)).not.toContain('sibling-passes');
  });

  it('refuses what is no file', async () => {
    for (const name of ['stock:docker', '-'])
      expect(await callgate(['lint', name, '--fix'], { input: TEXT })).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/--fix changes files/),
      });
  });
});

describe('lint --grade', () => {
  it('prints a letter, every line that it is the sum of, and what the defaults of runtimes deny', async () => {
    const { stdout } = await callgate(['lint', 'stock:docker', '--grade', '--arch', 'x86_64']);
    const [, letter, total] = /grade ([A-F]), the sum of (\d+) points/.exec(stdout)!;
    const lines = [...stdout.matchAll(/^ {4} *(\d+) {2}\S/gm)].map(([, points]) => Number(points));
    expect(lines.reduce((sum, points) => sum + points, 0)).toBe(Number(total));
    expect(stdout).toMatch(/not looser than the default of docker [\d.]+ to [\d.]+\n/);
    const { grades } = JSON.parse(
      (await callgate(['lint', 'stock:docker', '--grade', '--json', '--arch', 'x86_64'])).stdout,
    );
    expect(grades).toEqual([
      expect.objectContaining({ file: 'stock:docker', grade: letter, points: Number(total) }),
    ]);
    expect(grades[0].defaults.map(({ runtime }: { runtime: string }) => runtime)).toContain('containerd');
  });
});

describe('the fixes of SARIF', () => {
  it('make each finding go that has one', async () => {
    const path = join(folder, 'sarif-fixes.json');
    const text =
      '{\n  "defaultAction": "SCMP_ACT_ALLOW",\n  "syscalls": [{"names": ["mkdir", "mkdir"], "action": "SCMP_ACT_KILL"}]\n}\n';
    writeFileSync(path, text);
    const lint = async (...args: string[]) =>
      JSON.parse((await callgate(['lint', path, '--arch', 'x86_64', ...args])).stdout);
    const { runs } = await lint('--format', 'sarif');
    const fixable = runs[0].results.filter(({ fixes }: { fixes?: unknown }) => fixes);
    expect(fixable.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual(
      expect.arrayContaining(['sibling-passes', 'kills-thread', 'name-twice']),
    );
    for (const { ruleId, fixes } of fixable) {
      const [{ deletedRegion, insertedContent }] = fixes[0].artifactChanges[0].replacements;
      const offset = (line: number, column: number) =>
        text
          .split('\n')
          .slice(0, line - 1)
          .join('\n').length +
        (line > 1 ? 1 : 0) +
        column -
        1;
      const [start, end] = [
        offset(deletedRegion.startLine, deletedRegion.startColumn),
        offset(deletedRegion.endLine, deletedRegion.endColumn),
      ];
      writeFileSync(path, text.slice(0, start) + insertedContent.text + text.slice(end));
      const { findings } = await lint('--format', 'json');
      expect(findings.map(({ code }: { code: string }) => code)).not.toContain(ruleId);
    }
  });
});
