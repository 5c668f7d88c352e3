#!/usr/bin/env bash
# Process 1 of a box, in namespaces of its own: `box-init.sh STATE NAME`. It lays the box's view of the file system over
# the machine's, says that it is there, and collects orphans until the box is switched off.
set -euo pipefail

# shellcheck source=/dev/null
. "$1/cluster.env"
name=$2
# /proc is still the machine's here, so this is the pid by which the machine knows this box.
read -ra self </proc/self/stat
kept=("$STATE" "$PACKAGE_ROOT")
[[ -z $TOOLS ]] || kept+=("$TOOLS" "$PYTHON_PREFIX")

# cover FOLDER [SOURCE]: lays SOURCE, or an empty file system, over FOLDER, except for what the box must still see.
cover() {
  local path fd
  local -A open=()
  for path in "${kept[@]}"; do
    [[ $path == "$1"/* ]] || continue
    exec {fd}<"$path"
    open[$path]=$fd
  done
  if [[ -n ${2:-} ]]; then
    mount --bind "$2" "$1"
  else
    mount -t tmpfs -o mode=755 none "$1"
  fi
  for path in "${!open[@]}"; do
    fd=${open[$path]}
    mkdir -p "$path"
    mount --no-canonicalize --bind "/proc/self/fd/$fd" "$path"
    exec {fd}<&-
  done
}

# change_root: the box sees another Debian, which it may write to without changing it.
change_root() {
  local path new=$STATE/boxes/$name/root
  mkdir -p "$new"/{upper,work,all}
  mount -t overlay -o "lowerdir=$ROOT,upperdir=$new/upper,workdir=$new/work" none "$new/all"
  new+=/all
  kept+=("$(command -v node)")
  for path in "${kept[@]}"; do
    if [[ -d $path ]]; then mkdir -p "$new$path"; else install -D /dev/null "$new$path"; fi
    mount --bind "$path" "$new$path"
  done
  for path in dev proc sys; do mount --rbind "/$path" "$new/$path"; done
  mkdir -p "$new/old"
  cd "$new"
  pivot_root . old
  umount --lazy /old
  # Programs are elsewhere there.
  hash -r
}

# Slurm ends a step by its freezer cgroup, whose path holds no node name: each box needs a subtree of its own.
own_freezer() {
  local mine="$STATE/freezer/$FREEZER/$name"
  mount -t cgroup -o freezer none "$STATE/freezer"
  mkdir -p "$mine"
  echo 0 >"$mine/cgroup.procs"
  mount --bind "$mine" "$STATE/cgroup/freezer"
}

# etc LAYER...: lays folders of STATE/etc over /etc, the first on top. Mounts on its files would go whenever a package
# manager replaced them.
etc() {
  local layer lower=''
  for layer in "$@"; do lower+=$STATE/etc/$layer:; done
  mount -t overlay -o "lowerdir=$lower/etc" none /etc
}

hostname "$name"
[[ -z $ROOT ]] || change_root
case $name in
  # Outside of the cluster: it shares neither homes nor Slurm's configuration.
  laptop)
    etc laptop all
    kept=("$PACKAGE_ROOT" "$STATE/boxes/laptop")
    cover /home "$STATE/laptop"
    ;;
  node*)
    etc node all
    mount -t overlay -o "lowerdir=$STATE/node-bin:/usr/local/bin" none /usr/local/bin
    ;;
  login)
    etc login all
    ;;
  *)
    etc all
    ;;
esac
if [[ $name != laptop ]]; then
  mount --bind "$STATE/slurm" /etc/slurm
  cover /home "$STATE/home"
fi
if [[ $name != hub ]]; then
  mkdir -p "$STATE/boxes/$name/tmp"
  chmod 1777 "$STATE/boxes/$name/tmp"
  cover /tmp "$STATE/boxes/$name/tmp"
  cover /root
  cover /run
  mkdir -p /run/sshd
fi
if [[ $name == node* ]]; then
  mkdir -p "$STATE/boxes/$name/spool"
fi
mount -t tmpfs -o mode=1777 none /dev/shm
[[ $name != node* || -z $FREEZER ]] || own_freezer
ip link set lo up

# The 22nd field, the start time, tells this process from a later one with the same pid.
printf '%s %s\n' "${self[0]}" "${self[21]}" >"$STATE/boxes/$name/init.part"
mv "$STATE/boxes/$name/init.part" "$STATE/boxes/$name/init"
# shellcheck disable=SC2016
exec unshare --cgroup bash -c 'mount -t proc proc /proc; while :; do sleep infinity & wait; done'
