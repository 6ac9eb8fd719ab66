import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { GuardedFolder } from '@callgate/linux/internal/files/beneath';
import { fileChunks, readSmallFile } from '@callgate/linux/internal/files/read-file';
import { replaceFile } from '@callgate/linux/internal/files/replace-file';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const undo = new Undo();
afterEach(() => undo.run());

let folder: string;
beforeEach(() => {
  folder = undo.folder();
});
const path = (name: string) => join(folder, name);
const modeOf = (name: string) => statSync(path(name)).mode & 0o777;

async function textOf(file: string): Promise<string> {
  let text = '';
  for await (const chunk of fileChunks(file, 4096)) text += Buffer.from(chunk).toString();
  return text;
}

describe('a file that is written', () => {
  it('keeps the mode that it has, and leaves nothing beside it', () => {
    writeFileSync(path('private'), 'old');
    chmodSync(path('private'), 0o600);
    replaceFile(path('private'), 'new');
    expect([readFileSync(path('private'), 'utf8'), modeOf('private')]).toEqual(['new', 0o600]);
    expect(readdirSync(folder)).toEqual(['private']);
  });

  it('may have the longest name that there is', () => {
    const name = 'n'.repeat(255);
    replaceFile(path(name), 'text');
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('may have a name of as many letters as the kernel takes bytes of them', () => {
    const name = '漢'.repeat(85);
    replaceFile(path(name), 'text');
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('may be a descriptor by its name, such as /dev/stdout, which is written on', () => {
    const fd = openSync(path('log'), 'w');
    writeFileSync(fd, 'before, ');
    symlinkSync(`/proc/self/fd/${fd}`, path('out'));
    replaceFile(path('out'), 'after');
    closeSync(fd);
    expect(readFileSync(path('log'), 'utf8')).toBe('before, after');
  });

  it('is what a link points to, and the link stays', () => {
    mkdirSync(path('data'));
    symlinkSync('data/real', path('link'));
    replaceFile(path('link'), 'first');
    replaceFile(path('link'), 'second');
    expect(readFileSync(path('data/real'), 'utf8')).toBe('second');
    expect(readdirSync(path('data'))).toEqual(['real']);
  });

  it('is not half there when it cannot be written', () => {
    mkdirSync(path('is-a-folder'));
    expect(() => replaceFile(path('is-a-folder'), 'text')).toThrow();
    expect(() => replaceFile(path('no/such/folder'), 'text')).toThrow();
    expect(readdirSync(folder)).toEqual(['is-a-folder']);
  });

  it('is refused, and not waited for, when it is a pipe that nobody reads', () => {
    execFileSync('mkfifo', [path('pipe')]);
    expect(() => replaceFile(path('pipe'), 'text')).toThrow(/ENXIO/);
  });

  it('comes whole through a pipe that somebody reads', async () => {
    execFileSync('mkfifo', [path('pipe')]);
    const reader = spawn('cat', [path('pipe')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const read = (async () => {
      let text = '';
      for await (const chunk of reader.stdout) text += chunk;
      return text;
    })();
    const long = 'text '.repeat(5000);
    for (let tries = 0; ; tries++)
      try {
        replaceFile(path('pipe'), long);
        break;
      } catch (fault) {
        // cat has not opened it yet.
        if (tries > 500) throw fault;
        await new Promise((go) => setTimeout(go, 10));
      }
    expect(await read).toBe(long);
  });
});

describeWith(['root'], 'a file that root writes', () => {
  const NOBODY = 65534;

  it('stays that of its owner', () => {
    writeFileSync(path('theirs'), 'old');
    chownSync(path('theirs'), NOBODY, NOBODY);
    chmodSync(path('theirs'), 0o640);
    replaceFile(path('theirs'), 'new');
    const { uid, gid } = statSync(path('theirs'));
    expect([uid, gid, modeOf('theirs')]).toEqual([NOBODY, NOBODY, 0o640]);
  });

  it("is not what another user's link points to", () => {
    writeFileSync(path('important'), 'old');
    symlinkSync('important', path('trap'));
    lchownSync(path('trap'), NOBODY, NOBODY);
    expect(() => replaceFile(path('trap'), 'new')).toThrow(/link of another user/);
    expect(readFileSync(path('important'), 'utf8')).toBe('old');
  });
});

/** The path x, where something was made. */
function standing(make: () => unknown): string {
  make();
  return path('x');
}

describe('a file that is read', () => {
  it('is its bytes', async () => {
    writeFileSync(path('file'), 'text '.repeat(10_000));
    expect(await textOf(path('file'))).toBe('text '.repeat(10_000));
    expect(await textOf('/proc/self/comm')).toMatch(/\w/);
  });

  it('may be a pipe, whose writer takes his time', async () => {
    execFileSync('mkfifo', [path('pipe')]);
    const writer = spawn('sh', ['-c', `(printf one; sleep 0.3; printf two) > '${path('pipe')}'`]);
    expect(await textOf(path('pipe'))).toBe('onetwo');
    expect(writer.pid).toBeGreaterThan(0);
  });

  it.each([
    [
      'a pipe to which nobody writes',
      () => standing(() => execFileSync('mkfifo', [path('x')])),
      /nobody writes/,
    ],
    ['a device', () => '/dev/zero', /device/],
    ['a folder', () => folder, /folder/],
    ['a link to a device', () => standing(() => symlinkSync('/dev/zero', path('x'))), /device/],
    ['nothing', () => path('x'), /ENOENT/],
  ])('is not %s', async (_, make, why) => {
    await expect(textOf(make())).rejects.toThrow(why);
    expect(readSmallFile(path('x'), 1000)).toBeUndefined();
  });

  it('is small where only small ones are wanted', () => {
    writeFileSync(path('file'), 'x'.repeat(1001));
    expect(readSmallFile(path('file'), 1000)).toBeUndefined();
    expect(readSmallFile(path('file'), 1001)).toHaveLength(1001);
  });
});

describe('a guarded folder', () => {
  it('gives and takes its files by their names, with its own in front or not', () => {
    const guarded = new GuardedFolder(folder);
    mkdirSync(path('inner'));
    guarded.write('inner/a.json', 'one');
    guarded.write(path('b.json'), 'two');
    expect(guarded.read('inner/a.json', 100)?.toString()).toBe('one');
    expect(guarded.read('b.json', 100)?.toString()).toBe('two');
  });

  it.each(['../out', 'a/../../out', '/etc/passwd', 'inner/', '', '.', 'link/out', 'inner/link', './out'])(
    'reaches nothing else: %s',
    (name) => {
      const outside = undo.folder();
      writeFileSync(join(outside, 'out'), 'old');
      mkdirSync(path('inner'));
      symlinkSync(outside, path('link'));
      symlinkSync(join(outside, 'out'), path('inner/link'));
      const guarded = new GuardedFolder(folder);
      expect(() => guarded.write(name, 'new')).toThrow();
      let read: Buffer | undefined;
      try {
        read = guarded.read(name, 100);
      } catch {
        // Refused, too.
      }
      expect(read).toBeUndefined();
      expect(readFileSync(join(outside, 'out'), 'utf8')).toBe('old');
      expect(existsSync(join(outside, 'new'))).toBe(false);
    },
  );

  it('is none to which others may write', () => {
    chmodSync(folder, 0o777);
    mkdirSync(path('inner'));
    expect(() => new GuardedFolder(folder).check()).toThrow(/others may write/);
    expect(() => new GuardedFolder(path('inner')).check()).toThrow(/others may write/);
  });
});
