import { type Bench, type Check, ended, must, mustHold, mustWork } from './bench.ts';
import { recordWork } from './check-record.ts';
import { allowedIn, callsOf, recordingIn } from './recorded.ts';
import { WORK, WORK_PRINTS } from './work.ts';

/** Some calls come in some starts only. */
const STARTS = 3;

/**
 * What the runtime calls under the filter is in a profile that was built for any release of the engine, though no recording
 * holds it. Without those calls the container does not start.
 */
export const floor: Check = {
  name: 'floor',
  async run(bench) {
    await mustHaveFloor(bench, bench.engine);
    // With no_new_privs the work itself makes all that a runtime cannot do without.
    const without = bench.callgate.newFile();
    ended(bench.callgate, ['build', bench.outside, '-o', without]);
    const bare = bench.host.run({ command: WORK, profile: without });
    must(bare.status !== 0 && bare.stdout === '', 'it starts under a profile without a floor');
  },
};

/** The same for this very release of the runtime. */
export const floorOfRelease: Check = {
  name: 'floor of the release',
  run: (bench) => mustHaveFloor(bench, `${bench.host.runtime.name}@${bench.host.runtime.release}`),
};

async function mustHaveFloor(bench: Bench, whose: string): Promise<void> {
  for (const noNewPrivs of [false, true]) {
    const profile = build(bench, whose, noNewPrivs);
    const called = callsOf(recordingIn((await recordWork(bench, noNewPrivs)).file), 'runtime');
    mustHold(allowedIn(profile), called, `the floor of ${whose} (${told(noNewPrivs)})`);
    mustStart(bench, profile, whose, noNewPrivs);
  }
}

function mustStart({ host }: Bench, profile: string, whose: string, noNewPrivs: boolean): void {
  for (let i = 0; i < STARTS; i++) {
    const started = host.run({ command: WORK, profile, noNewPrivs });
    mustWork(started, WORK_PRINTS, `with the floor of ${whose} (${told(noNewPrivs)})`);
  }
}

function build({ callgate, outside }: Bench, whose: string, noNewPrivs: boolean): string {
  const profile = callgate.newFile();
  const flags = noNewPrivs ? ['--no-new-privs'] : [];
  ended(callgate, ['build', outside, '--runtime', whose, ...flags, '-o', profile]);
  return profile;
}

function told(noNewPrivs: boolean): string {
  return `no_new_privs ${noNewPrivs ? 'on' : 'off'}`;
}
