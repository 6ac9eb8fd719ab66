import type { LeftOut } from '../build/left-out.ts';
import type { BoundFit } from '../build/synthesize.ts';
import { formatCall, formatCallBriefly } from './call.ts';
import type { Style } from './style.ts';
import { listed, printable } from './words.ts';

/** How a profile keeps to its bound: what stayed out, and the proof or what disproves it. */
export function boundLines(style: Style, { bound, restricted, leftOut, looser }: BoundFit): string[] {
  const name = printable(bound);
  const lines =
    restricted.length === 0
      ? []
      : [
          `as in ${name}, only with its conditions: ${listed(restricted)}${restricted.includes('clone') ? ' (clone3 gets ENOSYS, so that libc takes clone)' : ''}`,
        ];
  lines.push(...leftOut.map((what) => `${style.yellow('left out')}: ${leftOutText(what, name)}`));
  if (looser.length === 0) lines.push(`${style.green('proven not looser')} than ${name}`);
  lines.push(
    ...looser.map(
      ({ name: call, arch, witness }) =>
        `${style.red('looser')} than ${name}: ${formatCallBriefly(call, witness.args, arch === 'other' ? undefined : arch)} on ${arch}`,
    ),
  );
  return lines;
}

/** What stayed out, and why. */
export function leftOutText(what: LeftOut, bound: string): string {
  switch (what.kind) {
    case 'abi':
      return `calls of ${what.arch}: ${bound} lets none of them pass`;
    case 'arguments':
      return `the workload called ${argumentsText(what)}, which ${bound} denies`;
    case 'call': {
      const denies = `${bound} denies${what.capability === undefined ? '' : ` to containers without ${what.capability}`}`;
      return what.reasons.some(({ kind }) => kind === 'seen')
        ? `the workload called ${what.name}, which ${denies}`
        : `${what.name}, which ${denies}`;
    }
  }
}

function argumentsText({ name, arch, values }: Extract<LeftOut, { readonly kind: 'arguments' }>): string {
  if (values.every((value) => value !== null)) {
    const args = values.map(BigInt);
    return formatCall(name, [...args, ...Array<bigint>(6 - args.length).fill(0n)], arch);
  }
  return `${name}(${values.map((value) => value ?? '…').join(', ')})`;
}

/** As keys of a JSON document. */
export function boundDocument({ bound, restricted, leftOut, looser }: BoundFit): object {
  return {
    bound,
    restricted,
    leftOut,
    looser: looser.map(({ arch, name, nr, witness }) => ({
      arch,
      ...(name !== undefined && { syscall: name }),
      nr,
      witness: { arch, nr: witness.nr, args: witness.args.map(String) },
    })),
  };
}
