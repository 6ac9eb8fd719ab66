import { type Bench, type Check, ended, must, NotOffered } from './bench.ts';
import { answerOf } from './engine.ts';
import { IMAGE } from './engine-host.ts';
import { WORK_WHEN_TOLD } from './work.ts';

interface Tried {
  readonly name: string;
  readonly kind: 'function' | 'security';
  readonly ok: boolean;
  readonly credit: string;
}

/** Of what makes folders one call alone is denied, of keys everything; of mount it does not speak, and no right for it is there. */
const HALF = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  syscalls: [
    { names: ['mkdirat'], action: 'SCMP_ACT_ERRNO' },
    { names: ['keyctl', 'add_key', 'request_key'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
  ],
});
/** It starts, works and stays; then the three attacks. */
const EXPECTED = ['ok', 'ok', 'ok', 'open by none', 'ok by profile', 'refused by kernel'];

/** test credits the profile with what it stops, and neither with what a sibling still does nor with what is refused anyway. */
export const tested: Check = {
  name: 'test',
  async run(bench) {
    const { callgate, engine } = bench;
    if (engine === 'containerd' && !answerOf('ctr', ['run', '--help']).includes('--seccomp-profile'))
      throw new NotOffered('its ctr takes no profile');
    const spec = callgate.newFile(
      JSON.stringify({
        ...whereItRuns(bench),
        profile: callgate.newFile(HALF),
        command: WORK_WHEN_TOLD,
        functions: [{ run: ['/bin/busybox', 'uname', '-s'], output: 'Linux' }, { alive: '1s' }],
        security: [{ attack: 'make-directory' }, { attack: 'keyring' }, { attack: 'mount' }],
      }),
    );
    const { stdout } = ended(callgate, ['test', spec, '--json'], 1);
    const { checks } = JSON.parse(stdout) as { checks: Tried[] };
    const told = checks.map(verdictOf);
    must(told.join() === EXPECTED.join(), `test: ${told.join()} instead of ${EXPECTED.join()}`);
  },
};

function verdictOf({ kind, ok, credit }: Tried): string {
  if (kind === 'function') return ok ? 'ok' : 'not ok';
  if (credit === 'kernel') return 'refused by kernel';
  return `${ok ? 'ok' : 'open'} by ${credit}`;
}

/** Docker and Podman have an image of the root file system; the others take the folder. */
function whereItRuns({ engine, root }: Bench): object {
  const isClient = engine === 'docker' || engine === 'podman';
  return isClient ? { engine, image: IMAGE, options: ['--network=none'] } : { engine, rootfs: root };
}
