import { dirname, relative, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { writeIndentedJson } from '@callgate/engine/internal/source/write-json';
import { written } from '@callgate/engine/internal/source/written';
import { jsonPatch } from '@callgate/workload/internal/secure/json-patch';
import { kustomization } from '@callgate/workload/internal/secure/kustomization';
import { mergePatch } from '@callgate/workload/internal/secure/merge-patch';
import type { SecuredObject } from '@callgate/workload/internal/secure/secure';
import { called } from '@callgate/workload/internal/secure/secure-pod';
import { CliFailure, type Context } from '../context.ts';
import { isFolderPath } from '../terminal/destinations.ts';
import type { SecuredFile } from './secured-files.ts';

export type PatchKind = 'json' | 'strategic' | 'kustomize';

/** A patch, and how its file is called in a folder. */
export interface PatchFile {
  readonly name: string;
  readonly text: string;
}

/** Patches that make the change where the files themselves stay as they are. */
export function patchFiles(
  context: Context,
  files: readonly SecuredFile[],
  kind: PatchKind,
  output: string,
): PatchFile[] {
  const compose = files.find(({ secured }) => secured.isCompose);
  if (compose)
    throw new CliFailure(`--patch is for Kubernetes; ${printable(compose.name)} is a compose file`);
  const objects = files.flatMap(({ secured }) => secured.objects);
  switch (kind) {
    case 'json':
      return objects.length === 0
        ? [{ name: 'patch.json', text: '[]\n' }]
        : objects.map((object) => ({
            name: `${nameOf(object)}.json`,
            text: `${writeIndentedJson(jsonPatch(object))}\n`,
          }));
    case 'strategic':
      return [{ name: 'patch.yaml', text: objects.map(strategic).join('---\n') }];
    case 'kustomize': {
      const unnamed = objects.find(({ object }) => object.name === undefined);
      if (unnamed) throw new CliFailure(`${called(unnamed.object)} has no name that a patch could be for`);
      const folder = resolve(
        context.cwd,
        isFolderPath(context, output) ? output : output === '-' ? '.' : dirname(output),
      );
      const resources = files.map(({ name }) => {
        if (name === '-' || name.startsWith('git:'))
          throw new CliFailure('a kustomization names files, and what was given is none');
        return relative(folder, resolve(context.cwd, name));
      });
      return [{ name: 'kustomization.yaml', text: kustomization(resources, objects) }];
    }
  }
}

function strategic(object: SecuredObject): string {
  const patch = mergePatch(object);
  if (patch === undefined)
    throw new CliFailure(
      object.object.name === undefined
        ? `${called(object.object)} has no name that a patch could be for`
        : `${called(object.object)} is a custom kind, on which a strategic patch replaces the whole list of containers, images and all: take --patch json or kustomize`,
    );
  return `${written(patch, { kind: 'block', indent: '', step: '  ' }).slice(1)}\n`;
}

/** As a file's name: "deployment-web". */
function nameOf({ object: { kind, name, namespace } }: SecuredObject): string {
  const parts = [kind, ...(namespace === undefined ? [] : [namespace]), name ?? 'unnamed'];
  return parts
    .join('-')
    .toLowerCase()
    .slice(0, 120)
    .replaceAll(/[^a-z0-9.-]/g, '_');
}
