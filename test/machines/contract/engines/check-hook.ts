import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inTime } from '../background.ts';
import { type Bench, type Check, ended, must, mustHold, mustWork, NotOffered } from './bench.ts';
import { mustConfine } from './check-enforced.ts';
import type { PlannedHook } from './engine.ts';
import { allowedIn, callsOf, recordingIn } from './recorded.ts';
import { FOREIGN_CALL, WORK, WORK_PRINTS } from './work.ts';

/** The OCI hook writes a profile when the container ends, under which it runs. */
export const hooked: Check = {
  name: 'hook',
  async run(bench) {
    const { host, outside } = bench;
    if (host.whyNoHooks) throw new NotOffered(host.whyNoHooks);
    const { hook, profile } = install(bench);
    mustWork(host.run({ command: WORK, hook }), WORK_PRINTS, 'the work with the hook');
    await inTime('the profile of the hook', () => isWhole(profile));
    const allowed = allowedIn(profile);
    mustHold(allowed, callsOf(recordingIn(outside), 'workload'), "the hook's profile");
    must(![...allowed].some((name) => FOREIGN_CALL.test(name)), "the hook's profile allows a foreign call");
    mustConfine(host, profile);
  },
};

/** The hook in a folder of its own, and the profile that it will write for a container with its annotation. */
function install({ callgate }: Bench): { hook: PlannedHook; profile: string } {
  const [folder, profiles] = [callgate.newFile(), callgate.newFile()];
  for (const made of [folder, profiles]) mkdirSync(made, { mode: 0o755 });
  ended(callgate, ['hook', 'install', '--dir', folder, '--out', profiles]);
  const [file] = readdirSync(folder);
  const { hook, when } = JSON.parse(readFileSync(join(folder, file!), 'utf8'));
  const [pattern] = Object.keys(when.annotations);
  const key = pattern!.replaceAll(/[\\^$]/g, '');
  const profile = join(profiles, 'out.json');
  return { hook: { folder, entry: hook, annotation: [key, 'of:out.json'] }, profile };
}

function isWhole(file: string): boolean {
  try {
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')) !== undefined;
  } catch {
    return false;
  }
}
