import { prototypeOf, sinceOf } from '@callgate/engine/internal/syscalls/arguments';
import { allNames, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { notable } from '@callgate/engine/internal/syscalls/notable';

/** Where most profiles run. */
const COMMON = ['x86_64', 'aarch64'] as const;

/** Every call that some architecture has, and what there is to say of it in a line. */
export function callMeanings(): ReadonlyMap<string, string> {
  return new Map(allNames().map((name) => [name, meaning(name)]));
}

/** Such as: bpf(cmd, uattr, size): loads programs into the kernel. Since Linux 3.18. */
function meaning(name: string): string {
  const args = prototypeOf(name)?.map((argument) => argument.name);
  const why = notable(name);
  const since = sinceOf(name);
  const missing = COMMON.filter((abi) => numberOf(abi, name) === undefined);
  return [
    `${name}${args ? `(${args.join(', ')})` : ''}${why ? `: ${why}` : ''}.`,
    ...(since === undefined ? [] : [`Since Linux ${since}.`]),
    ...(missing.length > 0 ? [`Not on ${missing.join(' and ')}.`] : []),
  ].join(' ');
}
