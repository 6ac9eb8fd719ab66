import type { Spanned } from '@callgate/engine/internal/diagnostics/span';
import { quote } from '@callgate/engine/internal/source/tree';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { errnoNumber } from '@callgate/engine/internal/syscalls/arguments';
import { multiplexed } from '@callgate/engine/internal/syscalls/multiplex';
import type { CarrierReading } from '../carrier.ts';
import { ListFaults } from '../list/faults.ts';
import { type Line, linesOf, spanIn, trimmedIn } from '../list/lines.ts';
import {
  type ListedAction,
  type ListedCall,
  type ListedProfile,
  profileTree,
} from '../list/listed-profile.ts';
import { callsOfNumber, SUB_ARCHITECTURES } from '../list/machines.ts';
import { conditionsIn } from './conditions.ts';
import { SECTIONS, SEEM_NARROWER } from './sections.ts';

const EACCES = errnoNumber('EACCES')!;
const MNT_FORCE = 1n;
/** The key of a container's configuration that names the socket of the process that answers. */
const LISTENER = 'lxc.seccomp.notify.proxy';
const KIND = /^(?:allowlist|whitelist|denylist|blacklist)(?![a-z])/;

/** What a policy of LXC says; undefined where the first two lines are none of one. Source: LXC's seccomp.c. */
export function readLxc(text: string): CarrierReading | undefined {
  const lines = linesOf(text);
  const first = lines.findIndex((line) => line.text.trim() !== '');
  const version = lines[first]?.text.trim();
  const kind = lines[first + 1];
  if (!kind || (version !== '1' && version !== '2') || !KIND.test(kind.text)) return undefined;
  const faults = new ListFaults();
  const rest = lines.slice(first + 2);
  const profile = version === '1' ? firstVersion(kind, rest, faults) : secondVersion(kind, rest, faults);
  return {
    profiles: profile ? [{ name: 'lxc', tree: profileTree(profile), diagnostics: [] }] : [],
    diagnostics: faults.all,
  };
}

/** Numbers of the machine's own ABI, which are allowed. */
function firstVersion(kind: Line, lines: readonly Line[], faults: ListFaults): ListedProfile | undefined {
  const span = spanIn(kind, 0, kind.text.length);
  if (!/^(?:allow|white)list/.test(kind.text))
    return faults.syntax('version 1 knows only an allowlist', span);
  const calls = lines.flatMap((line): ListedCall[] => {
    const word = trimmedIn(line);
    if (word.value === '') return [];
    if (!/^\d{1,6}$/.test(word.value))
      return faults.syntax(`${quote(word.value)} is no number of a system call`, word.span) ?? [];
    const known = callsOfNumber(Number(word.value));
    if (known.length === 0)
      faults.warn(
        'list-inexpressible',
        `no machine has a system call with the number ${word.value}`,
        word.span,
      );
    return known.map(({ native, name }) => ({
      name: { value: name, span: word.span },
      action: { name: 'ALLOW', span: word.span },
      native,
    }));
  });
  return { byDefault: { name: 'KILL', span }, calls, span };
}

function secondVersion(kind: Line, lines: readonly Line[], faults: ListFaults): ListedProfile | undefined {
  const isDenyList = /^(?:deny|black)list/.test(kind.text);
  const span = spanIn(kind, 0, kind.text.length);
  const blank = kind.text.indexOf(' ');
  const written = blank < 0 ? undefined : actionIn(kind, blank + 1, faults);
  const byDefault: ListedAction = written ?? { name: isDenyList ? 'ALLOW' : 'KILL', span };
  const usual: ListedAction = { name: isDenyList ? 'KILL' : 'ALLOW', span };
  const calls: ListedCall[] = [];
  let natives: readonly AbiName[] | 'all' = 'all';
  for (const line of lines) {
    if (line.text.startsWith('#') || line.text.trim() === '') continue;
    if (line.text.startsWith('[')) natives = sectionIn(line, faults);
    else
      for (const call of callIn(line, usual, faults))
        calls.push(...(natives === 'all' ? [call] : natives.map((native) => ({ ...call, native }))));
  }
  const asked = calls.find(({ action }) => action.name === 'NOTIFY');
  if (asked)
    faults.warn('list-elsewhere', `who answers is not said here, but by ${LISTENER}`, asked.action.span);
  return { byDefault, calls, subArchitectures: SUB_ARCHITECTURES, listener: LISTENER, span };
}

/** The machines that a section is for. */
function sectionIn(line: Line, faults: ListFaults): readonly AbiName[] | 'all' {
  const word = trimmedIn(line);
  const [, name] = /^\[(\w+)\]$/.exec(word.value.toLowerCase()) ?? [];
  if (name === undefined || !Object.hasOwn(SECTIONS, name)) {
    faults.error(
      'unknown-architecture',
      `LXC has no section ${quote(word.value)}`,
      word.span,
      'such as [all]',
    );
    return 'all';
  }
  if (SEEM_NARROWER.has(name))
    faults.warn(
      'list-ignored',
      `LXC reads [${name}] as: on machines that have this ABI; its calls count for all ABIs of the machine`,
      word.span,
    );
  return SECTIONS[name];
}

/** A line such as "mount errno 1" or "socket errno 97 [0,40,SCMP_CMP_EQ]". */
function callIn(line: Line, usual: ListedAction, faults: ListFaults): ListedCall[] {
  const end = line.text.indexOf(' ');
  const name: Spanned<string> = {
    value: end < 0 ? line.text : line.text.slice(0, end),
    span: spanIn(line, 0, end < 0 ? line.text.length : end),
  };
  if (name.value.startsWith('reject_force_umount'))
    return [
      {
        name: { value: 'umount2', span: name.span },
        action: { name: 'ERRNO', errno: EACCES, span: name.span },
        conditions: [
          { argument: 1, operator: 'MASKED_EQ', value: MNT_FORCE, valueTwo: MNT_FORCE, span: name.span },
        ],
      },
    ];
  const action = end < 0 ? undefined : actionIn(line, end + 1, faults);
  const conditions = conditionsIn(line, faults);
  if (!conditions || !faults.knows(name, 'LXC')) return [];
  if (multiplexed(name.value))
    faults.warn(
      'list-inexpressible',
      `on x86, where ${name.value} may go through another call, LXC leaves it out, and a profile cannot`,
      name.span,
    );
  return [{ name, action: action ?? { ...usual, span: name.span }, conditions }];
}

/** The action that a line goes on with; undefined where there is none, or a faulty one. */
function actionIn(line: Line, from: number, faults: ListFaults): ListedAction | undefined {
  let start = from;
  while (line.text[start] === ' ') start++;
  const [, word, errno] = /^([a-z]*)(?: *(\d{1,5}))?/.exec(line.text.slice(start))!;
  const span = spanIn(line, start, start + Math.max(1, word.length));
  if (word.startsWith('kill')) return { name: 'KILL', span };
  if (word.startsWith('errno'))
    return errno === undefined
      ? faults.error('bad-errno', 'errno needs a number', span, 'such as errno 1')
      : { name: 'ERRNO', errno: Number(errno), span: spanIn(line, start, start + word.length) };
  if (word.startsWith('allow')) return { name: 'ALLOW', span };
  if (word.startsWith('trap')) return { name: 'TRAP', span };
  if (word.startsWith('notify')) return { name: 'NOTIFY', span };
  if (line.text[start] === undefined || line.text[start] === '#') return undefined;
  const said = trimmedIn(line, start);
  return faults.error(
    'unknown-action',
    `LXC has no action ${quote(said.value)}`,
    said.span,
    'it has kill, errno N, trap, allow and notify',
  );
}
