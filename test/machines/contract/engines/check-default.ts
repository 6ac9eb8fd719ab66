import { type Check, ended, must, NotOffered } from './bench.ts';
import { WORK_WHEN_TOLD } from './work.ts';

/** Engines that give a container a profile by themselves. */
const HAVE_ONE = ['docker', 'podman'];

/** Without a profile a container has the filter of what callgate takes for the default of that release. */
export const defaultProfile: Check = {
  name: 'default profile',
  async run({ callgate, engine, host }) {
    if (!HAVE_ONE.includes(engine)) throw new NotOffered('it gives none by itself');
    const release = /^[\d.]*\d/.exec(host.release);
    if (!release) throw new NotOffered(`its release is not told: ${host.release}`);
    const stock = `stock:${engine}@${release}`;
    const known = callgate.run('show', stock);
    if (/is not known/.test(known.stderr)) throw new NotOffered(known.stderr.trim());
    const started = host.start({ command: WORK_WHEN_TOLD });
    try {
      const { stdout } = ended(callgate, [
        'verify',
        stock,
        '--json',
        '--against',
        `${engine}:${started.name}`,
      ]);
      must(JSON.parse(stdout).equal === true, `${stock} is not what the container has`);
    } finally {
      host.remove(started.name);
    }
  },
};
