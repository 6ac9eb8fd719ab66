import { basename } from 'node:path';

/** A program that becomes another one: its options that take the next word, and how many words stand before the other program. */
interface Wrapper {
  readonly valued: readonly string[];
  readonly before?: number;
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  sudo: {
    valued: words(
      '-C -D -g -h -p -R -r -T -t -U -u --chdir --chroot --group --host --prompt --role --type --user',
    ),
  },
  doas: { valued: words('-C -u') },
  env: { valued: words('-C -u --chdir --unset') },
  nice: { valued: words('-n --adjustment') },
  nohup: { valued: [] },
  setsid: { valued: [] },
  exec: { valued: words('-a') },
  command: { valued: [] },
  time: { valued: words('-f -o --format --output') },
  timeout: { valued: words('-k -s --kill-after --signal'), before: 1 },
  stdbuf: { valued: words('-e -i -o --error --input --output') },
  ionice: { valued: words('-c -n --class --classdata') },
  chrt: { valued: words('-D -P -T'), before: 1 },
  taskset: { valued: [], before: 1 },
  setpriv: { valued: words('--ambient-caps --bounding-set --groups --inh-caps --pdeathsig --regid --reuid') },
  strace: { valued: words('-a -b -E -e -I -O -o -P -p -S -s -U -u -X') },
  ltrace: { valued: words('-a -A -D -e -F -l -n -o -p -s -u -w -x') },
  unbuffer: { valued: [] },
};
const SHELLS: readonly string[] = ['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh'];
/** Wrappers of wrappers: no real command has more. */
const DEEPEST = 16;

function words(text: string): string[] {
  return text.split(' ');
}

/** Where the program stands that a command runs in the end: behind sudo, env, timeout and the like. */
export function innermostAt(command: readonly string[]): number {
  let at = 0;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const name = basename(command[at] ?? '');
    if (!Object.hasOwn(WRAPPERS, name)) break;
    const next = behind(command, at + 1, WRAPPERS[name]);
    if (next === undefined) break;
    at = next;
  }
  return at;
}

/** The first word behind a wrapper's options, assignments and own arguments; undefined where there is none. */
function behind(
  command: readonly string[],
  from: number,
  { valued, before = 0 }: Wrapper,
): number | undefined {
  let own = before;
  for (let at = from; at < command.length; at++) {
    const word = command[at];
    if (word === '--') continue;
    if (valued.includes(word)) at++;
    else if (word.startsWith('-') || /^[A-Za-z_]\w*=/.test(word)) continue;
    else if (own > 0) own--;
    else return at;
  }
  return undefined;
}

/** The commands of a script that a shell is given as a word, split at blanks: enough to see which programs they are. */
export function scriptedCommands(command: readonly string[]): string[][] {
  const [shell, ...rest] = command;
  if (!SHELLS.includes(basename(shell ?? ''))) return [];
  const flag = rest.findIndex((word) => /^-[a-z]*c$/.test(word));
  const script = flag < 0 ? undefined : rest[flag + 1];
  if (script === undefined) return [];
  return script
    .slice(0, LONGEST_SCRIPT)
    .split(/[;&|\n(){}]/)
    .map((line) => line.split(/[ \t'"]/).filter((word) => word !== ''))
    .filter((line) => line.length > 0);
}

const LONGEST_SCRIPT = 65_536;
