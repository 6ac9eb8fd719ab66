import { spawn } from 'node:child_process';
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { libc } from '../libc.ts';
import { nativeNumber } from '../machine.ts';

/** A page to fetch, or a port to connect to. */
export type NetworkRequest =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'tcp'; readonly port: number };

/** What came of it. */
export type NetworkAnswer =
  | { readonly kind: 'page'; readonly status: number; readonly body: string }
  | { readonly kind: 'connected' }
  /** Nothing; such as ECONNREFUSED, or "no answer". */
  | { readonly kind: 'fault'; readonly why: string };

const CLONE_NEWNET = 0x40000000;
const MOST_BYTES = 1 << 20;

/** Asks, and prints one line of JSON. It runs in a process of its own, which may be in another network. */
const PROGRAM = `
const [kind, target, ms] = process.argv.slice(1);
const say = (answer) => process.stdout.write(JSON.stringify(answer), () => process.exit());
const fail = (why) => say({ kind: 'fault', why });
setTimeout(() => fail('no answer within ' + ms + ' ms'), Number(ms));
if (kind === 'tcp')
  require('net')
    .connect({ host: '127.0.0.1', port: Number(target) }, () => say({ kind: 'connected' }))
    .on('error', (fault) => fail(fault.code || fault.message));
else
  require('http')
    .get(target, { agent: false, headers: { connection: 'close' } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text) => { if (body.length < ${MOST_BYTES}) body += text; });
      response.on('end', () => say({ kind: 'page', status: response.statusCode, body: body.slice(0, ${MOST_BYTES}) }));
    })
    .on('error', (fault) => fail(fault.code || fault.message));
`;

/**
 * Asks in the network of a process, as root; else, or without a process, in our own, where published ports are.
 * @param pid of a process in the container.
 */
export async function askNetwork(
  request: NetworkRequest,
  pid: number | undefined,
  timeLimitMs: number,
): Promise<NetworkAnswer> {
  const target = request.kind === 'http' ? request.url : String(request.port);
  const args = ['-e', PROGRAM, '--', request.kind, target, String(timeLimitMs)];
  const start = () =>
    spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const child = pid === undefined ? start() : inNetworkOf(pid, start);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise((resolve) => {
    child.on('error', resolve);
    child.on('close', resolve);
  });
  try {
    return JSON.parse(said) as NetworkAnswer;
  } catch {
    return { kind: 'fault', why: 'no answer' };
  }
}

/**
 * Starts a child in the network of another process. A child has the network of the thread that starts it, and only the one
 * that runs this is moved, for the time of the start; no other JavaScript runs in between.
 */
function inNetworkOf<T>(pid: number, start: () => T): T {
  const [ours, theirs] = ['self', pid].map((process) => `/proc/${process}/ns/net`);
  let open: number[] = [];
  try {
    if (readlinkSync(ours) === readlinkSync(theirs)) return start();
    open = [ours, theirs].map((path) => openSync(path, 'r'));
    if (!enter(open[1])) return start();
    try {
      return start();
    } finally {
      // Whoever cannot come back must not go on in a network that is not his.
      if (!enter(open[0])) process.abort();
    }
  } catch (fault) {
    if (['EACCES', 'EPERM', 'ENOENT'].includes((fault as NodeJS.ErrnoException).code ?? '')) return start();
    throw fault;
  } finally {
    for (const fd of open) closeSync(fd);
  }
}

function enter(network: number): boolean {
  return libc().syscall(nativeNumber('setns'), network, CLONE_NEWNET) === 0;
}
