import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import type { CheckOutcome, TestReport } from '@callgate/engine/internal/report/test-report';
import { ContainerRefused, type SeccompChoice, type StartedContainer } from '../container/container-host.ts';
import { thisMachine } from '../machine.ts';
import { filtersReadable, readFilters } from '../process/live-filters.ts';
import { processCapabilities, processStatus } from '../process/processes.ts';
import { checkFunctions } from './check-functions.ts';
import { checkSecurity } from './check-security.ts';
import { probeRunner } from './container-probe.ts';
import { interruptible } from './interruptible.ts';
import { statusWords } from './look.ts';
import { callsThrough } from './make-calls.ts';
import { type ProfileTest, TestImpossible } from './profile-test.ts';
import { checkEnding } from './same-ending.ts';
import type { MakeCalls } from './trial.ts';

type Checked = Pick<TestReport, 'checks' | 'startFailure'>;

const STARTS = 'it starts';
const UNCONFINED: SeccompChoice = { kind: 'unconfined' };

/**
 * Tests a profile: starts what it is for under it, looks at what must work there, and tries what must not, each with the profile
 * and, as control, without it. Nothing that it has started is left. Throws TestImpossible where it does not run without the
 * profile, either.
 * @param calls how attacks are made where not in containers of the host.
 */
export async function runTest(
  test: ProfileTest,
  calls: (seccomp: SeccompChoice) => MakeCalls = (seccomp) => callsThrough(probeRunner(test, seccomp)),
): Promise<Checked> {
  const control = () => startControl(test);
  const startedAt = performance.now();
  test.onStep?.('starting it under the profile');
  let confined: StartedContainer;
  try {
    confined = await test.host.start({ ...test.plan, seccomp: test.seccomp, files: {} });
  } catch (fault) {
    if (!(fault instanceof ContainerRefused)) throw fault;
    return notStarted(test, fault.message, control);
  }
  try {
    const { capabilities, hasEnded, outcome, policy } = await interruptible(
      test.stop,
      started(test, confined),
    );
    const compares = test.comparesEnding ?? (hasEnded && isAskedNothing(test));
    const functions = compares
      ? [await checkEnding(confined, control, test.stop)]
      : await checkFunctions(test, confined, startedAt, control);
    await confined.remove();
    const security = await checkSecurity(
      test,
      { confined: calls(test.seccomp), control: calls(UNCONFINED) },
      policy ?? test.meaning(capabilities),
      capabilities,
    );
    return { checks: [outcome, ...functions, ...security] };
  } finally {
    await confined.remove();
  }
}

async function startControl({ host, plan, onStep }: ProfileTest): Promise<StartedContainer> {
  onStep?.('starting it without the profile');
  try {
    return await host.start({ ...plan, seccomp: UNCONFINED, files: {} });
  } catch (fault) {
    if (!(fault instanceof ContainerRefused)) throw fault;
    throw new TestImpossible(`${host.name} starts nothing without the profile, either: ${fault.message}`);
  }
}

/** The profile starts nothing, though the engine does without it: nothing else is known, so nothing else has passed. */
async function notStarted(
  { spec, comparesEnding, predicted }: ProfileTest,
  said: string,
  control: () => Promise<StartedContainer>,
): Promise<Checked> {
  await (await control()).remove();
  const functions = comparesEnding ? [{ name: 'it works as without the profile' }] : spec.functions;
  const notRun = (kind: CheckOutcome['kind']) => (check: Pick<CheckOutcome, 'name' | 'place'>) =>
    ({
      name: check.name,
      place: check.place,
      kind,
      state: 'not run',
      confined: 'not run',
      credit: 'none',
      why: 'nothing started under the profile',
    }) as const;
  return {
    startFailure: { said, ...(predicted !== undefined && { predicted }) },
    checks: [
      {
        name: STARTS,
        kind: 'function',
        state: 'failed',
        confined: said,
        control: 'starts',
        credit: 'none',
        why: said,
      },
      ...functions.map(notRun('function')),
      ...spec.security.map(notRun('security')),
    ],
  };
}

/** A spec of attacks alone: that its program has come to an end says nothing, unless it does so without the profile as well. */
function isAskedNothing({ spec }: ProfileTest): boolean {
  return spec.functions.length === 0 && spec.ready === undefined;
}

/** What can be said of a container that has started. */
interface Started {
  readonly hasEnded?: boolean;
  /** Undefined where it has ended. */
  readonly capabilities?: readonly string[];
  /** What its filter means, where it can be read: an engine may skip what its library does not know. */
  readonly policy?: Policy;
  readonly outcome: CheckOutcome;
}

async function started({ host, seccomp }: ProfileTest, container: StartedContainer): Promise<Started> {
  const outcome = (state: CheckOutcome['state'], why: string): CheckOutcome => {
    return { name: STARTS, kind: 'function', state, confined: why, credit: 'none', why };
  };
  const pid = await container.pid();
  if (pid === undefined) {
    const end = await container.ended(1000);
    const status = end?.status ?? 0;
    const died = status > 128;
    const why = died ? `it died at once: ${statusWords(status)}` : `it ended with ${status}`;
    return { hasEnded: true, outcome: outcome(died ? 'failed' : 'passed', why) };
  }
  if (host.name === 'host') return { capabilities: [], outcome: outcome('passed', 'runs') };
  const capabilities = unlessGone(() => processCapabilities(pid));
  const mode = unlessGone(() => processStatus(pid).seccomp);
  const programs = filtersReadable() === undefined ? unlessGone(() => readFilters(pid)) : undefined;
  const { policy } = programs ? liftPolicy(programs, thisMachine().abi.name) : {};
  return {
    capabilities,
    ...(policy && { policy }),
    outcome:
      seccomp.kind === 'profile' && mode === 0
        ? outcome('failed', 'it runs without any filter all the same, as privileged containers do')
        : outcome('passed', 'runs'),
  };
}

/** What can be read of a process, which may end meanwhile. */
function unlessGone<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
