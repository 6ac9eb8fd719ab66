import type { LocatedFinding } from '@callgate/engine/internal/report/findings';
import { listed, printable } from '@callgate/engine/internal/report/words';
import { cleanPath, type ProfilesFolder } from '../localhost/profiles-folder.ts';
import type { AuditedContainer } from './audit.ts';

/** A node, and the folder seccomp of its kubelet, or a copy of it. */
export interface NodeFolder {
  readonly node: string;
  readonly folder: ProfilesFolder;
}

/** Nodes without a file, each with more to say of it, if there is. */
export type MissingOn = (profile: string) => readonly string[] | undefined;

/** Containers that do not start on every node, because some of them lack the file of their profile. */
export function missingOnNodes(
  containers: readonly AuditedContainer[],
  missingOn: MissingOn,
): LocatedFinding[] {
  return containers.flatMap((one) => {
    const { workload, container, file, line } = one;
    const profile = fileOf(one);
    const nodes = profile === undefined ? [] : (missingOn(profile) ?? []);
    if (profile === undefined || nodes.length === 0) return [];
    const message = `${printable(workload)}: container "${printable(container)}" does not start on every node: ${printable(profile)} is not on ${listed(nodes.map(printable), 10)}`;
    const place = { file, line, column: 1, endLine: line, endColumn: 2 };
    return [{ code: 'localhost-missing', severity: 'high' as const, message, ...place }];
  });
}

/** The file that a pod's container names, wherever it was looked for; engines look on their own machine. */
function fileOf({ workload, effective: { type, profile, from } }: AuditedContainer): string | undefined {
  if (/^(?:service|container)\//.test(workload) || from === 'fault' || profile === '') return undefined;
  // What was found missing in one folder may be on other nodes.
  return type === 'Localhost' || type === 'NeverRuns' ? profile : undefined;
}

/** The nodes whose folders lack a file. */
export function lackingFolders(folders: readonly NodeFolder[]): MissingOn {
  return (profile) =>
    folders.filter(({ folder }) => folder.at(cleanPath(profile)).kind !== 'file').map(({ node }) => node);
}
