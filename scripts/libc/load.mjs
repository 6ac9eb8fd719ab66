import { execFileSync } from 'node:child_process';
import { promises } from 'node:fs';
import { Worker } from 'node:worker_threads';

main();

// bullseye's Node 12 has no await outside of functions.
async function main() {
  await promises.writeFile('node.txt', 'some text');
  await promises.rename('node.txt', 'node.new');
  await promises.stat('node.new');
  await promises.readdir('.');
  await promises.unlink('node.new');
  execFileSync(process.execPath, ['-e', '0']);
  await new Promise((resolve) => {
    new Worker('0', { eval: true }).on('exit', resolve);
  });
}
