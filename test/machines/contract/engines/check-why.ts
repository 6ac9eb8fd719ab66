import { type Check, ended, must, mustWork } from './bench.ts';
import { RULE, startDenied } from './denying.ts';
import { MKDIR } from './work.ts';

interface Told {
  readonly by: string;
  readonly rule: { readonly line: number; readonly column: number } | null;
}

/** why names the rule that denies a call in a container, and what it proposes lets the call pass there. */
export const explained: Check = {
  name: 'why',
  async run(bench) {
    const { callgate, host } = bench;
    const denied = startDenied(bench);
    const mended = callgate.newFile();
    try {
      const process = ['why', '--pid', String(denied.pid)];
      const live = denialIn(ended(callgate, [...process, '--call', 'mkdir', '--json'], 1).stdout);
      must(live.by === 'rule', `why takes it for denied by ${live.by}, by the filter alone`);
      const question = ['--call', 'mkdir', '--profile', denied.profile];
      const { by, rule } = denialIn(ended(callgate, ['why', ...question, '-o', mended, '--json'], 1).stdout);
      must(
        by === 'rule' && rule?.line === RULE.line && rule.column === RULE.column,
        `why takes it for denied by ${by} ${JSON.stringify(rule)}`,
      );
    } finally {
      host.remove(denied.name);
    }
    const before = host.run({ command: MKDIR, profile: denied.profile });
    must(before.status !== 0, 'the denied call passes');
    mustWork(host.run({ command: MKDIR, profile: mended }), '', 'the call under the mended profile');
  },
};

function denialIn(text: string): Told {
  const { denials } = JSON.parse(text) as { denials: Told[] };
  must(denials.length > 0, `why explains no denial: ${text.slice(0, 200)}`);
  return denials[0]!;
}
