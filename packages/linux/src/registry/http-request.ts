import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isLoopback } from './reference.ts';
import { RegistryFault } from './registry-fault.ts';

/** So long nothing may come. */
const SILENCE_MS = 30_000;
/** And so long a request may take in all. */
const LONGEST_MS = 300_000;

export interface Asked {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** A longer answer is a fault. */
  readonly mostBytes: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Asks once, without following redirections. Plain HTTP is for this machine alone. */
export function ask({ method, url, headers = {}, body, mostBytes }: Asked): Promise<Answer> {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.host)))
    throw new RegistryFault(
      `${url.protocol}//${url.host} is not asked: only https is, or http on this machine`,
    );
  const request = url.protocol === 'http:' ? requestHttp : requestHttps;
  const length = body || method === 'POST' ? { 'content-length': String(body?.length ?? 0) } : {};
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new RegistryFault(`${url.host}: ${why}`));
    const sent = request(url, { method, headers: { ...headers, ...length } }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) sent.destroy(new Error(`the answer is longer than ${mostBytes} bytes`));
        else chunks.push(chunk);
      });
      answer.on('error', (fault) => fail(fault.message));
      answer.on('aborted', () => fail('the answer ended too soon'));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error('it does not answer')));
    const whole = setTimeout(() => sent.destroy(new Error('it takes too long')), LONGEST_MS);
    sent.on('close', () => clearTimeout(whole));
    sent.on('error', (fault) => fail(fault.message));
    sent.end(body);
  });
}
