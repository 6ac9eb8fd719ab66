import { startTimeOf } from '../process/processes.ts';

/** A process, told from another one that has its number later. */
export interface Root {
  readonly pid: number;
  /** In clock ticks since boot, as /proc/PID/stat has it. */
  readonly started: string;
}

export function rootOf(pid: number): Root | undefined {
  const started = startTimeOf(pid);
  return started === undefined ? undefined : { pid, started };
}

/**
 * A shell's script that kills the process $1, which started at $2, and its descendants. They are stopped first, generation by
 * generation, so that none of them starts another meanwhile. Behind the name, a stat file has: 1 state, 2 parent, … 20 start.
 */
const SCRIPT = `
read -r stat <"/proc/$1/stat" || exit
root=$1 started=$2
set -- \${stat##*) }
[ "\${20}" = "$started" ] || exit
kill -STOP "$root"
all=$root parents=$root
while [ -n "$parents" ]; do
  children=
  for file in /proc/[0-9]*/stat; do
    read -r stat <"$file" || continue
    set -- \${stat##*) }
    case " $parents " in
      *" $2 "*) pid=\${file#/proc/} pid=\${pid%/stat}; kill -STOP "$pid"; children="$children $pid" ;;
    esac
  done
  all="$all $children" parents=$children
done
kill -KILL $all
`;

/** What to execute to kill a process with its descendants. */
export function treeKiller({ pid, started }: Root): readonly [file: string, ...argv: string[]] {
  return ['/bin/sh', 'sh', '-c', SCRIPT, 'sh', `${pid}`, started];
}
