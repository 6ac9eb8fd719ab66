import type { ContainerHostName } from '../container-host.ts';
import { OCI_RUNTIMES, type OciRuntime } from '../oci-container.ts';
import { runClient } from './client.ts';
import { podmanOptions } from './podman.ts';

/** The OCI runtime by which a host starts containers; undefined where it is neither runc nor crun, or there is none. */
export async function ociRuntimeOf(name: ContainerHostName): Promise<OciRuntime | undefined> {
  switch (name) {
    case 'docker':
      return named(await said(['docker', 'info', '--format', '{{.DefaultRuntime}}']));
    case 'podman':
      return named(
        await said(['podman', ...podmanOptions(), 'info', '--format', '{{.Host.OCIRuntime.Name}}']),
      );
    case 'containerd':
      return 'runc';
    case 'host':
      return undefined;
    default:
      return name;
  }
}

async function said(command: readonly [string, ...string[]]): Promise<string> {
  const { stdout } = await runClient(command, { timeLimitMs: 20_000 });
  return stdout.toString('utf8');
}

function named(text: string): OciRuntime | undefined {
  return OCI_RUNTIMES.find((runtime) => text.includes(runtime));
}
