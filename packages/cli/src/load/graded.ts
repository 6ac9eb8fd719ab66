import { exposureOf } from '@callgate/engine/internal/lint/exposure';
import type { Finding } from '@callgate/engine/internal/lint/finding';
import { gradeOf } from '@callgate/engine/internal/lint/grade';
import type { Judged, Usual } from '@callgate/engine/internal/lint/judged';
import { usualOn } from '@callgate/engine/internal/lint/lint-text';
import { looserCalls } from '@callgate/engine/internal/lint/looser-calls';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Comparison, GradedProfile } from '@callgate/engine/internal/report/grade';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { type StockProfile, stockProfiles } from '@callgate/engine/internal/stock/stock-profiles';

/** A default of some releases, and what it means. */
interface KnownDefault {
  readonly stock: StockProfile;
  readonly usual: Usual;
}

/** Grades profiles, and compares each with every default that is known. */
export class Grading {
  private readonly known = new Map<string, Promise<KnownDefault[]>>();

  async graded(name: string, judged: Judged, findings: readonly Finding[]): Promise<GradedProfile> {
    const exposure = exposureOf(judged);
    const defaults = await this.defaultsOn(judged.target);
    return {
      name,
      exposure,
      grade: gradeOf(exposure, findings),
      comparisons: joined(
        defaults.map(({ stock, usual }) => ({
          runtime: stock.name,
          releases: stock.seen,
          looser: [...looserCalls(judged, usual).keys()],
        })),
      ),
    };
  }

  private defaultsOn(target: Target): Promise<KnownDefault[]> {
    const key = JSON.stringify(target);
    const known = this.known.get(key) ?? defaultsOn(target);
    this.known.set(key, known);
    return known;
  }
}

async function defaultsOn(target: Target): Promise<KnownDefault[]> {
  const all = await Promise.all(
    stockProfiles().map(async (stock) => {
      const { value: profile } = parseProfile(await stock.text(), { unknownNames: 'skip' });
      const usual = usualOn(target, { name: stock.name, profile: profile! });
      return usual ? [{ stock, usual }] : [];
    }),
  );
  return all.flat();
}

/** Neighbouring releases of a runtime from which a profile differs alike are one. */
function joined(all: readonly Comparison[]): Comparison[] {
  const result: Comparison[] = [];
  for (const next of all) {
    const last = result.at(-1);
    if (last?.runtime === next.runtime && last.looser.join() === next.looser.join())
      result[result.length - 1] = { ...last, releases: [...last.releases, ...next.releases] };
    else result.push(next);
  }
  return result;
}
