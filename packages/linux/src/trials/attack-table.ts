import type { Style } from '@callgate/engine/internal/report/style';
import { listed, plural } from '@callgate/engine/internal/report/words';
import { endWords } from './end-words.ts';
import type { AttackTrial, AttackWay, WayTrial } from './trial.ts';

/** The ones that people ask about, in the order in which they are shown. */
const SHOWN = [
  'user-namespace',
  'mount',
  'join-namespace',
  'host-files',
  'other-process',
  'bpf',
  'kernel-module',
  'io-uring',
  'userfaultfd',
  'keyring',
  'clock',
  'terminal-input',
  'make-directory',
  'setuid-file',
  'device-node',
];
const MOST_ROWS = 16;
const MOST_WORDS = 2;

/** What became of attacks, as a short table and two lines about all of them. */
export interface AttackTable {
  /** Cells, the titles first. */
  readonly rows: readonly (readonly string[])[];
  readonly summary: readonly [string, string];
}

/** The attacks that people ask about, and open ones; `isNeeded` says whether the profile allows a call on purpose. */
export function attackTable(
  trials: readonly AttackTrial[],
  isNeeded: (way: AttackWay) => boolean,
  style: Style,
): AttackTable {
  const known = SHOWN.flatMap((id) => trials.filter(({ attack }) => attack.id === id));
  const more = trials.filter((trial) => !known.includes(trial) && isOpen(trial, isNeeded));
  const shown = [...known.slice(0, MOST_ROWS - Math.min(more.length, 1)), ...more].slice(0, MOST_ROWS);
  return {
    rows: [
      ['', 'effect', 'calls', 'unconfined', 'confined', 'what it is for'],
      ...shown.map((trial) => rowOf(trial, isNeeded, style)),
    ],
    summary: summaryOf(trials, isNeeded, style),
  };
}

/** Whether a way is open that the profile does not mean to be. */
export function isOpen(trial: AttackTrial, isNeeded: (way: AttackWay) => boolean): boolean {
  return trial.ways.some(({ way, credit }) => credit === 'none' && !isNeeded(way));
}

type Verdict = 'stopped' | 'anyway' | 'needed' | 'open';

function verdictOf(trial: AttackTrial, isNeeded: (way: AttackWay) => boolean): Verdict {
  switch (trial.credit) {
    case 'profile':
      return 'stopped';
    case 'kernel':
      return 'anyway';
    case 'none':
      return isOpen(trial, isNeeded) ? 'open' : 'needed';
  }
}

function markOf(verdict: Verdict, style: Style): string {
  switch (verdict) {
    case 'stopped':
      return style.green('✓');
    case 'anyway':
      return style.dim('–');
    case 'needed':
      return style.yellow('·');
    case 'open':
      return style.red('✗');
  }
}

function rowOf(trial: AttackTrial, isNeeded: (way: AttackWay) => boolean, style: Style): string[] {
  const { attack, ways } = trial;
  const mark = markOf(verdictOf(trial, isNeeded), style);
  const ends = [unconfined(trial), confined(trial, isNeeded)];
  return [mark, attack.id, String(ways.length), ...ends, style.dim(attack.gain)];
}

/** What the kernel says without the profile. */
function unconfined({ ways, credit }: AttackTrial): string {
  return credit === 'kernel' ? said(ways, 'control') : 'passes';
}

function confined({ ways, credit }: AttackTrial, isNeeded: (way: AttackWay) => boolean): string {
  switch (credit) {
    case 'kernel':
      return 'refused anyway';
    case 'profile':
      return said(
        ways.filter((w) => w.credit === 'profile'),
        'confined',
      );
    case 'none': {
      const open = ways.filter((w) => w.credit === 'none');
      const unmeant = open.filter(({ way }) => !isNeeded(way));
      const names = [...new Set((unmeant.length > 0 ? unmeant : open).map(({ way }) => way.syscall))];
      const passes = `${listed(names, MOST_WORDS)} ${names.length === 1 ? 'passes' : 'pass'}`;
      return unmeant.length > 0 ? passes : `${passes}, needed`;
    }
  }
}

/** The different ends of calls: of those that the machine's own programs make, where there are any. */
function said(ways: readonly WayTrial[], which: 'control' | 'confined'): string {
  const own = ways.filter(({ way }) => way.abi === ways[0].way.abi);
  return listed([...new Set(own.map((trial) => endWords(trial[which])))], MOST_WORDS);
}

/** How many of the attacks ended in which way, after the marks of the rows. */
function summaryOf(
  trials: readonly AttackTrial[],
  isNeeded: (way: AttackWay) => boolean,
  style: Style,
): [string, string] {
  const calls = trials.reduce((sum, { ways }) => sum + ways.length, 0);
  const parts = (
    [
      ['stopped', 'stopped by the profile'],
      ['anyway', 'refused by the kernel anyway'],
      ['needed', 'open by a call that the program needs'],
      ['open', 'open'],
    ] as const
  ).flatMap(([verdict, words]) => {
    const number = trials.filter((trial) => verdictOf(trial, isNeeded) === verdict).length;
    return number === 0 ? [] : [`${markOf(verdict, style)} ${number} ${words}`];
  });
  const abis = listed([...new Set(trials.flatMap(({ ways }) => ways.map(({ way }) => way.abi)))]);
  const tried = `${plural(trials.length, 'effect')} tried by ${plural(calls, 'call')} of ${abis}`;
  return [`${tried}:`, parts.join(', ')];
}
