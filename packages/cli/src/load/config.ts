import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Config } from '@callgate/engine/internal/config/config';
import { parseConfig } from '@callgate/engine/internal/config/read-config';
import { findingCodes } from '@callgate/engine/internal/report/finding-codes';
import type { Context } from '../context.ts';
import type { ConfigFlags } from '../flags/config-flags.ts';
import { expectValue } from './faults.ts';
import { readText } from './read-text.ts';

const NAMES = ['callgate.config.json', 'callgate.config.yaml', 'callgate.config.yml'];

/** A configuration that was read. */
export interface LoadedConfig {
  readonly config: Config;
  /** As the user would name it. */
  readonly name: string;
  /** From which its paths go; absolute. */
  readonly folder: string;
}

/** The configuration that holds here: the one that is named, or the nearest; undefined without any. */
export async function loadConfig(
  context: Context,
  { config: named }: ConfigFlags,
): Promise<LoadedConfig | undefined> {
  const name = named ?? nearest(context.cwd);
  if (!name) return undefined;
  const text = await readText(context, name);
  const config = expectValue(parseConfig(name, text, findingCodes()), name, text);
  return {
    config,
    name,
    folder: name.startsWith('git:') ? context.cwd : dirname(resolve(context.cwd, name)),
  };
}

function nearest(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return relative(cwd, found);
    if (dirname(folder) === folder) return undefined;
  }
}
