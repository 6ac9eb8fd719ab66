# Shared by the program scripts; sourced as `. common.sh NAME "$@"`.
#
# Usage of every script:  NAME.sh WORKDIR [WRAP...]
#   WRAP...  command prefix put before each run of the program under test.
#            It runs with WORKDIR as its current directory.  A script that runs
#            the program more than once calls WRAP once per step; the text
#            @STEP@ in any word of WRAP becomes the name of the step.
# The program's data and output are in WORKDIR/NAME (made anew by each run), its
# output and WRAP's in WORKDIR/NAME/log.
# Exit: 0 every check passed; 1 a check failed (named on stderr); 2 usage.
set -u
umask 022
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH   # Debian's binaries before any shims
export PATH LC_ALL=C
LIMIT=180                                  # seconds, for any one run of the program

NAME=$1
shift
[ $# -ge 1 ] || { echo "usage: $NAME.sh WORKDIR [WRAP...]" >&2; exit 2; }
work=$1
shift
WRAP=("$@")
case ${1-} in /*) ;; */*) WRAP[0]=$PWD/$1 ;; esac

mkdir -p "$work" && work=$(CDPATH= cd "$work" && pwd) && cd "$work" || exit 2
data=$work/$NAME log=$work/$NAME/log pid=
rm -rf "$data" && mkdir "$data" && : >"$log" || exit 2
[ "$(id -u)" != 0 ] || chmod a+x "$work"   # nginx and postgres leave uid 0
exec </dev/null

# timeout puts what it runs in a process group of its own, numbered like its pid.
group_ends() { # SECONDS: wait that long for the group to be empty
    local end=$((SECONDS + $1))
    while kill -0 -- "-$pid" 2>/dev/null; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

end_group() { # nothing outlives the script; TERM first: postgres frees its shared memory
    [ -n "$pid" ] || return
    kill -TERM -- "-$pid" 2>/dev/null
    group_ends 3 || kill -KILL -- "-$pid" 2>/dev/null
}
trap end_group EXIT
trap 'exit 1' HUP INT TERM

fail() { # CHECK: name the check that failed, show the log's end, exit
    echo "FAIL $NAME: $1" >&2
    tail -n 20 "$log" >&2
    exit 1
}

pass() { echo "ok $NAME"; exit 0; }

check() { # CHECK COMMAND...: fail unless COMMAND succeeds
    local what=$1
    shift
    "$@" || fail "$what"
}

equal() { # CHECK WANTED GOT
    [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}

start() { # STEP COMMAND...: start COMMAND wrapped in the background; sets pid
    timeout -k 5 "$LIMIT" "${WRAP[@]//@STEP@/$1}" "${@:2}" >>"$log" 2>&1 &
    pid=$!
}

ended() { # WHAT [STATUS]: wait for what start started; fail unless it exits STATUS
    local rc
    wait "$pid"
    rc=$?
    group_ends 5 || fail "$1 left processes behind"
    pid=
    [ $rc = "${2-0}" ] || fail "$1 exited with status $rc"
}

run() { # STEP COMMAND...: run COMMAND wrapped to its end; stdin is the caller's
    timeout -k 5 "$LIMIT" "${WRAP[@]//@STEP@/$1}" "${@:2}" <&0 >>"$log" 2>&1 &
    pid=$!
    ended "$1"
}

wait_until() { # CHECK COMMAND...: retry COMMAND for 60 s while the program lives
    local what=$1 end=$((SECONDS + 60))
    shift
    until "$@" 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || { wait "$pid"; fail "$what: the program ended with status $?"; }
        [ $SECONDS -lt $end ] || fail "$what: gave up waiting"
        sleep 0.1
    done
}

port_open() { (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

wait_for_port() { wait_until "listening on port $1" port_open "$1"; }

free_port() { # print a free port, below the ephemeral range
    local p
    while p=$((20000 + RANDOM % 12000)); port_open $p; do :; done
    echo $p
}

listener() { # print the pid that listens on $port and is no child of another such
    local inode all p
    inode=$(awk -v end=":$(printf %04X "$port")\$" '$2 ~ end && $4 == "0A" {print $10}' /proc/net/tcp)
    all=" $(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | cut -d/ -f3 | tr '\n' ' ')"
    for p in $all; do
        case $all in
            *" $(awk '$1 == "PPid:" {print $2}' "/proc/$p/status") "*) ;;
            *) echo "$p"; return ;;
        esac
    done
}

stop() { # SIGNAL [STATUS]: signal the server itself (WRAP need not pass it on), wait
    local target end=$((SECONDS + 30))
    target=$(listener)
    kill -"$1" "${target:-$pid}" 2>/dev/null || fail "the server was gone before SIG$1"
    while kill -0 "$pid" 2>/dev/null; do
        [ $SECONDS -lt $end ] || fail "the server did not stop on SIG$1"
        sleep 0.1
    done
    ended "the server" "${@:2}"
}

http() { curl -q -sS --noproxy '*' --max-time 20 "$@" 2>>"$log"; }
