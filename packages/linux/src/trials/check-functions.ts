import type { CheckOutcome } from '@callgate/engine/internal/report/test-report';
import type { TestSpec } from '@callgate/engine/internal/spec/spec';
import type { StartedContainer } from '../container/container-host.ts';
import { look, type Sight, type Watched } from './look.ts';
import type { ProfileTest } from './profile-test.ts';

/** What was seen of each check, in their order; of the readiness where that did not come. */
interface Sights {
  readonly notReady?: string;
  readonly checks: readonly (Sight | undefined)[];
}

/**
 * Looks at what must work, in the container that runs under the profile; and at what does not work there in a control.
 * @param control starts the same without the profile.
 */
export async function checkFunctions(
  test: ProfileTest,
  confined: StartedContainer,
  startedAt: number,
  control: () => Promise<StartedContainer>,
): Promise<CheckOutcome[]> {
  const { functions } = test.spec;
  const all = functions.map(() => true);
  const seen = await sights(test, { engine: test.host.name, container: confined, startedAt }, all);
  await confined.remove();
  const failed = functions.map((_, i) => seen.notReady !== undefined || !seen.checks[i]!.holds);
  const without = failed.includes(true) ? await sightsWithout(test, control, failed) : undefined;
  return [
    ...readiness(test, seen, without),
    ...functions.map(({ name, place }, i): CheckOutcome => {
      const common = { name, kind: 'function', credit: 'none', place } as const;
      if (seen.notReady !== undefined)
        return { ...common, state: 'not run', confined: 'not run', why: 'it never became ready' };
      const sight = seen.checks[i]!;
      if (sight.holds) return { ...common, state: 'passed', confined: sight.saw, why: sight.saw };
      const other = without?.checks[i];
      return {
        ...common,
        state: 'failed',
        confined: sight.saw,
        ...comparison(sight, other, without?.notReady),
      };
    }),
  ];
}

/** What first does not hold of what a spec says must work; undefined when all of it does. */
export async function firstFailure(
  { ready, functions }: Pick<TestSpec, 'ready' | 'functions'>,
  watched: Watched,
  stop: AbortSignal,
): Promise<string | undefined> {
  const must = [...(ready ? [{ name: 'it becomes ready', ...ready }] : []), ...functions];
  for (const { name, probe, withinMs } of must) {
    const { holds, saw } = await look(probe, watched, withinMs, stop);
    if (!holds) return `${name}: ${saw}`;
  }
  return undefined;
}

function readiness({ spec }: ProfileTest, seen: Sights, without: Sights | undefined): CheckOutcome[] {
  if (!spec.ready || seen.notReady === undefined) return [];
  const saw = seen.notReady;
  const other = without?.notReady;
  return [
    {
      name: 'it becomes ready',
      kind: 'function',
      state: 'failed',
      credit: 'none',
      confined: saw,
      ...comparison(
        { holds: false, saw },
        other === undefined ? { holds: true, saw: 'ready' } : undefined,
        other,
      ),
    },
  ];
}

/** Whose fault it is that a check does not hold. */
function comparison(
  { saw }: Sight,
  control: Sight | undefined,
  controlNotReady: string | undefined,
): Pick<CheckOutcome, 'control' | 'why'> {
  if (control?.holds) return { control: control.saw, why: `${saw}; it works without the profile` };
  const other = control?.saw ?? controlNotReady;
  return {
    ...(other !== undefined && { control: other }),
    why: `${saw}; it fails without the profile as well`,
  };
}

async function sightsWithout(
  test: ProfileTest,
  control: () => Promise<StartedContainer>,
  wanted: readonly boolean[],
): Promise<Sights> {
  const container = await control();
  try {
    const watched = { engine: test.host.name, container, startedAt: performance.now() };
    return await sights(test, watched, wanted);
  } finally {
    await container.remove();
  }
}

async function sights(
  { spec, stop, onStep }: ProfileTest,
  watched: Watched,
  wanted: readonly boolean[],
): Promise<Sights> {
  const { ready, functions } = spec;
  if (ready) {
    onStep?.('waiting until it is ready');
    const sight = await look(ready.probe, watched, ready.withinMs, stop);
    if (!sight.holds) return { notReady: sight.saw, checks: [] };
  }
  const checks: (Sight | undefined)[] = [];
  for (const [i, { name, probe, withinMs }] of functions.entries()) {
    if (wanted[i]) onStep?.(name);
    checks.push(wanted[i] ? await look(probe, watched, withinMs, stop) : undefined);
  }
  return { checks };
}
