import { printable } from '@callgate/engine/internal/report/words';
import type { NodeFolder } from '@callgate/workload/internal/audit/node-files';
import { CliFailure, type Context } from '../context.ts';
import { profilesFolder } from './profiles-folder.ts';

/** The folders of nodes that are named as NODE=DIR. */
export function nodeFolders(context: Context, named: readonly string[]): NodeFolder[] {
  return named.map((text) => {
    const [node, path] = text.split(/=(.*)/s);
    if (!node || !path)
      throw new CliFailure(
        `--node-profiles ${printable(text)}: write it as NODE=DIR, such as node-1=seccomp/node-1`,
      );
    return { node, folder: profilesFolder(context, path) };
  });
}
