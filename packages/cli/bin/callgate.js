#!/usr/bin/env node
import { readFileSync } from 'node:fs';

const [, , first] = process.argv;
if (first === '--version' || first === '-V') {
  // Answered here, because loading the rest takes longer than the answer.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${version}\n`);
} else {
  // A closed pipe, such as `| head`, is not an error.
  process.stdout.on('error', (fault) => process.exit(fault.code === 'EPIPE' ? 0 : 2));
  const { main } = await import('../dist/main.js');
  process.exitCode = await main({
    argv: process.argv.slice(2),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    cwd: process.cwd(),
    env: process.env,
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
  });
}
