import { join } from 'node:path';
import { ADMIN } from './credentials.ts';
import { inNetworkOf } from './namespaces.ts';
import { NODES } from './places.ts';
import { runTool } from './programs.ts';

/** kubectl or helm, out of their folder, with all rights. */
export function clientCommand(clients: string, program: string, args: readonly string[]): string[] {
  return inNetworkOf(NODES[0], [join(clients, program), `--kubeconfig=${ADMIN}`, ...args]);
}

/** What kubectl prints. */
export function kubectl(clients: string, args: readonly string[], input?: string): Promise<string> {
  return runTool(clientCommand(clients, 'kubectl', args), { input });
}
