import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Config } from '@callgate/engine/internal/config/config';
import { parseConfig } from '@callgate/engine/internal/config/read-config';
import { findingCodes } from '@callgate/engine/internal/report/finding-codes';
import { CliFailure, type Context } from '../context.ts';
import type { ConfigFlags } from '../flags/config-flags.ts';
import { expectValue } from './faults.ts';
import { placeOf } from './git-subject.ts';
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
  if (named === '') throw new CliFailure('--config names no file; --no-config is without one');
  const name = named ?? nearest(context.cwd);
  if (name === undefined || name === false) return undefined;
  const text = await readText(context, name);
  const config = expectValue(parseConfig(name, text, findingCodes()), name, text);
  return { config, name, folder: dirname(placeOf(context, name)) };
}

function nearest(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const [found, other] = NAMES.map((name) => join(folder, name)).filter((path) => existsSync(path));
    if (other !== undefined)
      throw new CliFailure(
        `there are two configurations, ${relative(cwd, found)} and ${relative(cwd, other)}: remove one`,
      );
    if (found !== undefined) return relative(cwd, found);
    if (dirname(folder) === folder) return undefined;
  }
}
