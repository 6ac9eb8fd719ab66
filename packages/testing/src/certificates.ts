import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of PEM in one folder, by their names: ca.crt, and for each of its members NAME.crt and NAME.key. */
export interface Certified {
  readonly folder: string;
  file(name: string): string;
}

/** What a certificate is for: a server of those addresses, or somebody who asks. */
export interface CertificatePlan {
  readonly subject: string;
  /** As openssl has them: IP:127.0.0.1,DNS:localhost. */
  readonly addresses?: string;
  /** Negative for one that has expired. */
  readonly days?: number;
}

/** Has openssl make an authority and what it vouches for. */
export function makeCertificates(
  folder: string,
  plans: Readonly<Record<string, CertificatePlan>>,
): Certified {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const key = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    `${name}.key`,
  ];
  openssl('req', '-x509', ...key('ca'), '-out', 'ca.crt', '-subj', '/CN=test authority', '-days', '2');
  for (const [name, { subject, addresses, days = 2 }] of Object.entries(plans)) {
    openssl('req', ...key(name), '-out', `${name}.csr`, '-subj', subject);
    const use = addresses
      ? `extendedKeyUsage=serverAuth\nsubjectAltName=${addresses}\n`
      : 'extendedKeyUsage=clientAuth\n';
    writeFileSync(file(`${name}.ext`), use);
    const signed = [
      '-in',
      `${name}.csr`,
      '-out',
      `${name}.crt`,
      '-extfile',
      `${name}.ext`,
      '-days',
      `${days}`,
    ];
    openssl('x509', '-req', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', ...signed);
  }
  return { folder, file };
}
