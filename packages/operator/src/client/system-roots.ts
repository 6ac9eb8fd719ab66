import { existsSync } from 'node:fs';
import { readSmallFile } from './read-small-file.ts';

/** Where distributions of Linux keep the certificates that they trust, as Go's programs look for them. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const MOST_BYTES = 8 * 1024 * 1024;

/** PEM of the authorities that this machine trusts; undefined where Node's own have to do. */
export async function systemRoots(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Buffer | undefined> {
  const file = env.SSL_CERT_FILE || BUNDLES.find((path) => existsSync(path));
  return file ? readSmallFile(file, MOST_BYTES, 'certificates that this machine trusts') : undefined;
}
