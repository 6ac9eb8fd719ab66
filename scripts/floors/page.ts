import { compareReleases } from '@callgate/engine/internal/build/portability';
import { measuredReleases } from './history.ts';
import type { Measured, MeasuredBuild } from './measured.ts';
import { rowsOf, TRIED_BY_RUNC_EXEC } from './rows.ts';

/** docs/floors.md: how the table of floors comes about, and what was measured. */
export function floorsPage({ builds }: Measured): string {
  return `# What a container runtime calls under the filter

Written by \`scripts/generate-floors.ts\`.

A container's filter is in force before its program is. What the runtime itself calls in between is its floor: a profile
without it starts no container. \`build --runtime runc@1.2.6\` adds the floor of one release, \`--runtime runc\` that of all.
The default profile of the runtime bounds the result ([Not looser than the default](recording.md#not-looser-than-the-default)).

## How the table comes about

\`scripts/measure-floors.ts --runtime PATH --from TEXT\` starts containers with one build of runc or crun and records with eBPF
what it calls between the loading of the filter and the container's execve: with and without no_new_privs, as root and as
user 1000, with Docker's capabilities and without any, with a terminal and without one; and then for a process that joins
each container (\`exec\`). Several starts are made in every setting, because Go's runtime makes some calls by chance. What was
seen is in \`scripts/data/floors-measured.json\`: per build its release, how it was had, the Go release that built it, its
libseccomp, the kernel and the date. \`scripts/generate-floors.ts\` makes the engine's table and this page of it.

- Builds of one release count together, whatever Go release built them and whoever patched them (Debian's 1.1.5 closes
  descriptors as 1.1.12 does): what one of them calls is in the floor of the release.
- A release between two measured ones gets what either of them calls, and \`build\` says between which ones it lies. One that is
  newer than all measured ones is taken for the newest, one that is older for the oldest.
- Where some starts of a release make a call and others do not, the measured releases next to it get the call too.
- Not in the table: ${TRIED_BY_RUNC_EXEC.map((name) => `\`${name}\``).join(', ')}. \`runc exec\` tries them, in order to see a /proc of its own,
  and goes on without them: Docker's default profile denies most of them.
- Added by hand: what the source, engines, older kernels or thousands of starts have shown (\`BESIDE_MEASURED\` in
  \`packages/engine/src/build/floors.ts\`).

## The table

With what was added by hand, this is the engine's.

${rowsTable(builds)}

## What was measured

${tableOf(builds, 'runc')}

${tableOf(builds, 'crun')}
`;
}

function rowsTable(builds: readonly MeasuredBuild[]): string {
  const rows = rowsOf(builds).map(({ runtime, after, until, noNewPrivs, only, calls, sometimes = '' }) => {
    const rare = new Set(sometimes.split(' '));
    const names = calls.split(' ').map((name) => (rare.has(name) ? `${name}\\*` : name));
    const nnp = noNewPrivs === undefined ? 'either' : noNewPrivs ? 'with' : 'without';
    return [runtime, after ?? '', until ?? '', nnp, only ?? 'start', names.join(' ')];
  });
  const titles = ['runtime', 'after', 'before', 'no_new_privs', 'of', 'calls (\\*: not in every start)'];
  return markdown([titles, ...rows]);
}

function tableOf(all: readonly MeasuredBuild[], runtime: 'runc' | 'crun'): string {
  const builds = all.filter((build) => build.runtime === runtime);
  const rows = measuredReleases(builds).map((release) => {
    const those = builds.filter((build) => compareReleases(build.release, release) === 0);
    const names = [...new Set(those.map((build) => build.release))];
    const starts = those.flatMap(({ settings }) => settings).reduce((sum, one) => sum + one.starts, 0);
    const how = those.map(({ from, go }) => `${howHad(from)}${go ? ` (Go ${go})` : ''}`);
    return [names.join(', '), how.join(', '), String(starts)];
  });
  return markdown([[runtime, 'builds', 'starts and joins'], ...rows]);
}

function howHad(from: string): string {
  return from.startsWith('go ') ? 'module' : /^\w+ [\w-]+/.exec(from)![0];
}

function markdown([titles, ...rows]: readonly (readonly string[])[]): string {
  const lines = [titles!, titles!.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
