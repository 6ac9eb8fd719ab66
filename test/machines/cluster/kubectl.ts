/** npm run cluster:kubectl -- ARGUMENTS, and npm run cluster:helm -- ARGUMENTS: speaks to the cluster, with all rights. */
import { clientPrograms } from './binaries.ts';
import { clientCommand } from './client.ts';
import { foreground } from './foreground.ts';

const [program = 'kubectl', ...args] = process.argv.slice(2);
await foreground(async () => clientCommand(await clientPrograms(console.error), program, args));
