import { callNumber } from '@callgate/engine/internal/analysis/asked-call';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { ABI_NAMES, type AbiName } from '@callgate/engine/internal/syscalls/arch';
import { prototypeOf, sinceOf } from '@callgate/engine/internal/syscalls/arguments';
import { isKnownName, nameOf, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { multiplexed } from '@callgate/engine/internal/syscalls/multiplex';
import { notable } from '@callgate/engine/internal/syscalls/notable';
import { thisMachine } from '@callgate/linux/internal/machine';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context } from '../context.ts';
import { abiNamed } from '../flags/target-flags.ts';
import { noSuchCall } from '../load/system-call.ts';
import { styleFor } from '../terminal/style.ts';

export const syscall: Verb = {
  name: 'syscall',

  configure(command) {
    command
      .argument('<call>', 'a name, or a number')
      .option('--arch <abi>', 'the ABI whose numbers are meant (default: that of this machine)')
      .option('--json', 'one JSON document')
      .addHelpText(
        'after',
        examples('syscall openat', 'syscall 59', 'syscall 11 --arch x86', 'syscall clone3 --json'),
      );
  },

  async run(context, command) {
    const [wanted] = command.processedArgs as [string];
    const flags = command.opts<{ arch?: string; json?: boolean }>();
    const abi = flags.arch === undefined ? thisMachine().abi.name : abiNamed(flags.arch);
    const name = findName(wanted, abi);
    context.stdout.write(flags.json ? `${writeJson(documentOf(name))}\n` : page(context, name, abi));
    return CLEAN;
  },
};

function findName(wanted: string, abi: AbiName): string {
  const nr = callNumber(wanted);
  if (nr !== undefined) {
    const name = nameOf(abi, nr);
    if (name) return name;
    throw new CliFailure(`${abi} has no system call with the number ${wanted}`);
  }
  if (isKnownName(wanted)) return wanted;
  throw noSuchCall(wanted);
}

function numbersOf(name: string): [AbiName, number][] {
  return ABI_NAMES.flatMap((abi): [AbiName, number][] => {
    const nr = numberOf(abi, name);
    return nr === undefined ? [] : [[abi, nr]];
  });
}

function documentOf(name: string): object {
  return {
    name,
    since: sinceOf(name) ?? null,
    numbers: Object.fromEntries(numbersOf(name)),
    arguments: prototypeOf(name) ?? null,
    multiplexed: multiplexed(name) ?? null,
    notable: notable(name) ?? null,
  };
}

function page(context: Context, name: string, abi: AbiName): string {
  const style = styleFor(context.stdout, context.env);
  const prototype = prototypeOf(name, abi);
  const nr = numberOf(abi, name);
  const since = sinceOf(name);
  const signature = prototype
    ? `${name}(${prototype.map((a) => `${a.type} ${a.name}`).join(', ') || 'void'})`
    : name;
  const facts = [
    nr === undefined ? `not on ${abi}` : `${nr} on ${abi}`,
    since === undefined ? 'first kernel unknown' : `since Linux ${since}`,
  ];
  const through = multiplexed(name);
  if (through) facts.push(`on some ABIs also ${through.through}(${through.subcall}, …)`);
  const why = notable(name);
  const rows = (prototype ?? []).map((a, i) => {
    const set = a.set ? `, values: ${a.set}` : '';
    return `  ${i}  ${a.name.padEnd(14)} ${a.type.padEnd(22)} ${a.kind}, ${a.bits} bits${set}`;
  });
  const numbers = numbersOf(name).map(([other, number]) => `${other} ${number}`);
  return [
    style.bold(signature),
    `  ${facts.join(' · ')}`,
    ...(why ? [`  ${style.yellow('attackers like it')}: ${why}`] : []),
    ...(rows.length > 0 ? ['', ...rows] : []),
    '',
    ...columns(numbers),
    '',
  ].join('\n');
}

function columns(cells: readonly string[]): string[] {
  const rows: string[] = [];
  for (let i = 0; i < cells.length; i += 4)
    rows.push(
      `  ${cells
        .slice(i, i + 4)
        .map((c) => c.padEnd(22))
        .join('')
        .trimEnd()}`,
    );
  return rows;
}
