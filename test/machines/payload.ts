import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { output } from './commands.ts';
import { rowsFor } from './contract/rows.ts';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGES = ['engine', 'workload', 'linux', 'operator', 'cli'];

/** As npm and Node call them. */
export type Cpu = 'x64' | 'arm64';

/** callgate as npm installs it, with the contract and its rows beside it: contract.mjs, rows.json. */
export interface Payload {
  readonly folder: string;
  /** Below the folder. */
  readonly callgate: string;
}

/** What `npm run build` has built, to be installed for the machines that ask for it. */
export class Product {
  private readonly folder: string;
  private readonly installed = new Map<Cpu, Promise<Payload>>();

  /** @param folder an empty one, for everything that is made. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** The payload of machines with that processor, made once. */
  for(cpu: Cpu): Promise<Payload> {
    const payload = this.installed.get(cpu) ?? this.install(cpu);
    this.installed.set(cpu, payload);
    return payload;
  }

  private async install(cpu: Cpu): Promise<Payload> {
    const folder = join(this.folder, cpu);
    mkdirSync(folder);
    const paths = PACKAGES.map((name) => join(ROOT, 'packages', name));
    await output('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, ...paths], ROOT);
    writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
    const tarballs = readdirSync(folder).filter(isTarball);
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];
    await output(
      'npm',
      ['install', ...quiet, '--os=linux', `--cpu=${cpu}`, ...tarballs.map((t) => `./${t}`)],
      folder,
    );
    writeFileSync(join(folder, 'contract.mjs'), await contract());
    writeFileSync(join(folder, 'rows.json'), JSON.stringify(rowsFor(cpu)));
    return { folder, callgate: 'node_modules/callgate/bin/callgate.js' };
  }
}

/** The payload without what no machine needs. */
export function copyPayload({ folder }: Payload, to: string): void {
  const isSpare = (path: string) => isTarball(path) || /\/koffi\/(vendor|doc)$/.test(path);
  cpSync(folder, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !isSpare(path) });
}

function isTarball(path: string): boolean {
  return path.endsWith('.tgz');
}

/** The contract in one file. */
async function contract(): Promise<string> {
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'contract/contract.ts'),
    platform: 'node',
    external: ['koffi'],
    resolve: { conditionNames: ['@callgate/source', 'import', 'default'] },
  });
  const { output: files } = await bundle.generate({ format: 'esm', codeSplitting: false });
  return files[0].code;
}
