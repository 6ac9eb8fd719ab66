#!/bin/bash
# git clone of a local repository, by plain path and by file:// URL.
# Steps: clone-path, clone-file.
. "$(dirname "$0")/common.sh" git-clone "$@"

unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'

# one packed commit with similar files (deltas), one loose
source=$data/source
source_git() { git -C "$source" "$@" >>"$log" 2>&1 || fail "making the source: git $1"; }
git init -q -b main "$source" >>"$log" 2>&1 || fail 'making the source: git init'
mkdir "$source/dir"
for i in $(seq 40); do seq "$i" 500 >"$source/dir/$i"; done
ln -s dir/1 "$source/link"
source_git add .
source_git commit -q -m first
source_git tag -a -m tagged v1
source_git gc -q
printf '#!/bin/sh\necho cloned\n' >"$source/script"
chmod +x "$source/script"
source_git add .
source_git commit -q -m second

same_head() { [ "$(git -C "$1" rev-parse HEAD v1)" = "$(git -C "$source" rev-parse HEAD v1)" ]; }
check_clone() { # STEP
    check "$1: same commits" same_head "$data/$1"
    check "$1: same files" diff -r --no-dereference -x .git "$source" "$data/$1"
    equal "$1: checked-out script runs" cloned "$("$data/$1/script")"
    check "$1: fsck" git -C "$data/$1" fsck --strict --no-progress
}

run clone-path git clone "$source" "$data/clone-path"
check_clone clone-path
run clone-file git clone "file://$source" "$data/clone-file"
check_clone clone-file
pass
