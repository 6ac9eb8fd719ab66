import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownName } from '../../leavings/own-name.ts';
import { type ContainerHost, ContainerRefused, type StartedContainer } from '../container-host.ts';
import { type OciRuntime, runtimeCommand } from '../oci-container.ts';
import { Attached } from './attached.ts';
import { type Bundle, makeBundle } from './bundle.ts';
import { lastWords, runClient } from './client.ts';
import { givenOptions } from './run-options.ts';

const START_TIME_LIMIT_MS = 60_000;
const GRACE_MS = 10_000;
const EVERY_MS = 50;
/** A file in the bundle's folder, as soon as all is there that the runtime needs. */
const PREPARED = 'prepared';

/** runc, by itself. */
export const runc = bundleHost('runc');
/** crun, by itself. */
export const crun = bundleHost('crun');

/** Plain bundles: a folder as root file system, or none, and the runtime alone. */
function bundleHost(runtime: OciRuntime): ContainerHost {
  return {
    name: runtime,
    async unavailable() {
      if (process.geteuid!() !== 0) return `${runtime} by itself needs root`;
      const end = await runClient([runtime, '--version']);
      return end.status === 0 ? undefined : `${runtime} is not installed`;
    },
    async start(plan) {
      const options = givenOptions(plan.options);
      const seccomp = plan.seccomp.kind === 'default' ? ({ kind: 'unconfined' } as const) : plan.seccomp;
      const bundle = makeBundle({ ...plan, options, seccomp });
      const name = ownName('container');
      const command = runtimeCommand(runtime);
      const [global, root] = [
        ['--log', bundle.log, '--log-format', 'json'],
        ['--root', bundle.state],
      ];
      const script = `${bundle.prepare} && : >"$1/${PREPARED}" && shift 2 && exec "$@"`;
      const client = new Attached([
        'unshare',
        ...['--mount', 'sh', '-c', script, 'sh', bundle.folder, plan.image ?? ''],
        ...[...command, ...global, ...root, 'run', '--bundle', bundle.folder, name],
      ]);
      const ask = (...args: string[]) => runClient([command[0], ...command.slice(1), ...root, ...args]);
      const container: StartedContainer = {
        id: name,
        async pid() {
          if (client.status !== undefined) return undefined;
          const end = await ask('state', name);
          return end.status === 0 ? runningProcess(end.stdout.toString('utf8')) : undefined;
        },
        exec: (words, timeLimitMs) =>
          runClient([command[0], ...command.slice(1), ...root, 'exec', name, ...words], {
            timeLimitMs,
            leavesProcesses: true,
          }),
        ended: (timeLimitMs) => client.ended(timeLimitMs),
        output: async () => client.output(),
        async stop() {
          await ask('kill', name, 'TERM');
          if (!(await client.within(GRACE_MS))) await ask('kill', name, 'KILL');
          await client.within(GRACE_MS);
        },
        async remove() {
          if (client.status === undefined) await ask('kill', name, 'KILL');
          if (!(await client.within(GRACE_MS))) client.kill();
          if (existsSync(bundle.folder)) await ask('delete', '--force', name);
          bundle.remove();
        },
      };
      try {
        await begun(container, client, bundle);
        return container;
      } catch (fault) {
        await container.remove();
        throw fault;
      }
    },
  };
}

function runningProcess(state: string): number | undefined {
  const { pid, status } = JSON.parse(state) as { pid?: number; status?: string };
  return status === 'running' && pid ? pid : undefined;
}

/** Resolves as soon as the program runs, or has run; throws when the runtime did not start it. */
async function begun(
  container: StartedContainer,
  client: Attached,
  { folder, log }: Pick<Bundle, 'folder' | 'log'>,
): Promise<void> {
  const until = performance.now() + START_TIME_LIMIT_MS;
  while (performance.now() < until) {
    if ((await container.pid()) !== undefined) return;
    if (await client.within(EVERY_MS)) {
      const said = errorIn(log);
      if (said !== undefined) throw new ContainerRefused(said);
      if (client.status === 127 || !existsSync(join(folder, PREPARED)))
        throw new ContainerRefused(lastWords({ status: client.status!, ...client.output() }));
      return;
    }
  }
  throw new ContainerRefused('the runtime did not start it within a minute');
}

/** The last error that the runtime has written down. */
function errorIn(log: string): string | undefined {
  if (!existsSync(log)) return undefined;
  const errors = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line): string[] => {
      try {
        const { level, msg } = JSON.parse(line) as { level?: string; msg?: string };
        return level === 'error' && msg !== undefined ? [msg] : [];
      } catch {
        return [];
      }
    });
  return errors.at(-1)?.replaceAll('\n', ' ').slice(0, 500);
}
