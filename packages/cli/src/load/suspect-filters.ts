import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { decompilePolicy } from '@callgate/engine/internal/lift/decompile';
import { arePoliciesEqual } from '@callgate/engine/internal/policy/policy';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { plural, printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { profileSubject, programSubject, type Subject } from '@callgate/engine/internal/subject/subject';
import type { SuspectFilter } from '@callgate/engine/internal/why/explained-denial';
import { filterFindings } from '@callgate/linux/internal/confined/audit';
import { confinementOf } from '@callgate/linux/internal/confined/confinement';
import type { InspectedContainer } from '@callgate/linux/internal/container/inspect-container';
import { FiltersUnreadable, readFilters } from '@callgate/linux/internal/process/live-filters';
import { missingFromLibrary } from '@callgate/linux/internal/verify/missing-calls';
import type { Context } from '../context.ts';
import { carriedIn } from './carried.ts';
import { readText } from './read-text.ts';
import { nearestStock, stockNamed } from './stock.ts';
import { type LoadOptions, loadSubject, partOf } from './subject.ts';

/** How the text of a filter's profile is changed by a command. */
export type EditedBy =
  /** A file, or part of one, that callgate edit reads and writes. */
  | { readonly kind: 'file'; readonly subject: string; readonly output: string }
  /** A profile that the engine alone has; callgate why writes the changed one. */
  | { readonly kind: 'container'; readonly reference: string }
  /** A filter that the kernel alone has. */
  | { readonly kind: 'process'; readonly pid: number };

/** A filter that can have answered, and how it is changed. */
export interface KnownFilter extends SuspectFilter {
  readonly editedBy?: EditedBy;
}

const CHANGED = 'profile.json';

/** A profile that a user names. */
export async function namedFilter(
  context: Context,
  name: string,
  target: Target,
  options: LoadOptions,
): Promise<KnownFilter> {
  const stock = stockNamed(name);
  if (stock) return stockFilter(name, await stock.text(), target);
  const subject = await loadSubject(context, name, target, options);
  if (!subject.source || subject.carrier) return decompiledFilter(subject, undefined);
  const { file, part } = partOf(context, name);
  const isWritable = file !== '-' && !file.startsWith('git:');
  // Read again, for the text; of a list of another sandbox there is none that edit could change.
  const text = file === '-' ? undefined : await readText(context, file).catch(() => undefined);
  if (text === undefined || (await carriedIn(text, file))) return subject;
  return {
    ...subject,
    text: { name: file, text, target, part, unknownNames: 'skip' },
    editedBy: { kind: 'file', subject: name, output: isWritable ? file : CHANGED },
  };
}

/** The profile under which an engine has started a container; undefined for none. */
export async function containerFilter(
  container: InspectedContainer,
  target: Target,
): Promise<KnownFilter | undefined> {
  const { profile, engine, name, release } = container;
  switch (profile.kind) {
    case 'unconfined':
      return noFilter(target);
    case 'default': {
      const stock = nearestStock(engine, release);
      const label = stock.seen.length > 0 ? `stock:${engine}@${stock.seen.at(-1)}` : `stock:${engine}`;
      return stockFilter(label, await stock.text(), target);
    }
    case 'text': {
      const { file } = profile;
      const reference = `${engine}:${name}`;
      const label = file ?? `the profile of ${reference}`;
      const read = profileSubject(label, profile.text, target, { unknownNames: 'skip' });
      if (!read.value) return undefined;
      return {
        ...read.value,
        text: { name: file ?? 'profile.json', text: profile.text, target, unknownNames: 'skip' },
        editedBy: file ? { kind: 'file', subject: file, output: file } : { kind: 'container', reference },
      };
    }
  }
}

/** What answers where there is no filter. */
function noFilter(target: Target): KnownFilter {
  const { value } = profileSubject('stock:none (no filter)', '{"defaultAction":"SCMP_ACT_ALLOW"}', target);
  return value!;
}

function stockFilter(name: string, text: string, target: Target): KnownFilter {
  const indented = `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
  const { value } = profileSubject(name, indented, target, { unknownNames: 'skip' });
  return {
    ...value!,
    text: { name: CHANGED, text: indented, target, unknownNames: 'skip' },
    editedBy: { kind: 'file', subject: name, output: CHANGED },
  };
}

/** The filters that the kernel holds for a process, and what was found out about them. */
export async function processFilters(
  pid: number,
  target: Target,
  known: readonly KnownFilter[],
): Promise<{ readonly filters: readonly KnownFilter[]; readonly evidence: readonly string[] }> {
  let programs: ReturnType<typeof readFilters>;
  try {
    programs = readFilters(pid);
  } catch (fault) {
    if (!(fault instanceof FiltersUnreadable)) throw fault;
    return { filters: [], evidence: [printable(fault.message)] };
  }
  if (programs.length === 0)
    return {
      filters: known.length > 0 ? [] : [noFilter(target)],
      evidence: [`process ${pid} runs under no filter`],
    };
  const evidence: string[] = [`process ${pid} runs under ${plural(programs.length, 'filter')}`];
  const filters: KnownFilter[] = [];
  // The oldest first: it is the runtime's, and the program itself adds to it.
  for (const [i, program] of [...programs.entries()].reverse()) {
    const label = programs.length === 1 ? `pid:${pid}` : `pid:${pid} (${i + 1} of ${programs.length})`;
    const lifted = programSubject(label, [program], target);
    if (!('value' in lifted)) continue;
    const same = known.find(({ policy }) => arePoliciesEqual(policy, lifted.value.policy));
    const stock = same ? undefined : await recognised(pid, program, lifted.value, target);
    if (same || stock)
      evidence.push(`the filter of ${label} is proven equal to ${printable((same ?? stock)!.name)}`);
    if (stock) filters.push(stock);
    else if (!same) filters.push(decompiledFilter(lifted.value, pid));
  }
  return { filters, evidence };
}

/** The default profile whose meaning is that of a process's filter: as some runtime reads it here, with what its libseccomp knows. */
async function recognised(
  pid: number,
  program: Program,
  { policy }: Subject,
  target: Target,
): Promise<KnownFilter | undefined> {
  const confinement = confinementOf([pid]);
  const findings = confinement && (await filterFindings({ ...confinement, programs: [program] }, undefined));
  const found = findings?.recognized.profile;
  const stock = found?.kind === 'stock' ? stockNamed(found.name) : undefined;
  if (!found || !stock) return undefined;
  const text = await stock.text();
  const { capabilities } = confinement!;
  for (const lacks of [undefined, (await missingFromLibrary()).lacks])
    for (const runtime of [target.runtime, { name: 'runc' }, { name: 'crun' }] as const) {
      const read = stockFilter(found.name, text, { ...target, capabilities, lacks, runtime });
      if (arePoliciesEqual(read.policy, policy)) return read;
    }
  return undefined;
}

/** A filter as the profile that means the same, where there is one, so that its rules can be told. */
function decompiledFilter(subject: Subject, pid: number | undefined): KnownFilter {
  const made = decompilePolicy(subject.policy);
  if (!made?.exact) return subject;
  const text = stringifyProfile(made.profile);
  const target: Target = { ...subject.target, runtime: { name: made.runtime } };
  const label = `${subject.name}, decompiled`;
  const read = profileSubject(label, text, target, { unknownNames: 'skip' });
  if (!read.value) return subject;
  return {
    ...read.value,
    text: { name: CHANGED, text, target, unknownNames: 'skip' },
    ...(pid !== undefined && { editedBy: { kind: 'process', pid } }),
  };
}
