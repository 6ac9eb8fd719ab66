import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parseSpec } from '@callgate/engine/internal/spec/read-spec';
import type { TestSpec } from '@callgate/engine/internal/spec/spec';
import { STOCK_NAMES } from '@callgate/engine/internal/stock/stock-profiles';
import { thisMachine } from '@callgate/linux/internal/machine';
import { ATTACK_CATEGORIES, ATTACK_IDS } from '@callgate/linux/internal/trials/attacks';
import type { Context } from '../context.ts';
import { expectValue } from './faults.ts';
import { readText } from './read-text.ts';

/** A spec that was read. */
export interface LoadedSpec {
  /** As the user names it. */
  readonly name: string;
  readonly text: string;
  /** Its profile is named from the working folder, its root file system absolutely. */
  readonly spec: TestSpec;
}

/** Reads a spec; faults end the command. */
export async function loadSpec(context: Context, name: string): Promise<LoadedSpec> {
  const text = await readText(context, name);
  const known = {
    attacks: ATTACK_IDS,
    categories: ATTACK_CATEGORIES.map(({ id }) => id),
    defaults: STOCK_NAMES.filter((stock) => stock !== 'none'),
  };
  const spec = expectValue(parseSpec(name, text, known, thisMachine().abi), name, text);
  const folder = name === '-' ? '.' : dirname(name);
  const { profile, rootfs } = spec;
  return {
    name,
    text,
    spec: {
      ...spec,
      ...(profile !== undefined && { profile: besideSpec(folder, profile) }),
      ...(rootfs !== undefined && { rootfs: resolve(context.cwd, folder, rootfs) }),
    },
  };
}

/** Subjects such as stock:docker stand nowhere. */
const ELSEWHERE = /^[a-z]+:/;

function besideSpec(folder: string, profile: string): string {
  return ELSEWHERE.test(profile) || isAbsolute(profile) ? profile : join(folder, profile);
}
