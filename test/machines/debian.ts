import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { output } from './commands.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The mirror that this machine's own apt takes packages from. */
export async function mirror(): Promise<string> {
  const targets = await output('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
  ]);
  return targets.split('\n')[0]!;
}

/** Packages of a Debian suite, fetched with apt and unpacked into a folder of the cache; nothing is installed. */
export async function unpacked(suite: string, arch: string, packages: readonly string[]): Promise<string> {
  return cached(`${suite}-${arch}-${packages.join('+')}`, async (folder) => {
    const apt = new Apt(suite, arch, join(folder, 'apt'));
    await apt.update();
    const names = await Promise.all(packages.map((name) => apt.real(name)));
    for (const deb of await apt.download(names.flat())) await output('dpkg-deb', ['-x', deb, folder]);
    rmSync(join(folder, 'apt'), { recursive: true });
  });
}

/** The kernel in an unpacked linux-image. */
export function kernelIn(folder: string): string {
  const boot = join(folder, 'boot');
  const image = existsSync(boot) ? readdirSync(boot).find((file) => file.startsWith('vmlinuz')) : undefined;
  if (image) return join(boot, image);
  const modules = join(folder, 'usr/lib/modules');
  return join(modules, readdirSync(modules)[0]!, 'vmlinuz');
}

/** apt with lists, sources and state of its own. */
class Apt {
  private readonly suite: string;
  private readonly arch: string;
  private readonly folder: string;

  constructor(suite: string, arch: string, folder: string) {
    this.suite = suite;
    this.arch = arch;
    this.folder = folder;
    for (const sub of ['lists/partial', 'state', 'cache/archives/partial', 'debs'])
      mkdirSync(join(folder, sub), { recursive: true });
    writeFileSync(join(folder, 'state/status'), '');
  }

  async update(): Promise<void> {
    writeFileSync(
      join(this.folder, 'sources.list'),
      `deb [signed-by=${KEYRING}] ${await mirror()} ${this.suite} main\n`,
    );
    await output('apt-get', [...this.options(), '-q', 'update']);
  }

  /** The package, and for one that only names the newest kernel what it names. */
  async real(name: string): Promise<string[]> {
    if (!name.startsWith('linux-image-cloud-')) return [name];
    const image = (await this.dependsOf(name)).filter((n) => /^linux-image-\d/.test(n));
    const binaries = (await this.dependsOf(image[0]!)).filter((n) => n.startsWith('linux-binary-'));
    return [image[0]!, ...binaries.slice(0, 1)];
  }

  async download(names: readonly string[]): Promise<string[]> {
    const debs = join(this.folder, 'debs');
    await output('apt-get', [...this.options(), '-q', 'download', ...names], debs);
    return readdirSync(debs).map((file) => join(debs, file));
  }

  private async dependsOf(name: string): Promise<string[]> {
    const text = await output('apt-cache', [...this.options(), 'depends', name]);
    return [...text.matchAll(/Depends: *(\S+)/g)].map(([, depended]) => depended!);
  }

  private options(): string[] {
    const { arch, folder } = this;
    const options = {
      'Dir::Etc::sourcelist': join(folder, 'sources.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::State': join(folder, 'state'),
      'Dir::State::lists': join(folder, 'lists'),
      'Dir::State::status': join(folder, 'state/status'),
      'Dir::Cache': join(folder, 'cache'),
      'APT::Architecture': arch,
      'APT::Architectures': arch,
      'APT::Sandbox::User': 'root',
    };
    return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  }
}
