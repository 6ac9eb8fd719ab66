import { printable } from '@callgate/engine/internal/report/words';
import type { Release } from '@callgate/engine/internal/runtime/target';
import {
  firstRelease,
  STOCK_NAMES,
  type StockName,
  type StockProfile,
  stockProfile,
} from '@callgate/engine/internal/stock/stock-profiles';
import { CliFailure } from '../context.ts';
import { releaseNamed, withRelease } from '../flags/target-flags.ts';

const PREFIX = 'stock:';

/** The default profile that a subject such as stock:docker or stock:docker@26 names; undefined for other subjects. */
export function stockNamed(subject: string): StockProfile | undefined {
  if (!subject.startsWith(PREFIX)) return undefined;
  const [bare, release] = withRelease(subject.slice(PREFIX.length));
  const name = STOCK_NAMES.find((known) => known === bare);
  if (!name || (name === 'none' && release !== undefined)) {
    const names = STOCK_NAMES.map((known) => `${PREFIX}${known}`);
    throw new CliFailure(`there is no ${printable(subject)}; it is one of ${names.join(', ')}`);
  }
  return stockOf(name, release);
}

/**
 * A default profile, of the newest release or of the newest that a text such as 29 or 1.7.32 names; or a failure that says from
 * which release on callgate knows it.
 */
export function stockOf(name: StockName, release?: string): StockProfile {
  const profile = stockProfile(name, release === undefined ? undefined : newestNamed(name, release));
  if (profile) return profile;
  const first = firstRelease(name);
  throw new CliFailure(
    `the default profile of ${name} before ${first} is not known; ${PREFIX}${name}@${first} is`,
  );
}

/** The same for whom any is better than none: before the first that is known, the first. */
export function nearestStock(name: StockName, release?: string): StockProfile {
  if (release === undefined) return stockOf(name);
  return stockProfile(name, newestNamed(name, release)) ?? stockOf(name, firstRelease(name));
}

/** What is not said of a release is open upwards: 29 is the newest 29.x. */
function newestNamed(name: StockName, text: string): Release {
  const release = releaseNamed(name, text);
  const said = /\d+(?:\.\d+)*/.exec(text)![0].split('.').length;
  const [major, minor, patch] = release.map((part, i) => (i < said ? part : Number.POSITIVE_INFINITY));
  return [major, minor, patch];
}

/** Which releases a default profile is of, in a line. */
export function stockText({ name, seen, source }: StockProfile): string {
  return seen.length > 0 ? `the default of ${name} ${seen.join(', ')}: ${source}\n` : '';
}
