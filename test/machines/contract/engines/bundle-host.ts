import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBundle } from './bundle.ts';
import { answerOf, type Host, newName, type Plan, type Runtime, ran, runtimeOf } from './engine.ts';

const TIME_LIMIT_MS = 60_000;

/** An OCI runtime without an engine: plain bundles, created and started as engines do. */
export function bundleHost(
  program: Runtime['name'],
  global: readonly string[],
  root: string,
  folder: string,
): Host {
  const runtime = runtimeOf(program);
  const pidOf = (name: string): number => JSON.parse(answerOf(program, [...global, 'state', name])).pid;
  const begin = (name: string) => answerOf(program, [...global, 'start', name]);
  const create = (plan: Plan): string => {
    const name = newName();
    const bundle = writeBundle(plan, root, folder);
    // The container keeps the descriptors that it is given, so a pipe would not end.
    const said = join(bundle, 'said');
    const fd = openSync(said, 'w');
    const { status } = spawnSync(program, [...global, 'create', '--bundle', bundle, name], {
      stdio: ['ignore', 'ignore', fd],
      timeout: TIME_LIMIT_MS,
    });
    closeSync(fd);
    if (status !== 0) throw new Error(`${program} create: ${readFileSync(said, 'utf8').trim()}`);
    return name;
  };
  return {
    release: runtime.release,
    runtime,
    run: (plan) => ran(program, [...global, 'run', '--bundle', writeBundle(plan, root, folder), newName()]),
    start(plan) {
      const name = create(plan);
      begin(name);
      return { name, pid: pidOf(name) };
    },
    prepare(plan) {
      const name = create(plan);
      const target = ['--pid', String(pidOf(name))];
      return { name, target, ready: /recording/, begin: () => begin(name) };
    },
    remove(name) {
      ran(program, [...global, 'delete', '--force', name]);
    },
    async close() {},
  };
}
