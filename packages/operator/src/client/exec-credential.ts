import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { printable } from '@callgate/engine/internal/report/words';
import { quote } from '@callgate/engine/internal/source/tree';
import { ClusterFault } from './cluster-fault.ts';
import type { ExecCluster, Proof } from './credential.ts';
import type { ExecPlan } from './exec-plan.ts';
import type { Surroundings } from './find-kubeconfig.ts';
import { objectOf, parseJson, textOf } from './json.ts';

const MOST_BYTES = 1024 * 1024;
/** Somebody may have to log in with a browser. */
const PATIENCE_MS = 300_000;

/** Runs the program that gives a user's credentials; what it says to people goes where ours goes. Throws ClusterFault. */
export async function execCredential(
  plan: ExecPlan,
  cluster: ExecCluster,
  { env, cwd }: Surroundings,
): Promise<Proof> {
  const who = `the program ${quote(plan.command)} for credentials`;
  const interactive = plan.interactive !== 'Never' && isatty(0);
  if (plan.interactive === 'Always' && !interactive)
    throw new ClusterFault(`${who} must be run at a terminal, and stdin is none`);
  const spec = { ...(plan.wantsCluster && { cluster }), interactive };
  const info = JSON.stringify({ kind: 'ExecCredential', apiVersion: plan.apiVersion, spec });
  const variables = { ...env, ...plan.env, KUBERNETES_EXEC_INFO: info };
  const said = await output(plan, who, cwd, variables, interactive);
  return proofOf(parseJson(said, `what ${who} says`), plan, who);
}

function output(
  { command, args, installHint }: ExecPlan,
  who: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
  interactive: boolean,
): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    const fail = (what: string) => reject(new ClusterFault(`${who} ${what}`));
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      const stdin = interactive ? 'inherit' : 'ignore';
      const child = spawn(command, args, { cwd, env, stdio: [stdin, 'pipe', 'inherit'] });
      const end = (why: string) => {
        fail(why);
        child.kill('SIGKILL');
        // What it has started may go on, but nobody listens to it.
        child.stdout.destroy();
      };
      const patience = setTimeout(() => end(`has not ended for ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
      child.stdout.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= MOST_BYTES) chunks.push(chunk);
        else end(`says more than ${MOST_BYTES} bytes`);
      });
      child.on('error', (fault: NodeJS.ErrnoException) => {
        clearTimeout(patience);
        const hint = installHint ? `: ${printable(installHint)}` : '';
        fail(fault.code === 'ENOENT' ? `is not installed${hint}` : `cannot be run: ${fault.code}`);
      });
      child.on('close', (status, signal) => {
        clearTimeout(patience);
        if (status === 0) resolve(Buffer.concat(chunks));
        else fail(`ended with ${signal ?? status}: run it by hand, or log in again`);
      });
    } catch (fault) {
      fail(`cannot be run: ${printable((fault as Error).message)}`);
    }
  });
}

function proofOf(answer: unknown, { apiVersion }: ExecPlan, who: string): Proof {
  const { kind, apiVersion: version, status } = objectOf(answer) ?? {};
  if (kind !== 'ExecCredential' || version !== apiVersion)
    throw new ClusterFault(`${who} answers with no ExecCredential of ${apiVersion}`);
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = objectOf(status) ?? {};
  const [bearer, cert, key] = [textOf(token), textOf(clientCertificateData), textOf(clientKeyData)];
  if (bearer !== undefined && !/^[\u0021-\u007e]+$/.test(bearer))
    throw new ClusterFault(`${who} gives a token that cannot be sent`);
  if (bearer === undefined && (cert === undefined || key === undefined))
    throw new ClusterFault(`${who} gives neither a token nor a certificate with its key`);
  const validUntil = Date.parse(textOf(expirationTimestamp) ?? '');
  return {
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(!Number.isNaN(validUntil) && { validUntil }),
  };
}
