import { join } from 'node:path';
import { AuditedManifests } from '../test/machines/cluster/audited.ts';
import { clientPrograms } from '../test/machines/cluster/binaries.ts';

const audited = new AuditedManifests(
  await clientPrograms(console.error),
  join(import.meta.dirname, '../packages/cli/bin/callgate.js'),
);
const found = await audited.faults();
console.log(found.compared, found.faults.length);
for (const f of found.faults) console.log(f);
