import { lastWords, runClient } from './client.ts';

/** What the health check of a container's image says of it. */
export interface Health {
  readonly holds: boolean;
  readonly saw: string;
}

/** The image's own health check: of Docker what it has found, of Podman what it finds now. Others have none. */
export async function healthOf(engine: string, id: string): Promise<Health> {
  if (engine === 'podman') {
    const end = await runClient(['podman', 'healthcheck', 'run', id]);
    return end.status === 0 ? { holds: true, saw: 'healthy' } : { holds: false, saw: lastWords(end) };
  }
  if (engine !== 'docker') return { holds: false, saw: `${engine} has no health checks` };
  const format = '{{if .State.Health}}{{.State.Health.Status}}{{else}}the image has no health check{{end}}';
  const end = await runClient(['docker', 'inspect', '--type', 'container', '--format', format, id]);
  const saw = end.status === 0 ? end.stdout.toString('utf8').trim() : lastWords(end);
  return { holds: saw === 'healthy', saw };
}
