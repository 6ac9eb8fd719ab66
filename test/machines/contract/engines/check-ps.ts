import { type Check, ended, must } from './bench.ts';
import { startDenied } from './denying.ts';
import { WORK_WHEN_TOLD } from './work.ts';

interface Listed {
  readonly engine: string;
  readonly name: string;
  readonly mode: string;
  readonly filters: number;
  readonly profile: { readonly name?: string; readonly relation: string } | null;
}

/** ps tells which container has which filter: a profile of one's own, the engine's default, or none. */
export const listed: Check = {
  name: 'ps',
  async run(bench) {
    const { callgate, host, engine } = bench;
    const own = startDenied(bench);
    const usual = host.start({ command: WORK_WHEN_TOLD });
    const open = host.start({ command: WORK_WHEN_TOLD, unconfined: true });
    try {
      const { stdout } = ended(callgate, ['ps', '--json', '--known', own.profile]);
      const all = (JSON.parse(stdout) as { containers: Listed[] }).containers;
      const of = (name: string) => {
        const found = all.filter((one) => one.engine === engine && one.name === name);
        must(found.length === 1, `ps has ${name} of ${engine} ${found.length} times`);
        return found[0]!;
      };
      must(
        of(own.name).profile?.name === own.profile,
        `ps does not recognise the profile: ${JSON.stringify(of(own.name))}`,
      );
      must(of(usual.name).filters > 0, `ps: no filter by default: ${JSON.stringify(of(usual.name))}`);
      const { mode, filters, profile } = of(open.name);
      must(mode === 'none' && filters === 0 && profile === null, `ps: unconfined is ${mode}, ${filters}`);
      ended(callgate, ['ps', '--fail-on', 'unconfined', '--quiet'], 1);
    } finally {
      for (const { name } of [own, usual, open]) host.remove(name);
    }
  },
};
