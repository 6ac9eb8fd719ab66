import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';

// The compiler that leave() could not wait for.
setFlagsFromString('--no-concurrent-sparkplug');

// From bin/callgate; nothing that is started needs it.
const inherited = process.env.CALLGATE_INHERITED;
delete process.env.CALLGATE_INHERITED;
// Under nohup: Node has forgotten that the signal is ignored.
const hangsUp = !/^[0-9a-f]*[13579bdf](?: |$)/.test(inherited ?? '');
if (!hangsUp) process.on('SIGHUP', () => {});

const [, , first] = process.argv;
if (first === '--version' || first === '-V') {
  // Answered here, because loading the rest takes longer than the answer.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${version}\n`);
} else {
  let lost = false;
  // A reader that has gone, such as `| head`, is no error; a full disk is one.
  process.stdout.on('error', (fault) => {
    lost ||= /** @type {NodeJS.ErrnoException} */ (fault).code !== 'EPIPE';
  });
  process.stderr.on('error', () => {});
  const { main, failedStatus } = load();
  const status = await main({
    argv: process.argv.slice(2),
    script: fileURLToPath(import.meta.url),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    cwd: workingDirectory(),
    env: process.env,
    inherited,
    onSignal(signal, listener) {
      if (signal === 'SIGHUP' && !hangsUp) return () => {};
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
  });
  process.exitCode = status;
  // The error of a last write arrives a moment later.
  setImmediate(() => {
    if (lost) {
      process.stderr.write('callgate: the output could not be written\n');
      process.exitCode = failedStatus(first);
    }
    process.stdout.write('', () => process.stderr.write('', leave));
  });
}

/**
 * Ends the process. process.exit() joins V8's compiler threads (nodejs/node#54918), and one of them may be waiting for
 * this thread to collect garbage: then it would never end. So nothing more is compiled, and what is under way is waited
 * for in the one way that lets it collect meanwhile.
 */
function leave() {
  for (const flag of ['--no-opt', '--no-maglev', '--allow-natives-syntax']) setFlagsFromString(flag);
  try {
    runInThisContext('%FinalizeOptimization()');
  } catch {
    // A V8 without that function: most likely nothing is under way any more.
    setTimeout(() => process.exit(), 10);
    return;
  }
  process.exit();
}

/** The working directory; "/" when it was removed. */
function workingDirectory() {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/**
 * The bundle that scripts/bundle-cli.ts makes; CommonJS, because Node loads that sooner.
 * @returns {typeof import('../src/main.ts')}
 */
function load() {
  try {
    return createRequire(import.meta.url)('../dist/main.cjs');
  } catch (thrown) {
    const fault = /** @type {NodeJS.ErrnoException} */ (thrown);
    if (fault.code !== 'MODULE_NOT_FOUND') throw fault;
    const [what] = fault.message.split('\n');
    process.stderr.write(`callgate: not built or not installed; run npm ci, or npm run build (${what})\n`);
    process.exit(2);
  }
}
