# shellcheck shell=bash
# A box: one "machine" of the cluster, made of namespaces (network, host name, mounts, processes, IPC). Killing its
# process 1 ends every process in it, and with them its mounts and network. Nothing is named on the machine itself.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# start_box NAME: returns at once; await_box waits for it. Descriptor 9 holds the lock of up.sh.
start_box() {
  mkdir -p "$STATE/boxes/$1"
  rm -f "$STATE/boxes/$1/init"
  setsid --fork unshare --mount --net --uts --ipc --pid --fork --kill-child -- \
    "$HERE/box-init.sh" "$STATE" "$1" </dev/null >>"$STATE/boxes/$1/log" 2>&1 9>&-
}

await_box() {
  local try
  for ((try = 0; try < 500; try++)); do
    [[ ! -s $STATE/boxes/$1/init ]] || return 0
    sleep 0.02
  done
  echo "box $1 does not come up: $(tail -n 3 "$STATE/boxes/$1/log")" >&2
  return 1
}

# box_pid NAME: prints the pid of a box's process 1; fails when the box is not running.
box_pid() {
  local pid started
  local -a now
  read -r pid started 2>/dev/null <"$STATE/boxes/$1/init" || return 1
  read -ra now 2>/dev/null <"/proc/$pid/stat" || return 1
  [[ ${now[21]} == "$started" ]] && echo "$pid"
}

# enter NAME COMMAND...: runs a command as root in a box.
enter() {
  local pid
  pid=$(box_pid "$1") || {
    echo "box $1 is not running" >&2
    return 1
  }
  shift
  nsenter --target "$pid" --mount --net --uts --ipc --pid --cgroup -- "$@" 9>&-
}

# stop_box NAME...: ends boxes at once and waits until they are gone.
stop_box() {
  local name pid
  local -a pids=()
  for name in "$@"; do
    if pid=$(box_pid "$name"); then
      kill -KILL "$pid"
      pids+=("$pid")
    fi
    rm -f "$STATE/boxes/$name/init"
  done
  for pid in "${pids[@]}"; do
    while [[ -d /proc/$pid ]]; do sleep 0.01; done
  done
}
