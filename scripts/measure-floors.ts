/**
 * Measures what container runtimes call between loading a container's filter and the container's execve. Needs root and eBPF.
 *   npx tsx -C @callgate/source scripts/measure-floors.ts [--starts 20] [runc] [crun] [docker] [podman]
 * compares the runtimes of this machine with the engine's table, and exits with 1 where they contradict it. What came in one
 * start alone is only printed: it may be a matter of luck.
 *   … scripts/measure-floors.ts --runtime PATH --from TEXT [--in FOLDER [--programs FOLDER]] [--starts 6]
 * measures one build of runc or crun and writes what it calls to scripts/data/floors-measured.json. TEXT says how the build was
 * had. With --in the path is one in a Debian that lies in a folder, and --programs goes before that Debian's own programs, as
 * /usr/local/sbin. Then scripts/generate-floors.ts makes the engine's table anew.
 */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { runtimeVersion } from '@callgate/linux/internal/container/oci-container';
import { contradicts } from './floors/compare.ts';
import { type Engine, sharesOfEngine } from './floors/engine.ts';
import { measureBuild } from './floors/measure.ts';
import { addMeasured } from './floors/measured.ts';
import { debianIn, thisMachine } from './floors/place.ts';
import { runtimeAt } from './floors/runtime.ts';
import { SETTINGS } from './floors/setting.ts';
import { sharesOf } from './floors/starts.ts';

const KNOWN = ['runc', 'crun', 'docker', 'podman'] as const;
const { values, positionals } = parseArgs({
  options: {
    runtime: { type: 'string' },
    from: { type: 'string' },
    in: { type: 'string' },
    programs: { type: 'string', default: '' },
    starts: { type: 'string' },
  },
  allowPositionals: true,
});

if (values.runtime !== undefined) await measure(values.runtime, Number(values.starts ?? 6));
else await compare(Number(values.starts ?? 20));

async function measure(path: string, starts: number): Promise<void> {
  if (!values.from) throw new Error('--from says how the build was had');
  const name = basename(path).startsWith('crun') ? 'crun' : 'runc';
  const place = values.in ? await debianIn(values.in, values.programs) : thisMachine(name);
  try {
    const runtime = runtimeAt(name, path, place);
    addMeasured(await measureBuild(place, runtime, values.from, starts));
    const built = runtime.go ? `, built by Go ${runtime.go},` : '';
    console.log(`${name} ${runtime.release}${built} with libseccomp ${runtime.libseccomp}: ${values.from}`);
  } finally {
    await place.close();
  }
}

async function compare(starts: number): Promise<void> {
  const asked = KNOWN.filter((name) => positionals.includes(name));
  const isHere = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
  let isContradicted = false;
  for (const name of asked.length > 0 ? asked : KNOWN.filter(isHere)) {
    const isEngine = name === 'docker' || name === 'podman';
    const found = isEngine ? await compareEngine(name, starts) : await compareRuntime(name, starts);
    isContradicted ||= found;
  }
  process.exitCode = isContradicted ? 1 : 0;
}

async function compareRuntime(name: 'runc' | 'crun', starts: number): Promise<boolean> {
  const place = thisMachine(name);
  try {
    const path = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    const { release, go, command } = runtimeAt(name, path, place);
    let isContradicted = false;
    for (const noNewPrivs of [true, false]) {
      const settings = SETTINGS.filter((setting) => setting.noNewPrivs === noNewPrivs && !setting.terminal);
      const all = [];
      for (const setting of settings) all.push(await sharesOf(place, command, setting, starts));
      for (const of of ['start', 'exec'] as const) {
        const title = `${name} ${release}, ${of}, no_new_privs ${noNewPrivs ? 'on' : 'off'}`;
        const choice = { runtime: name, release, noNewPrivs, exec: of === 'exec' };
        const shares = all.flatMap((one) => one[of] ?? []);
        isContradicted = contradicts({ title, choice, go, shares }) || isContradicted;
      }
    }
    return isContradicted;
  } finally {
    await place.close();
  }
}

/** Engines start runc here. */
async function compareEngine(engine: Engine, starts: number): Promise<boolean> {
  const release = (await runtimeVersion('runc'))?.release;
  let isContradicted = false;
  for (const noNewPrivs of [true, false]) {
    const shares = [];
    for (const uid of [0, 1000]) shares.push(await sharesOfEngine(engine, noNewPrivs, uid, starts));
    const title = `${engine} (runc ${release}), no_new_privs ${noNewPrivs ? 'on' : 'off'}`;
    isContradicted =
      contradicts({ title, choice: { runtime: 'runc', release, noNewPrivs }, shares }) || isContradicted;
  }
  return isContradicted;
}
