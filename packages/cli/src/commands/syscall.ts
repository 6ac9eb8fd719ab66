import { callNumber } from '@callgate/engine/internal/analysis/asked-call';
import { possibleVerdicts } from '@callgate/engine/internal/analysis/explain';
import { firstLibseccomp } from '@callgate/engine/internal/libseccomp/first-release';
import { capabilityChecks } from '@callgate/engine/internal/lint/capability-checks';
import { RING_CALLS } from '@callgate/engine/internal/lint/io-uring';
import { SIBLINGS } from '@callgate/engine/internal/lint/siblings';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { formatAction } from '@callgate/engine/internal/report/action';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { ABI_NAMES, type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { prototypeOf, sinceOf } from '@callgate/engine/internal/syscalls/arguments';
import { isKnownName, nameOf, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { multiplexed } from '@callgate/engine/internal/syscalls/multiplex';
import { notable } from '@callgate/engine/internal/syscalls/notable';
import { thisMachine } from '@callgate/linux/internal/machine';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context } from '../context.ts';
import { abiNamed } from '../flags/target-flags.ts';
import { stockOf } from '../load/stock.ts';
import { noSuchCall } from '../load/system-call.ts';
import { styleFor } from '../terminal/style.ts';

const WITH_DEFAULTS = ['docker', 'podman', 'containerd'] as const;

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
    const stock = await stockVerdicts(name, abi);
    context.stdout.write(
      flags.json ? `${writeJson(documentOf(name, stock))}\n` : page(context, name, abi, stock),
    );
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

/** What the newest default of each runtime does with a call, without any capabilities. */
async function stockVerdicts(name: string, abi: AbiName): Promise<Readonly<Record<string, string>>> {
  const target: Target = { native: abi, kernel: thisMachine().kernel, capabilities: [] };
  const verdicts = await Promise.all(
    WITH_DEFAULTS.map(async (runtime): Promise<[string, string][]> => {
      const { value } = parseProfile(await stockOf(runtime).text(), { unknownNames: 'skip' });
      const { value: policy } = lowerProfile(value!, target);
      const nr = numberOf(abi, name);
      if (!policy || nr === undefined) return [];
      const actions = possibleVerdicts(policy, abiOf(abi), nr).map(({ verdict }) =>
        formatAction(verdict.action, verdict.data),
      );
      return [[runtime, [...new Set(actions)].join(' or ')]];
    }),
  );
  return Object.fromEntries(verdicts.flat());
}

/** Other calls by which what a call does can be done, too. */
function siblingsOf(name: string): { readonly effect: string; readonly calls: readonly string[] }[] {
  return SIBLINGS.filter(({ calls }) => calls.includes(name)).map(({ effect, calls }) => {
    return { effect, calls: calls.filter((other) => other !== name) };
  });
}

function documentOf(name: string, stock: Readonly<Record<string, string>>): object {
  return {
    name,
    since: sinceOf(name) ?? null,
    libseccomp: firstLibseccomp(name) ?? null,
    numbers: Object.fromEntries(numbersOf(name)),
    arguments: prototypeOf(name) ?? null,
    multiplexed: multiplexed(name) ?? null,
    notable: notable(name) ?? null,
    siblings: siblingsOf(name),
    ring: RING_CALLS.get(name) ?? null,
    capabilities: capabilityChecks(name),
    stock,
  };
}

function page(context: Context, name: string, abi: AbiName, stock: Readonly<Record<string, string>>): string {
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
    libseccompFact(name),
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
    ...capabilityLines(name),
    ...siblingLines(name, abi),
    ...stockLines(stock),
    '',
    ...columns(numbers),
    '',
  ].join('\n');
}

/** Which libseccomp does not skip it in a profile. */
function libseccompFact(name: string): string {
  const known = firstLibseccomp(name);
  if (!known) return 'first libseccomp unknown';
  return `in libseccomp ${known.first}${known.notIn === null ? '' : `, not in ${known.notIn}`}`;
}

/** What the kernel asks for besides. */
function capabilityLines(name: string): string[] {
  const lines = capabilityChecks(name).map(
    ({ capability, initialOnly, when }) =>
      `  the kernel asks for ${capability}${initialOnly ? ' in the first user namespace' : ''}: ${when}`,
  );
  return lines.length > 0 ? ['', ...lines] : [];
}

/** By what else the same can be had; calls of this ABI. */
function siblingLines(name: string, abi: AbiName): string[] {
  const lines = siblingsOf(name).flatMap(({ effect, calls }) => {
    const here = calls.filter((other) => numberOf(abi, other) !== undefined);
    return here.length > 0 ? [`  also ${effect}: ${here.map(withRelease).join(', ')}`] : [];
  });
  const ring = RING_CALLS.get(name);
  if (ring !== undefined)
    lines.push(`  a ring of io_uring does it without asking a filter, since Linux ${ring}`);
  return lines.length > 0 ? ['', ...lines] : [];
}

function withRelease(name: string): string {
  const since = sinceOf(name);
  return since === undefined ? name : `${name} (Linux ${since})`;
}

function stockLines(stock: Readonly<Record<string, string>>): string[] {
  const texts = Object.entries(stock).map(([runtime, verdict]) => `${runtime} ${verdict}`);
  return texts.length > 0 ? ['', `  by default: ${texts.join(' · ')}`] : [];
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
