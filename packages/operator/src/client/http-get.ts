import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { ClusterFault } from './cluster-fault.ts';

/** How much is taken of a server, and how long it is waited for. */
export interface Limits {
  /** Of one answer. */
  readonly bytes: number;
  /** Milliseconds without any byte. */
  readonly idleMs: number;
  /** Milliseconds until the last byte of an answer. */
  readonly answerMs: number;
  /** Answers that one list has. */
  readonly pages: number;
}

export interface Question {
  readonly url: URL;
  readonly agent: http.Agent;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly limits: Limits;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An answer has more bytes than are taken. */
export class TooLong extends ClusterFault {}

/** Of an answer that is no success, for the line that says why. */
const MOST_OF_A_REFUSAL = 64 * 1024;

/**
 * One GET request; the only kind that there is here. Redirects are answers like others, compression is not asked for. Throws
 * TooLong, ClusterFault when the server is too slow or writes in a way that was not asked for, else Node's error of the network.
 */
export function httpGet({ url, agent, headers, limits, signal }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'http:' ? http.get : https.get;
    const options = { agent, headers: headers as Record<string, string>, ...(signal && { signal }) };
    const request = get(url, options, (response) => {
      takeAnswer(response, limits).then(resolve, (fault) => {
        reject(fault);
        request.destroy();
      });
    });
    const give = (ms: number, what: string) => {
      reject(new ClusterFault(`${what} for ${ms / 1000} s`));
      request.destroy();
    };
    request.setTimeout(limits.idleMs, () => give(limits.idleMs, 'the server says nothing'));
    const deadline = setTimeout(
      () => give(limits.answerMs, 'the server has not come to an end of its answer'),
      limits.answerMs,
    );
    request.on('error', reject);
    request.on('close', () => clearTimeout(deadline));
  });
}

async function takeAnswer(response: IncomingMessage, { bytes }: Limits): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new ClusterFault('the server compresses its answer, which it was not asked for');
  const isGood = status >= 200 && status < 300;
  const most = isGood ? bytes : MOST_OF_A_REFUSAL;
  const tooLong = () => new TooLong(`the server's answer is longer than ${most} bytes`);
  if (isGood && Number(headers['content-length']) > most) throw tooLong();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most) {
      if (isGood) throw tooLong();
      break;
    }
    chunks.push(chunk);
  }
  return { status, headers, body: Buffer.concat(chunks) };
}
