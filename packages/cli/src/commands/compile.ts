import { cachedAbis, cachedCalls, countCached } from '@callgate/engine/internal/analysis/bitmap';
import {
  type Death,
  deathOf,
  type Provenance,
  provenanceOf,
} from '@callgate/engine/internal/analysis/provenance';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import type { RuleOrigin } from '@callgate/engine/internal/libseccomp/call-rule';
import { formatProgram, programDocument } from '@callgate/engine/internal/report/program-formats';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import type { Abi } from '@callgate/engine/internal/syscalls/arch';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context } from '../context.ts';
import { addProgramFlags, compileOptionsOf, type ProgramFlags } from '../flags/program-flags.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { loadSubject, SUBJECT_HELP, warningsPart } from '../load/subject.ts';
import { styleFor } from '../terminal/style.ts';
import { writeProgram } from '../terminal/write-program.ts';

interface CompileFlags extends TargetFlags, ProgramFlags {
  readonly annotate?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const compile: Verb = {
  name: 'compile',

  configure(command) {
    command.argument('<subject>', SUBJECT_HELP);
    addProgramFlags(command, 'asm');
    command
      .option('--annotate', 'note which rules each instruction serves, and what became of each rule')
      .option('--json', 'one JSON document: the program and its figures');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
Before the filter is written, it is read back and proven to decide every call as the profile does.
${examples(
  'compile profile.json --annotate',
  'compile profile.json --format raw -o profile.bpf',
  'compile stock:docker --objective mean --weights rec.json --format c',
)}`,
    );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<CompileFlags>();
    if (flags.annotate && flags.json) throw new CliFailure('--annotate is for text, not --json');
    if (flags.annotate && flags.format !== 'asm')
      throw new CliFailure(`--annotate is for --format asm, not ${flags.format}`);
    const subject = await loadSubject(context, name, targetOf(flags), {
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet || flags.json,
    });
    const program = compileSubject(subject, await compileOptionsOf(context, flags));
    if (flags.json) {
      if (flags.output !== '-')
        writeProgram(context, flags.output, formatProgram(flags.format, program, subject.policy));
      context.stdout.write(`${writeJson({ ...document(subject, program), ...warningsPart(subject) })}\n`);
      return CLEAN;
    }
    const provenance = flags.annotate ? provenanceOf(subject.policy, program) : undefined;
    const notes = provenance ? instructionNotes(subject, provenance) : [];
    const style = flags.output === '-' ? styleFor(context.stdout, context.env) : undefined;
    const content = formatProgram(flags.format, program, subject.policy, { style, notes });
    writeProgram(context, flags.output, content);
    if (provenance) writeRules(context, flags, subject, provenance);
    if (!flags.quiet) context.stderr.write(`callgate: ${summary(subject, program)}\n`);
    return CLEAN;
  },
};

function document({ policy, target }: Subject, program: Program): object {
  const bitmap = cachedAbis(policy.abis, target.kernel).map((abi) => {
    const calls = cachedCalls([program], abi);
    return { arch: abi.name, calls: calls.length, cached: countCached(calls) };
  });
  return { ...programDocument(program, policy), bitmap };
}

function summary({ name, policy, target }: Subject, program: Program): string {
  const abis = policy.abis.map((abi) => abi.name).join(', ');
  return `${printable(name)} on ${abis}: ${plural(program.length, 'instruction')}, proven equal${bitmapText(cachedAbis(policy.abis, target.kernel)[0], program)}`;
}

/** What the native ABI's bitmap does; nothing where the kernel has none. */
function bitmapText(native: Abi | undefined, program: Program): string {
  if (!native) return '';
  const calls = cachedCalls([program], native);
  return `; on ${native.name} the kernel answers ${countCached(calls)} of ${calls.length} calls without running them`;
}

/** More rules than these are counted. */
const MOST_RULES = 3;

/** Which rules each instruction serves, in few words. */
function instructionNotes(subject: Subject, { byInstruction }: Provenance): string[] {
  const { origins } = subject.policy;
  return byInstruction.map((indices) => {
    const rules = [
      ...new Set(indices.map((i) => origins[i]).map((o) => (o.because === 'rule' ? o.rule : o))),
    ];
    const words = rules.map((rule) =>
      'because' in rule ? WITHOUT_RULE[rule.because] : `rule ${rule.index}`,
    );
    return words.length > MOST_RULES ? `${words.length} rules` : words.join(', ');
  });
}

const WITHOUT_RULE: Readonly<Record<string, string>> = {
  default: 'the default',
  'bad-arch': 'foreign ABIs',
  'enosys-stub': "runc's stub",
  filter: 'the filter',
};

/** Where every rule went: behind the text as comments, so that it stays text for callgate asm. */
function writeRules(context: Context, flags: CompileFlags, subject: Subject, provenance: Provenance): void {
  const text = ruleLines(subject, provenance)
    .map((line) => `; ${line}\n`)
    .join('');
  if (flags.output === '-') context.stdout.write(`\n${text}`);
  else context.stderr.write(text);
}

function ruleLines(subject: Subject, { byOrigin }: Provenance): string[] {
  const { source, policy } = subject;
  if (!source) return [];
  return source.profile.rules.map((rule) => {
    const { line } = source.positionOf(rule.span.start);
    const mine = policy.origins.flatMap((origin, i) =>
      origin.because === 'rule' && origin.rule.index === rule.index ? [{ origin, at: byOrigin[i] }] : [],
    );
    const alive = mine.filter(({ at }) => at.length > 0);
    const dead = mine.filter(({ at }) => at.length === 0).map(({ origin }) => nameOf(subject, origin));
    const head = `rule ${rule.index}, line ${line}`;
    if (alive.length === 0)
      return `${head}: dead: ${DEATHS[deathOf(source.profile, subject.target, policy, rule)]}`;
    const where = new Set(alive.flatMap(({ at }) => at));
    const rest = dead.length > 0 ? `; without effect: ${dead.join(', ')}` : '';
    return `${head}: instructions ${runs([...where])}${rest}`;
  });
}

const DEATHS: Readonly<Record<Death, string>> = {
  scope: 'its includes or excludes keep it out on this target',
  default: 'it says what the default action says',
  absent: 'no ABI in use has its calls',
  others: 'other rules decide all of its calls',
};

function nameOf({ source }: Subject, origin: RuleOrigin): string {
  const name = origin.rule.names.find((n) => n.span.start === origin.span.start);
  return name ? printable(name.value) : `line ${source!.positionOf(origin.span.start).line}`;
}

/** Numbers as runs: 0–3, 7. */
function runs(numbers: number[]): string {
  const sorted = numbers.sort((a, b) => a - b);
  const parts: [number, number][] = [];
  for (const n of sorted) {
    const last = parts.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else parts.push([n, n]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}
