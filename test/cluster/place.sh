# shellcheck shell=bash
# Where clusters live: one folder each, below PLACE, with everything that is theirs.

place() {
  # Many systems mount /run noexec; our plugins could not be loaded from there.
  if [[ ,$(findmnt --noheadings --output OPTIONS --target /run), == *,noexec,* ]]; then
    echo /var/lib/dyn-slurm-cluster
  else
    echo /run/dyn-slurm-cluster
  fi
}

# lock_place: sets PLACE, and holds it until the script ends, so that ups and downs come one after the other.
lock_place() {
  PLACE=$(place)
  while :; do
    mkdir -p "$PLACE"
    [[ -O $PLACE && ! -L $PLACE ]] || {
      echo "$PLACE belongs to someone else" >&2
      return 1
    }
    exec 9<"$PLACE"
    flock 9
    # The last cluster that went down takes the folder with it.
    [[ ! $PLACE -ef /proc/self/fd/9 ]] || return 0
  done
}

make_place() {
  local folder
  for folder in etc/{all/slurm,node,login/pam.d,laptop} ssh home laptop slurm log lib gpus ctl munge containers roots \
    cgroup/freezer freezer node-bin tools shared; do
    mkdir -p "$STATE/$folder"
  done
  chmod 1777 "$STATE/containers" "$STATE/roots" "$STATE/shared"
  PACKAGE_ROOT=$(cd "$HERE/../.." && pwd)
  choose_subnet
  choose_freezer
  choose_tools
}

# save: for the other scripts. Holds the passwords.
save() {
  local name
  for name in NAME NODES GPUS KILL_WAIT SLURMD_TIMEOUT DOMAIN ACCOUNTING ROOT STATE PACKAGE_ROOT TOOLS PYTHON_PREFIX FREEZER SUBNET HOST_LINK \
    PASSWORD CODE PASSPHRASE; do
    printf '%s=%q\n' "$name" "${!name}"
  done >"$STATE/cluster.part"
  chmod 600 "$STATE/cluster.part"
  mv "$STATE/cluster.part" "$STATE/cluster.env"
}

# choose_freezer: sets FREEZER, the folder of this cluster among the freezer cgroups, or nothing where there are none.
choose_freezer() {
  FREEZER=''
  [[ $PROCTRACK == cgroup ]] || return 0
  # shellcheck disable=SC2016
  if unshare --mount bash -c 'mount -t cgroup -o freezer none "$1" && mkdir -p "$1/$2"' choose_freezer \
    "$STATE/freezer" "dyn-slurm-$NAME" 2>/dev/null; then
    FREEZER=dyn-slurm-$NAME
  fi
}

choose_tools() {
  [[ -n $TOOLS ]] || TOOLS=$(find "${XDG_CACHE_HOME:-$HOME/.cache}/dyn-slurm" -maxdepth 2 -path '*/tools-*/stamp.json' \
    -printf '%T@ %h\n' 2>/dev/null | sort -n | tail -n 1 | cut -d ' ' -f 2-)
  PYTHON_PREFIX=''
  # shellcheck disable=SC2034 # save writes it
  [[ -z $TOOLS ]] || PYTHON_PREFIX=$(dirname "$(dirname "$(readlink -f "$TOOLS/venv/bin/python")")")
}

# What nodes have in /usr/local/bin, as if it were installed there: the tools, and a python3 whose engines are mockers.
write_node_tools() {
  local name uid
  [[ -n $TOOLS ]] || return 0
  while read -r name uid _; do
    mkdir -p "$STATE/tools/$name/home"
    ln -s "$TOOLS/bin" "$TOOLS/venv" "$STATE/tools/$name/"
    chown "$uid:$uid" "$STATE/tools/$name/home"
  done <<<"$PEOPLE
root 0"
  ln -s "$TOOLS"/bin/* "$STATE/node-bin/"
  # Steps inherit the environment of the job's first node, so each node says its own address here.
  printf '#!/bin/sh\nDYN_SLURM_TOOLS=%q/tools/$(id -un) DYN_SLURM_NODE_ADDR=$(hostname -i) exec %q "$@"\n' \
    "$STATE" "$PACKAGE_ROOT/rehearsal/node-bin/python3" >"$STATE/node-bin/python3"
  chmod 755 "$STATE/node-bin/python3"
}

write_profiles() {
  local path=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
  echo "export PATH=$path" >"$STATE/etc/node/profile"
  echo "setenv PATH $path" >"$STATE/etc/node/csh.cshrc"
}

build_plugins() {
  local -a gcc=(gcc -O1 -fPIC -shared ${ROOT:+"--sysroot=$ROOT"})
  "${gcc[@]}" -o "$STATE/lib/pyxis.so" "$HERE/plugins/pyxis.c"
  "${gcc[@]}" -o "$STATE/lib/pam_code.so" "$HERE/plugins/pam_code.c" -lpam
}

# take_down: ends every process of the cluster, and removes what it left. Safe to repeat.
take_down() {
  local folder
  local -a boxes=()
  for folder in "$STATE"/boxes/*/; do
    [[ ! -d $folder ]] || boxes+=("$(basename "$folder")")
  done
  stop_box "${boxes[@]}"
  # The cable goes with the hub's network, a moment later.
  while [[ -e /sys/class/net/${HOST_LINK:-none} ]]; do sleep 0.02; done
  # shellcheck disable=SC2016
  [[ -z ${FREEZER:-} ]] || unshare --mount bash -c 'mount -t cgroup -o freezer none "$1" &&
    find "$1/$2" -depth -type d -exec rmdir {} +' take_down "$STATE/freezer" "$FREEZER"
  rm -rf --one-file-system "$STATE"
  rmdir --ignore-fail-on-non-empty "$PLACE"
}
