import type { Span } from '@callgate/engine/internal/diagnostics/span';
import type { CarrierReading } from '../carrier.ts';
import { ListFaults } from '../list/faults.ts';
import { trimmedIn } from '../list/lines.ts';
import { type ListedAction, type ListedCall, profileTree } from '../list/listed-profile.ts';
import { architecturesOf } from './architectures.ts';
import { type Answer, type CallList, callListOf } from './call-list.ts';
import { type Assignment, type Section, sectionsOf, valueSpan } from './unit.ts';

/** Those whose programs systemd gives filters; a .nspawn file has other sections. */
const SECTIONS = ['Service', 'Socket', 'Mount', 'Swap'];
const SETTINGS = /^[ \t]*SystemCall(?:Filter|Log|Architectures|ErrorNumber)[ \t]*=/m;
/** Settings for which systemd loads filters of its own beside these. */
const OTHER_FILTERS = new Set([
  'RestrictAddressFamilies',
  'RestrictNamespaces',
  'MemoryDenyWriteExecute',
  'RestrictRealtime',
  'RestrictSUIDSGID',
  'LockPersonality',
  'ProtectKernelModules',
  'ProtectKernelTunables',
  'ProtectKernelLogs',
  'ProtectClock',
  'ProtectHostname',
  'PrivateDevices',
]);

/** What the settings of a unit say about system calls; undefined where there are none. */
export function readUnit(text: string): CarrierReading | undefined {
  if (!SETTINGS.test(text)) return undefined;
  const sections = sectionsOf(text).filter(
    ({ name, assignments }) =>
      SECTIONS.includes(name) && assignments.some(({ key }) => key.value.startsWith('SystemCall')),
  );
  if (sections.length === 0) return undefined;
  const faults = new ListFaults();
  const profiles = sections.map((section) => ({
    name: section.name,
    tree: profileTree(profileOf(section, faults)),
    diagnostics: [],
  }));
  return { profiles, diagnostics: faults.all };
}

function profileOf(section: Section, faults: ListFaults) {
  const named = (key: string) => section.assignments.filter((one) => one.key.value === key);
  const filter = callListOf(named('SystemCallFilter'), false, faults);
  const log = callListOf(named('SystemCallLog'), true, faults);
  const { subArchitectures } = architecturesOf(named('SystemCallArchitectures'), faults);
  warnOfOthers(section, faults);
  const refused = refusal(named('SystemCallErrorNumber'), filter?.span ?? section.span, faults);
  const answers = { filter, log, refused };
  return {
    byDefault: answerTo(undefined, answers),
    calls: callsOf(answers),
    subArchitectures,
    span: section.span,
  };
}

interface Answers {
  readonly filter?: CallList;
  readonly log?: CallList;
  readonly refused: ListedAction;
}

function callsOf(answers: Answers): ListedCall[] {
  const names = [...(answers.filter?.calls.keys() ?? []), ...(answers.log?.calls.keys() ?? [])];
  const byDefault = answerTo(undefined, answers);
  return [...new Set(names)].flatMap((name) => {
    const action = answerTo(name, answers);
    const span = answers.filter?.calls.get(name)?.span ?? answers.log!.calls.get(name)!.span;
    const isDefault = action.name === byDefault.name && action.errno === byDefault.errno;
    return isDefault ? [] : [{ name: { value: name, span }, action: { ...action, span } }];
  });
}

/** What both filters together answer to a call, or to one that neither names; the kernel takes the stricter. */
function answerTo(name: string | undefined, { filter, log, refused }: Answers): ListedAction {
  const listed = name === undefined ? undefined : filter?.calls.get(name);
  const said = listed?.answer;
  if (filter && said !== undefined) return actionOf(said, listed!.span);
  if (filter && (listed !== undefined) !== filter.isAllowList) return refused;
  const isNamed = name !== undefined && log?.calls.has(name) === true;
  const isLogged = log !== undefined && isNamed === log.isAllowList;
  const span = listed?.span ?? filter?.span ?? refused.span;
  return isLogged ? { name: 'LOG', span: log.span } : { name: 'ALLOW', span };
}

function actionOf(answer: Answer, span: Span): ListedAction {
  return answer === 'kill' ? { name: 'KILL_PROCESS', span } : { name: 'ERRNO', errno: answer.errno, span };
}

/** SystemCallErrorNumber=: an errno, or kill, which is also meant where nothing is said. */
function refusal(assignments: readonly Assignment[], otherwise: Span, faults: ListFaults): ListedAction {
  let action: ListedAction = { name: 'KILL_PROCESS', span: otherwise };
  for (const assignment of assignments) {
    const span = valueSpan(assignment);
    const word = trimmedIn(assignment.line, assignment.from, assignment.to);
    if (word.value === '' || word.value === 'kill') action = { name: 'KILL_PROCESS', span };
    else {
      const errno = faults.errno(word);
      if (errno !== undefined) action = { name: 'ERRNO', errno, span };
    }
  }
  return action;
}

function warnOfOthers({ assignments }: Section, faults: ListFaults): void {
  const other = assignments.find(
    ({ key, line, from, to }) =>
      OTHER_FILTERS.has(key.value) &&
      from < to &&
      !/^(?:no|false|off|0|n|f)$/i.test(line.text.slice(from, to)),
  );
  if (other)
    faults.warn(
      'list-elsewhere',
      `for ${other.key.value}= systemd loads a filter of its own, which is not part of this profile`,
      other.key.span,
      'what is said of this one is without it',
    );
}
