/**
 * The process that becomes the program: it takes a plan on file descriptor 3, waits for the word to go, installs a
 * filter and calls execve. Started as `node --jitless --no-expose-wasm --single-threaded launcher.js`, so that between the two nothing
 * else is called and a filter may forbid everything but execve. Plain JavaScript, because it must start fast and from
 * a checkout that has not been built.
 *
 * The plan: one line of JSON, see ../src/launch.ts. Answers on fd 3: "ready", or "error STEP ERRNO".
 */
import { readSync, writeSync } from 'node:fs';
import koffi from 'koffi';

const CHANNEL = 3;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;
const SECCOMP_SET_MODE_FILTER = 1;
const RLIMIT_NOFILE = 7;
const ENOEXEC = 8;
const SIGNALS = 64;

const libc = koffi.load(null);
const syscall = libc.func(
  'long syscall(long, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
);
const fcntl = libc.func('int fcntl(int, int, int)');
const signal = libc.func('void *signal(int, intptr_t)');

/** Keeps alive what only the kernel points to. */
const alive = [];

/** @param {ArrayBufferView} buffer */
function address(buffer) {
  alive.push(buffer);
  return koffi.address(buffer);
}

/** @param {string} text */
function cString(text) {
  return address(Buffer.from(`${text}\0`));
}

/** @param {string[]} texts */
function cStrings(texts) {
  return address(BigUint64Array.from([...texts.map(cString), 0n]));
}

/** @param {number} nr @param {(number | bigint)[]} args */
function call(nr, ...args) {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  return Number(syscall(nr, a, b, c, d, e, f));
}

function readLine() {
  const byte = Buffer.alloc(65536);
  let line = '';
  while (!line.endsWith('\n')) {
    const got = readSync(CHANNEL, byte);
    if (got === 0) process.exit(125);
    line += byte.toString('latin1', 0, got);
  }
  return Buffer.from(line, 'latin1').toString('utf8');
}

/** @param {string} step @param {number} status */
function fail(step, status) {
  // Under a filter that forbids write or exit_group there is nobody left to tell.
  try {
    writeSync(CHANNEL, `error ${step} ${koffi.errno()}\n`);
  } catch {}
  // @ts-expect-error exit without Node's own farewell, which a filter may forbid
  process.reallyExit(status);
}

const plan = JSON.parse(readLine());
const nr = plan.numbers;
// Until the program runs, nothing of this may outlive callgate.
call(nr.prctl, PR_SET_PDEATHSIG, SIGKILL);
fcntl(CHANNEL, F_SETFD, FD_CLOEXEC);
// Node marks its standard streams close-on-exec.
for (const stream of [0, 1, 2]) fcntl(stream, F_SETFD, 0);

// Node ignores SIGPIPE, and an ignored signal stays ignored across execve.
for (let number = 1; number <= SIGNALS; number++) signal(number, 0);
if (plan.openFiles) {
  const limits = BigUint64Array.from(plan.openFiles.map(BigInt));
  call(nr.prlimit64, 0, RLIMIT_NOFILE, address(limits), 0);
}

let program = 0n;
if (plan.filter) {
  const code = Buffer.from(plan.filter, 'base64');
  const header = Buffer.alloc(16);
  header.writeUInt16LE(code.length / 8, 0);
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 0) header.writeUInt16BE(code.length / 8, 0);
  new BigUint64Array(header.buffer, header.byteOffset, 2)[1] = BigInt(address(code));
  program = address(header);
}
const file = plan.file === undefined ? 0n : cString(plan.file);
const argv = cStrings(plan.argv);
const envp = cStrings(plan.env);
const shell = cString('/bin/sh');
const shellArgv = cStrings(['/bin/sh', plan.file ?? '', ...plan.argv.slice(1)]);

writeSync(CHANNEL, 'ready\n');
readLine();

// A listener that nobody serves would hold the program for ever; others run on without callgate.
if (!plan.supervised) call(nr.prctl, PR_SET_PDEATHSIG, 0);
if (plan.noNewPrivs && call(nr.prctl, PR_SET_NO_NEW_PRIVS, 1) !== 0) fail('no_new_privs', 125);
// The first call of a function makes koffi allocate; so the calls that count are not the first.
call(nr.execve, 0, 0, 0);
if (program && call(nr.seccomp, SECCOMP_SET_MODE_FILTER, plan.flags, program) < 0) fail('seccomp', 125);
if (plan.call) {
  const result = call(plan.call.nr, ...plan.call.args.map(BigInt));
  const errno = result === -1 ? koffi.errno() : 0;
  for (;;) call(nr.exit_group, errno);
}
call(nr.execve, file, argv, envp, 0, 0, plan.lastArgument ?? 0);
const errno = koffi.errno();
if (errno === ENOEXEC) call(nr.execve, shell, shellArgv, envp, 0, 0, plan.lastArgument ?? 0);
fail('execve', errno === 2 ? 127 : 126);
