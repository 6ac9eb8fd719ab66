/** npm run cluster:down */
import { clusterDown } from './cluster.ts';

await clusterDown();
