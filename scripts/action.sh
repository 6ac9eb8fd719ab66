#!/usr/bin/env bash
# What action.yml runs: callgate lint, and callgate gate where there is a base. Everything from outside comes in variables,
# and goes to callgate as the value of an option or behind "--". Ends with 0, 1 or 2, as callgate does.
set -uo pipefail

callgate=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
work=$(mktemp -d)
status=0
options=()
names=()
prefix=
sarif=

main() {
  trap finish EXIT
  prepare
  enter_repository
  read_inputs
  lint
  if [ -n "$INPUT_BASE$PULL_REQUEST_BASE" ]; then gate; fi
}

# Tells what the outcome is, whatever has happened.
finish() {
  printf 'status=%s\n' "$status" >>"${GITHUB_OUTPUT:-/dev/null}"
  rm -rf "$work"
  exit "$status"
}

# An annotation without a place; GitHub takes the escaped characters for parts of the command.
tell_error() {
  local text=$2
  text=${text//'%'/'%25'}
  text=${text//$'\r'/'%0D'}
  printf '::error title=%s::%s\n' "$1" "${text//$'\n'/'%0A'}"
}

# What could not be done is said in the log and in the summary, where it stands indented: as it is, whatever it holds.
could_not() {
  status=2
  tell_error "$1" "$2"
  printf '### %s: could not do it\n\n%s\n\n' "$1" "    ${2//$'\n'/$'\n'    }" >>"$summary"
}

give_up() {
  could_not callgate "$1"
  exit
}

prepare() {
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a === 20 && +b >= 19) ? 0 : 1)' ||
    give_up 'this needs Node 20.19 or newer: put actions/setup-node before it'
  [ -f "$callgate/packages/cli/dist/main.cjs" ] && return
  echo '::group::callgate is built'
  sh "$callgate/scripts/install-cli.sh" || give_up 'callgate could not be built; the log says why'
  echo '::endgroup::'
}

# To the top of the repository, because GitHub knows files by their paths from there.
enter_repository() {
  cd -- "$INPUT_WORKING_DIRECTORY" || give_up "there is no folder $INPUT_WORKING_DIRECTORY"
  # The first line alone, because it is an output, too.
  sarif=$(from_here "${INPUT_SARIF%%$'\n'*}" "$PWD/")
  local top
  top=$(git rev-parse --show-toplevel 2>/dev/null) || return
  prefix=$(git rev-parse --show-prefix)
  cd -- "$top" || give_up "cannot enter $top"
}

# A path behind a folder; nothing for nothing.
from_here() {
  case $1 in
    '' | /* | git:*) printf '%s' "$1" ;;
    *) printf '%s' "$2$1" ;;
  esac
}

read_inputs() {
  local name
  # Spaces around a name are taken off.
  while read -r name; do
    name=${name%$'\r'}
    if [ -n "$name" ]; then names+=("$(from_here "$name" "$prefix")"); fi
  done <<<"$INPUT_PROFILES"
  [ "${#names[@]}" -gt 0 ] || give_up 'the input "profiles" names none'
  option config "$(from_here "$INPUT_CONFIG" "$prefix")"
  option runtime "$INPUT_RUNTIME"
  option kernel "$INPUT_KERNEL"
  option arch "$INPUT_ARCH"
  option caps "$INPUT_CAPS"
}

option() {
  if [ -n "$2" ]; then options+=("--$1=$2"); fi
}

lint() {
  judge lint "$INPUT_FAIL_ON" -- "${names[@]}"
  [ -n "$sarif" ] || return
  rm -f -- "$sarif"
  run lint --format=sarif --output="$sarif" -- "${names[@]}" 2>/dev/null
  if [ -f "$sarif" ]; then printf 'sarif=%s\n' "$sarif" >>"${GITHUB_OUTPUT:-/dev/null}"; fi
}

gate() {
  local base name
  base=$(base_commit) || {
    could_not 'callgate gate' 'the base is not in this checkout: give actions/checkout the input "fetch-depth: 0"'
    return
  }
  for name in "${names[@]}"; do judge gate "$INPUT_GATE_FAIL_ON" -- "git:$base:./$name" "$name"; done
}

base_commit() {
  if [ -n "$INPUT_BASE" ]; then
    commit "$INPUT_BASE" || commit "origin/$INPUT_BASE"
  elif [ "$(commit HEAD)" = "${GITHUB_SHA:-}" ] && commit HEAD^2 >/dev/null; then
    # GitHub has merged the pull request for this run: the first parent is what it was merged into.
    commit HEAD^1
  else
    git merge-base "$PULL_REQUEST_BASE" HEAD 2>/dev/null || commit "$PULL_REQUEST_BASE"
  fi
}

commit() {
  git rev-parse --verify --quiet --end-of-options "$1^{commit}"
}

# judge VERB FAIL-ON ARGUMENT…: one verb, with annotations in the log and a table in the summary.
judge() {
  local verb=$1 reason=$2 ended
  shift 2
  if [ "$reason" != never ]; then set -- "--fail-on=$reason" "$@"; fi
  run "$verb" --format=github "$@" >"$work/found" 2>"$work/said"
  ended=$?
  if [ "$ended" -gt 2 ] || { [ "$ended" -eq 2 ] && [ ! -s "$work/found" ]; }; then
    could_not "callgate $verb" "$(cat "$work/said")"
    return
  fi
  show_new <"$work/found"
  run "$verb" --format=markdown "$@" 2>/dev/null >>"$summary"
  echo >>"$summary"
  if [ "$ended" -eq 1 ] && [ "$reason" = never ]; then ended=0; fi
  if [ "$ended" -gt "$status" ]; then status=$ended; fi
  say_outcome "$verb" "$reason" "$ended"
}

run() {
  local verb=$1
  shift
  node "$callgate/packages/cli/bin/callgate.js" "$verb" "${options[@]}" "$@"
}

# Annotations that were not shown yet: what gate calls new, lint has found, too, and GitHub shows few.
show_new() {
  touch "$work/shown"
  tee "$work/now" | grep -vxF -f "$work/shown"
  grep '^::' "$work/now" >>"$work/shown"
}

say_outcome() {
  case $3 in
    0) echo "callgate $1: passed" ;;
    1) echo "callgate $1: failed for what it found (fail on: $2)" ;;
    2) echo "callgate $1: not everything could be judged" ;;
  esac
}

main
