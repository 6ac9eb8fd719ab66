import { printable } from '@callgate/engine/internal/report/words';
import { ClusterFault } from './cluster-fault.ts';

/** A server that has just closed a connection which was kept, or is being started again. */
const PASSING: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'EAI_AGAIN'];

/** What Node's errors of the network mean for who asks, by their codes. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there: does the cluster run?',
  ENOTFOUND: 'there is no machine of that name: is the server right, and the network there?',
  EHOSTUNREACH: 'there is no way to it: is the network there?',
  ENETUNREACH: 'there is no way to it: is the network there?',
  ETIMEDOUT: 'it does not answer: is a firewall in between?',
  ECONNRESET: 'it breaks the connection off',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for other names: set tls-server-name if that is right',
  EPROTO: 'it does not speak TLS, or refuses the client-certificate',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'the client-key does not belong to the client-certificate',
};

/** Whether the same request may well be answered in a moment. */
export function isPassing(fault: unknown): boolean {
  return PASSING.includes((fault as NodeJS.ErrnoException).code);
}

/** The line for an error of the network; a ClusterFault stays what it is, and an abortion is nobody's fault. */
export function faultOfNetwork(fault: unknown, server: URL): Error {
  const { code = '', message, name } = fault as NodeJS.ErrnoException;
  if (name === 'AbortError') return fault as Error;
  const words = fault instanceof ClusterFault ? message : meaningOf(code, message);
  const told = `${printable(server.href)}: ${words}`;
  return fault instanceof ClusterFault ? Object.assign(fault, { message: told }) : new ClusterFault(told);
}

function meaningOf(code: string, message: string): string {
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_UNTRUSTED|CERT_SIGNATURE/.test(code))
    return 'its certificate is of no authority that is trusted: set certificate-authority to the one of the cluster';
  if (/^ERR_OSSL|^ERR_SSL/.test(code) && MEANINGS[code] === undefined)
    return `no TLS comes about: ${printable(message.split('\n')[0]!)}`;
  return MEANINGS[code] ?? printable((message || code).split('\n')[0]!);
}
