import { clientEngine } from '../engine-client.ts';

/** Docker, by its command line. */
export const docker = clientEngine({
  name: 'docker',
  id: '.Id',
  image: '.Config.Image',
  runtime: '.HostConfig.Runtime',
  version: '{{.Server.Version}}',
  absent: /Is the docker daemon running|failed to connect to the docker API.*(?:no such file|refused)/i,
});
