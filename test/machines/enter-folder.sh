#!/bin/sh
# Runs a command in a folder that holds a Debian, which is / for it; nothing that it does changes the folder.
#   enter-folder.sh CGROUP SCRATCH FOLDER NODE PAYLOAD PROGRAMS COMMAND…
# CGROUP is a new folder of cgroup v2: all that begins in the machine lives below it, containers too, and ends with it.
# PROGRAMS may be empty, or a folder of programs that go before the folder's own.
# There is no pid namespace: callgate's eBPF programs see pids as the first one numbers them.
set -e
cgroup=$1 scratch=$2 folder=$3 node=$4 payload=$5 programs=$6
shift 6

if [ -z "$CALLGATE_ENTERED" ]; then
  echo 0 >"$cgroup/cgroup.procs"
  set -- "$cgroup" "$scratch" "$folder" "$node" "$payload" "$programs" "$@"
  # Engines see the machine's cgroup as the topmost one.
  CALLGATE_ENTERED=1 exec unshare --mount --cgroup --uts --ipc --propagation private sh "$0" "$@"
fi

mount -t tmpfs scratch "$scratch"
cd "$scratch"
mkdir changes work root
mount -t overlay -o "lowerdir=$folder,upperdir=$scratch/changes,workdir=$scratch/work" machine root
cd root

mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tracefs tracefs sys/kernel/tracing
mount -t devtmpfs dev dev
mount -t devpts -o ptmxmode=0666 devpts dev/pts
# Podman keeps its locks in /dev/shm; what else engines write must not lie on an overlay.
for own in dev/shm run tmp var; do mount -t tmpfs "callgate-$own" "$own"; done
mkdir -p var/lib var/tmp var/log run/lock

mkdir callgate
mount --bind "$payload" callgate
touch usr/local/bin/node
mount --bind "$node" usr/local/bin/node

if [ -n "$programs" ]; then mount --bind "$programs" usr/local/sbin; fi

# Only leaves of cgroup v2 may have both processes and controllers.
mkdir sys/fs/cgroup/contract
echo 0 >sys/fs/cgroup/contract/cgroup.procs

pivot_root . .
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
  /bin/busybox sh -c 'umount -l / && cd /callgate && exec "$@"' sh "$@"
