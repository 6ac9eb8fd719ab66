import { type Bench, type Check, ended, must, mustWork, names } from './bench.ts';
import { recordWork } from './check-record.ts';
import type { Host } from './engine.ts';
import { FOREIGN, FOREIGN_DENIED, WORK, WORK_PRINTS, WORK_WHEN_TOLD } from './work.ts';

const STARTS = 3;
/** A rule with a condition, one with an errno of its own, and everything else allowed. */
const CONDITIONS = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  syscalls: [
    { names: ['socket'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 40, op: 'SCMP_CMP_EQ' }] },
    { names: ['mkdir', 'keyctl'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
  ],
};

/** A profile of what was recorded lets the same work through, and nothing else. */
export const enforced: Check = {
  name: 'enforce',
  async run(bench) {
    const { callgate, host, engine } = bench;
    const profile = callgate.newFile();
    const { file } = await recordWork(bench);
    ended(callgate, ['build', file, '--runtime', engine, '-o', profile]);
    mustConfine(host, profile);
  },
};

/** The work goes on under the profile, and another call is denied that passes without it. */
export function mustConfine(host: Host, profile: string): void {
  for (let i = 0; i < STARTS; i++)
    mustWork(host.run({ command: WORK, profile }), WORK_PRINTS, 'the work under its profile');
  mustWork(host.run({ command: FOREIGN }), '', 'another call without the profile');
  const { status, stderr } = host.run({ command: FOREIGN, profile });
  must(
    status !== 0 && FOREIGN_DENIED.test(stderr),
    `the foreign call passes: status ${status}, ${stderr.trim()}`,
  );
}

/** A running container's filter is proven to be its profile, and told from another. */
export const verified: Check = {
  name: 'verify',
  async run(bench) {
    const { callgate, host } = bench;
    const own = callgate.newFile(JSON.stringify(CONDITIONS));
    const other = callgate.newFile(
      JSON.stringify({ ...CONDITIONS, syscalls: CONDITIONS.syscalls.slice(0, 1) }),
    );
    const started = host.start({ command: WORK_WHEN_TOLD, profile: own });
    try {
      const against = subjectOf(bench, started);
      const same = ended(callgate, ['verify', own, '--json', ...against]);
      must(JSON.parse(same.stdout).equal === true, `verify ${against.join(' ')}: not equal`);
      const { stdout } = ended(callgate, ['verify', other, '--json', ...against], 1);
      const { differences } = JSON.parse(stdout) as { differences: { syscall: string }[] };
      const told = new Set(differences.map(({ syscall }) => syscall));
      must(
        [...told].sort().join() === 'keyctl,mkdir',
        `verify tells the profiles apart by ${[...told].join()}`,
      );
    } finally {
      host.remove(started.name);
    }
    if (bench.engine === host.runtime.name) ended(callgate, ['verify', own, '--against', bench.engine]);
  },
};

/** By the engine's name for it where callgate knows the engine; else its process, and by whom the profile was read. */
function subjectOf(
  { callgate, engine, host }: Bench,
  { name, pid }: { name: string; pid: number },
): string[] {
  if (names(callgate, 'verify', new RegExp(`--against <what> [^-]*\\b${engine}:NAME`)))
    return ['--against', `${engine}:${name}`];
  const { runtime } = host;
  return ['--against', `pid:${pid}`, '--runtime', `${runtime.name}@${runtime.release}`];
}
