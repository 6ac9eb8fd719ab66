/**
 * npm run cluster:node -- NAME COMMAND…: runs a command on a node, such as
 *   npm run cluster:node -- newest callgate record --container ID -o web.json
 */
import { foreground } from './foreground.ts';
import { onNode } from './namespaces.ts';
import { nodeCalled } from './places.ts';

const [name, ...command] = process.argv.slice(2);
const inThisFolder = ['sh', '-euc', 'cd "$0"; exec "$@"', process.cwd()];
await foreground(async () =>
  onNode(nodeCalled(name), [...inThisFolder, ...(command.length > 0 ? command : ['sh'])]),
);
