import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtAction, freshCheckout, git } from '@callgate/testing/checkout';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const undo = new Undo();
afterAll(() => undo.run());

/** A profile that only lets programs end, and those calls. */
const profile = (...more: string[]) =>
  JSON.stringify(
    {
      defaultAction: 'SCMP_ACT_ERRNO',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['exit_group', 'execve', ...more], action: 'SCMP_ACT_ALLOW' }],
    },
    null,
    2,
  );
const BROKEN = profile().replace('SCMP_ACT_ERRNO', 'SCMP_ACT_FOO');

/** A repository with profiles, and a workflow that runs the action on them and tells its outputs. */
class Repository {
  readonly folder = undo.folder();

  constructor(files: Readonly<Record<string, string>>, inputs: Readonly<Record<string, string>> = {}) {
    const all = { profiles: 'profiles', 'fail-on': 'never', arch: 'x86_64', kernel: '6.1', ...inputs };
    git(this.folder, 'init', '-q');
    this.commit({ ...files, '.github/workflows/ci.yml': workflow(all) });
  }

  head(): string {
    return git(this.folder, 'rev-parse', 'HEAD');
  }

  commit(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
    git(this.folder, 'add', '--all');
    git(this.folder, 'commit', '-qm', 'some profiles');
  }
}

function workflow(inputs: Readonly<Record<string, string>>): string {
  const tell = `echo "outputs: status $STATUS"; echo "files:" *; test -z "$SARIF" || node -p '"results: " + JSON.parse(fs.readFileSync(process.env.SARIF)).runs[0].results.length'`;
  return JSON.stringify({
    on: ['push', 'pull_request'],
    jobs: {
      callgate: {
        'runs-on': 'ubuntu-latest',
        steps: [
          { uses: 'actions/checkout@v4' },
          { uses: 'some/callgate@v1', id: 'callgate', with: inputs },
          {
            if: '${{ !cancelled() }}',
            env: {
              STATUS: '${{ steps.callgate.outputs.status }}',
              SARIF: '${{ steps.callgate.outputs.sarif }}',
            },
            run: tell,
          },
        ],
      },
    },
  });
}

/** What act says of a run: whether the job passed, what the action wrote, and its summary. */
interface Run {
  readonly passed: boolean;
  readonly log: string;
  readonly annotations: readonly Annotation[];
  readonly summary: string;
}

/** As act has understood it. */
interface Annotation {
  readonly level: string;
  readonly file?: string;
  readonly line?: string;
  readonly col?: string;
  readonly title: string;
  readonly message: string;
}

interface ActLine {
  readonly msg?: string;
  readonly command?: string;
  readonly arg?: string;
  readonly kvPairs?: Omit<Annotation, 'level' | 'message'>;
  readonly content?: string;
}

function annotationOf({ command = '', arg = '', kvPairs }: ActLine): Annotation[] {
  return /^(error|warning|notice)$/.test(command) && kvPairs
    ? [{ level: command, message: arg, ...kvPairs }]
    : [];
}

const titled = (title: string, { annotations }: Run) =>
  annotations.filter((a) => a.title === `callgate ${title}`);

/** Runs the workflow as for a push, or as for a pull request against that commit. */
function act(callgate: string, { folder }: Pick<Repository, 'folder'>, base?: string): Run {
  const event = join(undo.folder(), 'event.json');
  const change = base && {
    pull_request: { number: 1, base: { ref: 'main', sha: base }, head: { ref: 'x' } },
  };
  writeFileSync(event, JSON.stringify(change ?? {}));
  const { status, stdout, stderr } = spawnSync(
    'act',
    [
      base === undefined ? 'push' : 'pull_request',
      ...['--json', '--eventpath', event, '--action-cache-path', undo.folder()],
      ...['--platform', 'ubuntu-latest=-self-hosted', '--local-repository', `some/callgate@v1=${callgate}`],
    ],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: 110_000,
      env: { ...process.env, XDG_CACHE_HOME: undo.folder() },
    },
  );
  const lines = stdout
    .split('\n')
    .flatMap((line): ActLine[] => (line.startsWith('{') ? [JSON.parse(line)] : []));
  return {
    passed: status === 0,
    log: `${lines.map(({ msg }) => msg).join('\n')}\n${stderr}`,
    annotations: lines.flatMap(annotationOf),
    summary: lines.flatMap(({ command, content }) => (command === 'summary' ? [content] : [])).join('\n'),
  };
}

describeWith(['actionlint', 'git'], 'the workflows of docs/ci.md', () => {
  const page = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
  const workflows = [...page.matchAll(/```yaml\n([^`]*runs-on:[^`]*)```/g)].map(([, text]) => text!);

  /** What actionlint says of a workflow, where it can read the action itself. */
  function actionlint(text: string): string {
    const folder = undo.folder();
    git(folder, 'init', '-q');
    copyFileSync(join(ROOT, 'action.yml'), join(folder, 'action.yml'));
    mkdirSync(join(folder, '.github/workflows'), { recursive: true });
    writeFileSync(join(folder, '.github/workflows/ci.yml'), text.replaceAll('OWNER/callgate@REVISION', './'));
    return spawnSync('actionlint', ['-no-color'], { cwd: folder, encoding: 'utf8' }).stdout;
  }

  it('give the action inputs that it has, and ask for outputs that it has', () => {
    expect(workflows).toHaveLength(2);
    for (const text of workflows) expect(actionlint(text)).toBe('');
    expect(actionlint(workflows[0]!.replace('profiles:', 'profile:'))).toMatch(/"profile" is not defined/);
    expect(actionlint(workflows[1]!.replaceAll('outputs.sarif', 'outputs.x'))).toMatch(/"x" is not defined/);
  });

  it('name every input in the page', () => {
    const inputs = /\ninputs:\n(.*?)\n\w/s.exec(readFileSync(join(ROOT, 'action.yml'), 'utf8'))![1]!;
    const names = [...inputs.matchAll(/^ {2}([\w-]+):/gm)].map(([, name]) => name!);
    expect(names).toContain('gate-fail-on');
    for (const name of names) expect(page).toContain(`\`${name}\``);
  });
});

describeWith(['act', 'git'], 'the action', () => {
  let built: string;
  beforeAll(() => {
    built = builtAction(undo);
  });

  it('builds itself from a checkout, and passes where lint finds nothing that it is to fail for', () => {
    const repository = new Repository({ 'profiles/web.json': profile() });
    const { passed, log, summary } = act(freshCheckout(undo), repository);
    expect(log).toContain('callgate is built');
    expect(log).toContain('outputs: status 0');
    expect(passed).toBe(true);
    expect(summary).toMatch(/^### callgate lint: .* in 1 profile\n/);
    expect(summary).not.toContain('callgate gate');
  });

  it('fails for what lint finds, and writes SARIF', () => {
    const repository = new Repository(
      { 'profiles/web.json': profile() },
      { 'fail-on': 'critical', sarif: 'out.sarif' },
    );
    const run = act(built, repository);
    expect(run.passed).toBe(false);
    expect(run.log).toContain('outputs: status 1');
    expect(run.log).toMatch(/results: [1-9]/);
    expect(run.log).not.toContain('callgate is built');
    expect(titled('cannot-start', run)[0]).toMatchObject({
      level: 'error',
      file: 'profiles/web.json',
      line: '2',
    });
  });

  it('fails for a change that lets a call pass, and says where, once', () => {
    const repository = new Repository({ 'profiles/web.json': profile() });
    const base = repository.head();
    repository.commit({ 'profiles/web.json': profile('ptrace'), 'profiles/new.json': profile() });
    const run = act(built, repository, base);
    expect(run.passed).toBe(false);
    expect(run.log).toContain('outputs: status 1');
    expect(titled('loosened', run)).toEqual([
      expect.objectContaining({
        level: 'error',
        file: 'profiles/web.json',
        line: '11',
        message: expect.stringMatching(/^ptrace: ERRNO\(EPERM\) → ALLOW\ncall: ptrace\(/),
      }),
    ]);
    const all = run.annotations.map((annotation) => JSON.stringify(annotation));
    expect(new Set(all).size).toBe(all.length);
    expect(run.summary).toMatch(
      /### callgate gate: fails: 2 profiles, 2 of them for --fail-on\n\n- new\.json: a new profile/,
    );
  });

  it('passes a change of words, and one that it only has to tell', () => {
    const repository = new Repository({ 'profiles/web.json': profile() });
    const base = repository.head();
    repository.commit({ 'profiles/web.json': profile().replaceAll(' ', '') });
    const unchanged = act(built, repository, base);
    expect(unchanged.log).toContain('passes: 1 profile');
    expect(unchanged.passed).toBe(true);
    const telling = new Repository({ 'profiles/web.json': profile() }, { 'gate-fail-on': 'never' });
    const before = telling.head();
    telling.commit({ 'profiles/web.json': profile('ptrace') });
    const told = act(built, telling, before);
    expect(titled('loosened', told)).toHaveLength(1);
    expect(told.passed).toBe(true);
  });

  it('ends with 2 for a profile that it cannot judge, and judges the others', () => {
    const repository = new Repository({ 'profiles/a.json': BROKEN, 'profiles/b.json': profile() });
    const run = act(built, repository);
    expect(run.passed).toBe(false);
    expect(run.log).toContain('outputs: status 2');
    expect(run.annotations[0]).toMatchObject({
      level: 'error',
      file: 'profiles/a.json',
      line: '2',
      col: '20',
      title: 'callgate unknown-action',
    });
    expect(run.annotations.map(({ file }) => file)).toContain('profiles/b.json');
    expect(run.summary).toMatch(/^### callgate lint: .*; not everything could be judged\n/);
  });

  it('says what to do where the base is not there', () => {
    const origin = new Repository({ 'profiles/web.json': profile() });
    const base = origin.head();
    origin.commit({ 'profiles/web.json': profile('ptrace') });
    const shallow = undo.folder();
    git(shallow, 'clone', '-q', '--depth=1', `file://${origin.folder}`, '.');
    const run = act(built, { folder: shallow }, base);
    expect(run.passed).toBe(false);
    expect(run.log).toContain('outputs: status 2');
    expect(titled('gate', run)).toEqual([
      {
        level: 'error',
        title: 'callgate gate',
        message: 'the base is not in this checkout: give actions/checkout the input "fetch-depth: 0"',
      },
    ]);
    expect(run.summary).toContain('### callgate lint: ');
    expect(run.summary).toContain(
      '### callgate gate: could not do it\n\n    the base is not in this checkout',
    );
  });

  it('judges what a pull request changes, not what its target has got meanwhile', () => {
    const repository = new Repository({ 'profiles/a.json': profile(), 'profiles/b.json': profile() });
    const { folder } = repository;
    const base = repository.head();
    git(folder, 'checkout', '-qb', 'change');
    repository.commit({ 'profiles/a.json': profile('ptrace') });
    git(folder, 'checkout', '-q', 'main');
    repository.commit({ 'profiles/b.json': profile('mount') });
    git(folder, 'merge', '-q', '--no-edit', 'change');
    const found = titled('loosened', act(built, repository, base));
    expect(found).toMatchObject([{ file: 'profiles/a.json', message: expect.stringMatching(/^ptrace: /) }]);
  });

  it('tells paths from the top of the repository, wherever it works, and takes a base by its name', () => {
    const repository = new Repository(
      { 'deploy/p q/web.json': profile() },
      { 'working-directory': 'deploy', profiles: '\n  p q \n', base: 'main' },
    );
    git(repository.folder, 'checkout', '-qb', 'change');
    repository.commit({ 'deploy/p q/web.json': profile('ptrace') });
    const run = act(built, repository);
    expect(titled('loosened', run)).toMatchObject([{ file: 'deploy/p q/web.json', line: '11' }]);
    expect(run.log).toContain('outputs: status 1');
  });

  it('finds the profiles of a whole repository, also where there was none before', () => {
    const repository = new Repository({ 'package.json': '{}' }, { profiles: '.' });
    const base = repository.head();
    repository.commit({ 'seccomp/web.json': profile() });
    const run = act(built, repository, base);
    expect(run.summary).toMatch(/### callgate gate: [^\n]*\n\n- seccomp\/web\.json: a new profile/);
    expect(titled('cannot-start', run)[0]).toMatchObject({ file: 'seccomp/web.json' });
  });

  it('takes no input for an option or a command', () => {
    const hostile = '"; touch made; "$(touch made)';
    const repository = new Repository(
      { 'web.json': profile() },
      { profiles: `--json\n${hostile}\nweb.json`, runtime: '', 'fail-on': 'low', base: '--output=made' },
    );
    const run = act(built, repository);
    expect(run.log).toContain('outputs: status 2');
    expect(titled('lint', run)).toMatchObject([
      { level: 'error', message: expect.stringMatching(/^callgate: .*--json.*\n?$/) },
    ]);
    expect(titled('gate', run)).toHaveLength(1);
    const other = act(built, new Repository({ 'web.json': profile() }, { profiles: '.', runtime: hostile }));
    expect(titled('lint', other)[0]!.message).toContain(hostile);
    for (const { log } of [run, other]) expect(log).toContain('files: web.json\n');
  });

  it('takes no name of a file for a command of GitHub', () => {
    const name = '::error::made.json';
    const run = act(built, new Repository({ [name]: BROKEN, 'web.json': profile() }, { profiles: '.' }));
    expect(run.log).toContain('outputs: status 2');
    expect(run.annotations.map(({ message }) => message)).not.toContainEqual(expect.stringMatching(/^made/));
    expect(titled('unknown-action', run)).toMatchObject([{ file: name }]);
  });
});
