import type { Verdict } from '../analysis/explain.ts';
import { escapedCharacter, replaceUnprintable } from '../source/unprintable.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { errnoName } from '../syscalls/arguments.ts';
import type { ExplainedDenial } from '../why/explained-denial.ts';
import type { DeniedBy } from '../why/judge-denial.ts';
import type { OtherCause } from '../why/other-causes.ts';
import { formatAction } from './action.ts';
import { describeArguments } from './arguments.ts';
import { formatCall } from './call.ts';
import { actionText, because, consequence } from './explanation.ts';
import { openingTexts } from './opening.ts';
import type { Style } from './style.ts';
import { plural, printable } from './words.ts';

/** What is told of a denial beside what the engine found: by whoever looked at the process, and knows how to change the profile. */
export interface DenialContext {
  /** What was looked at, a sentence each. */
  readonly evidence: readonly string[];
  /** Where in the program the call stands, such as "mkdir+0x1b of libc.so.6". */
  readonly symbol?: string;
  /** The command that changes the profile, and its rule as it is written. */
  readonly fix?: { readonly command: string; readonly rule?: string };
  /** How the arguments can be learned, where they would tell more. */
  readonly howToLearn?: string;
  /** What to do where no change of a profile helps. */
  readonly advice?: string;
}

/** A denial as data. */
export function denialDocument(denial: ExplainedDenial, context: DenialContext): object {
  const { call, judgement, filter, change } = denial;
  const { verdict } = judgement;
  const outcome = outcomeAction(denial);
  return {
    arch: call.arch,
    syscall: call.name,
    nr: call.nr,
    args: call.args?.map(String) ?? null,
    action: outcome?.action ?? null,
    data: outcome?.data ?? null,
    by: judgement.by,
    rule: ruleOf(denial),
    profile: filter?.name ?? null,
    times: call.times,
    program: {
      comm: call.program.comm ?? null,
      exe: call.program.exe ?? null,
      pid: call.program.pid ?? null,
      symbol: context.symbol ?? null,
    },
    why: verdict ? reasonText(denial, verdict) : null,
    passes: passesText(denial) ?? null,
    fix: context.fix
      ? { ...context.fix, opens: change ? openingTexts(change.opening, call.name) : [] }
      : null,
    evidence: [...evidenceOf(denial), ...context.evidence],
    ...(context.advice !== undefined && { advice: context.advice }),
  };
}

/** The same of a denial of which nobody tells more than that it was one. */
export function unnamedDenialDocument(arch: AbiName, evidence: readonly string[]): object {
  return {
    ...{ arch, syscall: null, nr: null, args: null, action: null, data: null, by: 'unknown', rule: null },
    ...{ profile: null, times: 1, program: { comm: null, exe: null, pid: null, symbol: null } },
    ...{ why: null, passes: null, fix: null, evidence },
  };
}

/** A denial in some lines: what, by which rule, who, with which arguments it would pass, what allows it and what that opens. */
export function denialText(style: Style, denial: ExplainedDenial, context: DenialContext): string {
  const { call, change } = denial;
  const rows: [string, readonly string[]][] = [
    ['by', byTexts(denial)],
    ['called by', [programText(denial, context)]],
    ['passes if', passesText(denial) === undefined ? [] : [passesText(denial)!]],
    ['arguments', denial.wantsArguments && context.howToLearn ? [context.howToLearn] : []],
    ['seen in', context.evidence.map(escaped)],
    ['instead', causesText(denial)],
    ['allow it', context.fix ? [style.bold(escaped(context.fix.command))] : []],
    ['rule', context.fix?.rule === undefined ? [] : [style.dim(context.fix.rule)]],
    ['opens', context.fix && change ? openingTexts(change.opening, call.name) : []],
    ['do', context.advice === undefined ? [] : [escaped(context.advice)]],
  ];
  const lines = rows.flatMap(([title, texts]) =>
    texts
      .filter((text) => text !== '')
      .map((text, i) => `  ${style.cyan((i === 0 ? title : '').padEnd(TITLE))}  ${text}\n`),
  );
  const times = call.times > 1 ? style.dim(`, ${plural(call.times, 'time')}`) : '';
  return `${style.bold(callText(denial))} → ${endText(style, denial)}${times}\n${lines.join('')}`;
}

/** A command may be long, and has to be whole; a terminal may still not act on what stands in it. */
function escaped(text: string): string {
  return replaceUnprintable(text, escapedCharacter);
}

const TITLE = 'called by'.length;

function callText({ call: { name, args, arch } }: ExplainedDenial): string {
  const bare = args ? formatCall(name, args, arch) : name;
  return `${bare} on ${arch}`;
}

/** What became of the call, as it was told, or as the filter answers. */
function outcomeAction({
  call: { outcome },
  judgement: { verdict, isOtherwise },
}: ExplainedDenial): Pick<Verdict, 'action' | 'data'> | undefined {
  if (verdict && !isOtherwise) return verdict;
  if (outcome.kind === 'action') return { action: outcome.action, data: 0 };
  if (outcome.kind === 'errno') return { action: 'ERRNO', data: outcome.errno };
  return verdict;
}

function endText(style: Style, denial: ExplainedDenial): string {
  const { judgement, call } = denial;
  if (judgement.by === 'not-seccomp') {
    const errno = call.outcome.kind === 'errno' ? (errnoName(call.outcome.errno) ?? 'an error') : 'refused';
    return `${style.yellow(errno)}, not by seccomp`;
  }
  const { verdict } = judgement;
  if (verdict && !judgement.isOtherwise) return actionText(style, verdict);
  const told = outcomeAction(denial);
  if (call.outcome.kind === 'sigsys') return style.red('SIGSYS');
  return told
    ? style.red(
        told.action === 'ERRNO' ? formatAction('ERRNO', told.data).replace('ERRNO(0)', 'ERRNO') : told.action,
      )
    : style.red('refused');
}

function ruleOf({ judgement: { verdict }, filter }: ExplainedDenial): object | null {
  if (verdict?.origin.because !== 'rule' || !filter?.source) return null;
  const { origin } = verdict;
  return { ...filter.source.positionOf(origin.span.start), index: origin.rule.index };
}

const WORDS_OF: Readonly<Record<DeniedBy, string>> = {
  rule: '',
  default: '',
  'bad-arch': '',
  'enosys-stub': '',
  'second-filter': 'a second filter: ',
  'not-seccomp': 'no filter: ',
  unknown: '',
};

function byTexts(denial: ExplainedDenial): string[] {
  const { verdict, by, isOtherwise } = denial.judgement;
  const others = evidenceOf(denial);
  if (!verdict) return others.length > 0 ? others : [NO_FILTER];
  const said = `${WORDS_OF[by]}${reasonText(denial, verdict)}`;
  return isOtherwise ? [...others, said] : [said, consequence(verdict), ...others];
}

const NO_FILTER =
  'no filter is known that could have answered: name the profile, the container or the process';

function reasonText({ call, filter }: ExplainedDenial, verdict: Verdict): string {
  if (!filter) return '';
  const { source, programs, name, policy } = filter;
  const reason = because(
    verdict,
    { name, policy, ...source, ...(programs && { filters: programs.length }) },
    { name: call.name, abi: abiOf(call.arch) },
  );
  return verdict.origin.because === 'rule' || verdict.origin.because === 'filter'
    ? reason
    : `${reason}, of ${printable(name)}`;
}

/** What the filters say of the call, where that is not the whole answer. */
function evidenceOf({ judgement, call }: ExplainedDenial): string[] {
  const { by, answers, filter, isOtherwise } = judgement;
  if (isOtherwise && filter !== undefined)
    return [
      `${printable(answers[filter].name)} denies it, though by ${answersText(answers[filter].verdicts)}: another filter, another release of this one, or the kernel answered`,
    ];
  const passing = answers.filter((_, i) => i !== filter);
  const texts = passing.map(({ name, verdicts }) => `${printable(name)} says ${answersText(verdicts)}`);
  if (by === 'not-seccomp')
    return texts.length > 0 ? [`${texts.join('; ')}: the kernel itself refused it`] : [];
  if (by === 'second-filter' && filter === undefined) {
    const isEnosys = call.outcome.kind === 'errno';
    const reason = isEnosys ? ', and this kernel has the call' : '';
    return [
      `${texts.join('; ')}${reason}: a filter that is not among these answered, or an older version of the profile`,
    ];
  }
  return by === 'second-filter' ? texts : [];
}

function answersText(verdicts: readonly Verdict[]): string {
  const words = new Set(verdicts.map(({ action, data }) => formatAction(action, data)));
  return [...words].slice(0, MOST_ANSWERS).join(' or ');
}

const MOST_ANSWERS = 4;

function passesText({ judgement: { passing }, call }: ExplainedDenial): string | undefined {
  if (!passing) return undefined;
  const abi = abiOf(call.arch);
  return describeArguments(passing, call.name, abi);
}

function programText({ call: { program, time } }: ExplainedDenial, { symbol }: DenialContext): string {
  const { comm, exe, pid } = program;
  const who = [
    comm === undefined ? '' : printable(comm),
    exe === undefined ? '' : `(${printable(exe)})`,
  ].filter((part) => part !== '');
  const which = pid === undefined ? '' : `${who.length > 0 ? ', ' : ''}pid ${pid}`;
  const where = symbol === undefined ? '' : `, in ${symbol}`;
  const when = time === undefined || who.length === 0 ? '' : timeText(time);
  return `${who.join(' ')}${which}${where}${when}`;
}

/** The kernel writes seconds since 1970, a dot, milliseconds, and the number of the record. */
function timeText(time: string): string {
  const seconds = /^(\d{9,11})\.(\d{3})/.exec(time);
  if (!seconds) return `, at ${printable(time)}`;
  return `, at ${new Date(Number(seconds[1]) * 1000).toISOString().replace('.000Z', 'Z')}`;
}

function causesText({ causes }: ExplainedDenial): string[] {
  return causes.map(causeText);
}

function causeText(cause: OtherCause): string {
  switch (cause.kind) {
    case 'capability': {
      const { capability, when } = cause.check;
      const lack = cause.isLacking === undefined ? '' : ', which it has not';
      return `the kernel asks for ${capability}${lack}: ${when}`;
    }
    case 'new-call':
      return `the kernel has it from ${cause.since} on; before, it answers ENOSYS`;
    case 'read-only':
      return 'the file system is read-only';
    case 'no-new-privs':
      return 'no_new_privs is set: nothing that it executes gains rights';
    case 'security-module':
      return `${printable(cause.label)} (AppArmor or SELinux) may refuse it: its denials are in the kernel log`;
    case 'limit':
      return 'a limit of processes or of memory: pids.max of the cgroup, RLIMIT_NPROC, memory.max';
    case 'permissions':
      return 'the mode and the owner of the file, or a security module';
    case 'arguments':
      return 'the kernel answers so to arguments that it does not like; no filter here does';
  }
}
