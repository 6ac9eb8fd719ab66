import { engineHost } from './engine.ts';

/** Docker, by its client, wherever that finds its daemon; the client reads the profile, the daemon the mounted files. */
export const docker = engineHost('docker', () => ({ name: 'docker', global: [], run: [] }));
