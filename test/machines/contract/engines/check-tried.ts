import { type Check, ended, must, NotOffered } from './bench.ts';
import { mustConfine } from './check-enforced.ts';
import { IMAGE } from './engine-host.ts';
import { WORK } from './work.ts';

/** try finds a profile under which the work goes on, which is no looser than the engine's default. */
export const tried: Check = {
  name: 'try',
  async run({ callgate, host, engine }) {
    if (engine !== 'docker' && engine !== 'podman')
      throw new NotOffered('it takes docker run and podman run');
    const profile = callgate.newFile();
    const command = [engine, 'run', '--rm', '--network=none', IMAGE, ...WORK];
    ended(callgate, ['try', '-o', profile, '--', ...command]);
    mustConfine(host, profile);
    const bound = ['--json', profile, `stock:${engine}`];
    const { differences } = JSON.parse(callgate.run('diff', ...bound).stdout) as {
      differences: { change: string; syscall: string }[];
    };
    must(differences.length > 0, 'the profile is the default itself');
  },
};
