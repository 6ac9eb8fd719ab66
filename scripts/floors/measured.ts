import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareReleases } from '@callgate/engine/internal/build/portability';

const FILE = join(import.meta.dirname, '../data/floors-measured.json');

/** What a build of a runtime called in one setting. */
export interface MeasuredSetting {
  /** start, or exec: a process that joins. */
  readonly of: 'start' | 'exec';
  readonly noNewPrivs: boolean;
  readonly uid: number;
  readonly capabilities: boolean;
  readonly terminal: boolean;
  readonly starts: number;
  /** In every start. */
  readonly always: string;
  /** In how many starts, for the others. */
  readonly sometimes?: Readonly<Record<string, number>>;
}

/** One build of one release of a runtime. */
export interface MeasuredBuild {
  readonly runtime: 'runc' | 'crun';
  readonly release: string;
  /** The Go release that built it. */
  readonly go?: string;
  readonly libseccomp: string;
  /** How it was had. */
  readonly from: string;
  readonly kernel: string;
  readonly date: string;
  readonly settings: readonly MeasuredSetting[];
}

export interface Measured {
  readonly provenance: { readonly generator: string; readonly arch: string; readonly recorder: string };
  readonly builds: readonly MeasuredBuild[];
}

const EMPTY: Measured = {
  provenance: { generator: 'scripts/measure-floors.ts', arch: 'x86_64', recorder: 'ebpf' },
  builds: [],
};

export function readMeasured(): Measured {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : EMPTY;
}

/** Adds builds, instead of earlier measurements of the same ones. */
export function addMeasured(build: MeasuredBuild): void {
  const { provenance, builds } = readMeasured();
  const isSame = (other: MeasuredBuild) => identity(other) === identity(build);
  const all = [...builds.filter((other) => !isSame(other)), build].sort(
    (a, b) =>
      (a.runtime < b.runtime ? -1 : a.runtime > b.runtime ? 1 : 0) ||
      compareReleases(a.release, b.release) ||
      compareReleases(a.go ?? '', b.go ?? '') ||
      (identity(a) < identity(b) ? -1 : 1),
  );
  writeFileSync(FILE, textOf({ provenance, builds: all }));
}

function identity({ runtime, release, from, go = '' }: MeasuredBuild): string {
  return [runtime, release, from, go].join(' ');
}

/** JSON with one line for each setting. */
function textOf({ provenance, builds }: Measured): string {
  const texts = builds.map(({ settings, ...build }) => {
    const lines = settings.map((setting) => `      ${JSON.stringify(setting)}`).join(',\n');
    return `    {${JSON.stringify(build).slice(1, -1)}, "settings": [\n${lines}\n    ]}`;
  });
  return `{
  "provenance": ${JSON.stringify(provenance)},
  "builds": [
${texts.join(',\n')}
  ]
}
`;
}
