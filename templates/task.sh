# shellcheck shell=bash
# What runs on each node of a step: it finds its own rank and address, runs one command, and records how that ended.
# srun alone cannot tell: with --kill-on-bad-exit every task of a step ends with 143 once one of them has died.

umask 077
# shellcheck source=cause-line.sh
. "${BASH_SOURCE[0]%/*}/cause-line.sh" || exit 1
# shellcheck source=environment.sh
. "${BASH_SOURCE[0]%/*}/environment.sh" || exit 1
read -ra NODE <<<"$DYN_SLURM_NODES"
# An image or a preamble may have set these; only our own values count.
LOCAL_DIR='' FATAL='' SEVERAL=''
# 1 for a command that ends by itself.
ENDS=0
# What state/credentials may tell, as lines of NAME=VALUE in which \n is a line break.
LOGIN=({ETCD,NATS}_AUTH_{USERNAME,PASSWORD} ETCD_AUTH_{CA,CLIENT_CERT,CLIENT_KEY})
unset NODE_IP "${LOGIN[@]}"
# The command's environment beside what the step was started with, as NAME=VALUE: from the plan, and by the node's network.
ENVIRONMENT=() NETWORK=()
CGROUPS=/sys/fs/cgroup CGROUP=/proc/self/cgroup
# Seconds that a command has to end by itself after its last line.
LAST_WORDS=10
# By the plan's number, what a port that the job may move is now.
PORT=()

# bind STEP NODE_INDEX...: sets STEP, NODE_RANK and SELF_IP. Slurm numbers a step's nodes in its own order
# (https://slurm.schedmd.com/srun.html, --nodelist), so a task that is not where the plan put it must not start.
bind() {
  local here=${SLURMD_NODENAME:-unknown} index
  local -a planned=("${@:2}")
  STEP=$1
  NODE_RANK=${SLURM_NODEID:?not in a Slurm step}
  index=${planned[$NODE_RANK]}
  [[ ${here%%.*} == "${NODE[$index]%%.*}" ]] ||
    give_up "task $NODE_RANK of step $STEP runs on $here, the plan says ${NODE[$index]}"
  # srun names logs after the short hostname, which need not be the node's name in Slurm.
  LOG=$ATTEMPT_DIR/logs/$STEP.$here.log
  [[ -e $LOG ]] || LOG=$ATTEMPT_DIR/logs/$STEP.${HOSTNAME%%.*}.log
  # A worker that was restarted goes on in the log of its predecessor.
  LOG_START=0
  [[ ! -s $LOG ]] || LOG_START=$(stat -c %s "$LOG" 2>/dev/null || echo 0)
  await_binding
  # shellcheck disable=SC2034 # the step's own script uses it
  SELF_IP=${NODE_IP[$index]}
  use_network "${NODE_INTERFACE[$index]:--}"
  # etcd, NATS and frontends keep many connections open, and --propagate=NONE leaves us the node's low soft limit. Some
  # programs go through all that they may have, so "unlimited" is no good.
  ulimit -S -n 1048576 2>/dev/null || ulimit -S -n hard
  [[ ! -r $ATTEMPT_DIR/state/credentials ]] || read_credentials
}

# read_credentials: sets the variables of LOGIN, as far as they have been written.
read_credentials() {
  local line
  while IFS= read -r line; do
    [[ " ${LOGIN[*]} " != *" ${line%%=*} "* ]] || printf -v "${line%%=*}" %b "${line#*=}"
  done <"$ATTEMPT_DIR/state/credentials"
}

# use_network INTERFACE: sets the network for libraries that would otherwise guess one, unless it is set already. INTERFACE is
# that of SELF_IP, `-` where no interface stands for that address.
# - NCCL takes the beginning of a name without `=`: https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/env.html
# - UCX would leave RDMA alone if it were told an Ethernet interface, so it is only told where there is no RDMA.
# - Mooncake's transfer engine and its store have an address of their own each.
use_network() {
  NETWORK=("MC_TCP_BIND_ADDRESS=${MC_TCP_BIND_ADDRESS:-$SELF_IP}" "MOONCAKE_LOCAL_HOSTNAME=${MOONCAKE_LOCAL_HOSTNAME:-$SELF_IP}")
  [[ $1 != - ]] || return 0
  NETWORK+=("NCCL_SOCKET_IFNAME=${NCCL_SOCKET_IFNAME:-=$1}" "GLOO_SOCKET_IFNAME=${GLOO_SOCKET_IFNAME:-$1}"
    "NVSHMEM_BOOTSTRAP_UID_SOCK_IFNAME=${NVSHMEM_BOOTSTRAP_UID_SOCK_IFNAME:-$1}")
  compgen -G '/sys/class/infiniband/*' >/dev/null || NETWORK+=("UCX_NET_DEVICES=${UCX_NET_DEVICES:-$1}")
}

# bypass_proxy: traffic between the job's nodes never goes through a proxy of the site. Some programs read no_proxy, some
# NO_PROXY.
bypass_proxy() {
  local list='' word
  for word in "${ENVIRONMENT[@]}"; do
    [[ ${word,,} != no_proxy=* ]] || list+=${list:+,}${word#*=}
  done
  [[ -n $list ]] || list=${no_proxy:-}${NO_PROXY:+,$NO_PROXY}
  for word in localhost 127.0.0.1 ::1 "${NODE_IP[@]}" "${NODE[@]}" "${NODE[@]%%.*}"; do
    [[ ,$list, == *",$word,"* ]] || list+=,$word
  done
  ENVIRONMENT+=("no_proxy=${list#,}" "NO_PROXY=${list#,}")
}

# await_binding: sets NODE_IP, NODE_INTERFACE and PORT. A step that was launched while nodes were asked whether they are fit waits for that.
await_binding() {
  local pause=0.05 moved
  if [[ -n ${DYN_SLURM_NODE_IPS:-} ]]; then
    read -ra NODE_IP <<<"$DYN_SLURM_NODE_IPS"
    read -ra NODE_INTERFACE <<<"${DYN_SLURM_NODE_INTERFACES:-}"
  else
    trap 'record 143 1 ""; exit 1' TERM INT USR2
    until { read -ra NODE_IP && read -r DYN_SLURM_PORTS && read -ra NODE_INTERFACE; } <"$ATTEMPT_DIR/state/bound"; do
      sleep "$pause"
      ((SECONDS < 5)) || pause=0.3
    done 2>/dev/null
    trap - TERM INT USR2
  fi
  for moved in ${DYN_SLURM_PORTS:-}; do
    PORT[${moved%=*}]=${moved#*=}
  done
}

# make_local_dir PARENT: sets LOCAL_DIR, a fresh folder on the node's own disk that goes when the step ends.
make_local_dir() {
  LOCAL_DIR=$(mktemp -d "$1/dyn-slurm-${SLURM_JOB_ID:-0}-$STEP.XXXXXX") || give_up "cannot make a folder in $1"
}

# fill FILE [TO]: copies it from the run folder, by default into LOCAL_DIR, with ${NODE_IP[i]} and ${PORT[i]} replaced.
fill() {
  local text i
  text=$(<"$RUN_DIR/$1")
  for i in "${!NODE_IP[@]}"; do
    text=${text//"\${NODE_IP[$i]}"/${NODE_IP[$i]}}
  done
  for i in "${!PORT[@]}"; do
    text=${text//"\${PORT[$i]}"/${PORT[$i]}}
  done
  printf '%s\n' "$text" >"${2:-$LOCAL_DIR/${1##*/}}"
}

# await_servers ADDRESS:PORT...: until each answers at /health that it serves, for a command that gives up on those that do not.
await_servers() {
  local server
  trap 'record 143 1 ""; exit 1' TERM INT USR2
  for server in "$@"; do
    until says "$server" ' 200 ' $'GET /health HTTP/1.0\r\nHost: '"$server"$'\r\n\r\n'; do
      sleep 0.5
    done
  done
  trap - TERM INT USR2
}

# What a client without a password asks etcd.
ASK_ETCD=$'POST /v3/kv/range HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"key":"AAAA"}'

# await_services locked|tls|open ETCD_URL [NATS_URL]: all steps start at once, so these may not be there
# yet. A locked etcd is there once it asks for a password, which the job notes down then, as it does the certificate.
await_services() {
  local etcd=${2#*://} nats=${3:-} asks='user name is empty'
  [[ $1 != open ]] || asks='HTTP/1.'
  trap 'record 143 1 ""; exit 1' TERM INT USR2
  while [[ $1 != open && -z ${ETCD_AUTH_PASSWORD:-${ETCD_AUTH_CLIENT_KEY:-}} ]]; do
    sleep 0.05
    read_credentials
  done
  until { [[ $1 == tls ]] || says "$etcd" "$asks" "$ASK_ETCD"; } && { [[ -z $nats ]] || says "${nats#*://}" INFO; }; do
    sleep 0.1
  done
  trap - TERM INT USR2
}

# await_port ADDRESS:PORT: until somebody listens there.
await_port() {
  trap 'record 143 1 ""; exit 1' TERM INT USR2
  until (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; do sleep 0.1; done
  trap - TERM INT USR2
}

# says ADDRESS:PORT WORDS [REQUEST]: whether a line of the answer to the request, or of the greeting, contains WORDS.
says() (
  exec 3<>"/dev/tcp/${1%:*}/${1##*:}" && printf '%s' "${3:-}" >&3 || exit 1
  while IFS= read -r -t 2 line <&3 || [[ -n $line ]]; do
    [[ $line != *"$2"* ]] || exit 0
  done
  exit 1
) 2>/dev/null

# run COMMAND...: runs a command that must not end by itself. Even exit code 0 is a failure: the script then ends with 1, so that
# srun ends the step's other tasks.
run() {
  attend "$@" && exit 1
  exit
}

# complete COMMAND...: runs a command that ends by itself: with 0, no line of its log is a cause.
complete() {
  ENDS=1
  attend "$@"
  exit
}

# attend COMMAND...: runs it, passes on the signal to end, records how it ended, and returns its status.
attend() {
  local program child status=0 told=0 memory kills heeder=''
  bypass_proxy
  program=$(on_path "$1") || give_up "$1 is not on the PATH of this node"
  # TERM comes from scancel, USR2 from lib.sh through srun. Slurm sends them to this shell alone with proctrack/cgroup,
  # and to everything that the step started with proctrack/linuxproc; so the command ignores USR2, and gets TERM from here.
  trap '' USR2
  rm -f "$ATTEMPT_DIR/state/$STEP.$NODE_RANK.engine"
  memory=$(memory_cgroup)
  kills=$(kills_in "$memory")
  start "$program" "${@:2}" &
  child=$!
  if [[ -n $FATAL && ${SLURM_LOCALID:-0} == 0 ]]; then
    heed "$FATAL" "$child" "$memory" "$kills" &
    heeder=$!
  fi
  outlast end_command "$child" "$heeder"
  # A process that was asked to end is no cause, and has little time.
  CAUSE_LINE='' CAUSE_GRADE=0
  ((told || ENDS && status == 0)) || judge_log "$LOG" "$LOG_START"
  judge_memory "$memory" "$kills"
  record "$status" "$told" "$CAUSE_LINE" "$CAUSE_GRADE"
  [[ -z $LOCAL_DIR ]] || rm -rf -- "$LOCAL_DIR"
  return "$status"
}

# outlast COMMAND...: waits for the caller's `child`, and sets its `status`. A signal to end sets `told`, and runs COMMAND.
outlast() {
  local woken=1
  local -a ending=("$@")
  trap 'told=1 woken=1; "${ending[@]}" 2>/dev/null' TERM INT USR2
  while ((woken)); do
    woken=0
    # bash itself would print "Killed" into the log, where the command's own last words should be.
    { wait "$child"; } 2>/dev/null
    status=$?
  done
}

# start COMMAND...: in a subshell, which becomes it. What the config gives comes last, and wins.
start() {
  local name
  # Dynamo would wait for minutes for requests that hang on a dead worker, and a worker, once it has unregistered, for 5 s until
  # routers have heard of it, which takes them milliseconds. lib.sh kills after GRACE.
  WORDS=("${NETWORK[@]}" DYN_RUNTIME_GRACEFUL_SHUTDOWN_TIMEOUT_SECS=5 DYN_GRACEFUL_SHUTDOWN_GRACE_PERIOD_SECS=1)
  WORDS+=(DYN_PREFILL_DRAIN_TIMEOUT_S=5 "DYN_SLURM_LOCAL_DIR=$LOCAL_DIR")
  for name in "${LOGIN[@]}"; do
    [[ -z ${!name:-} ]] || WORDS+=("$name=${!name}")
  done
  WORDS+=("${ENVIRONMENT[@]}")
  become "$@"
}

# heed PATTERN PID CGROUP KILLS: ends a command that lives on after a line of its log that says it is over. lib.sh is to hear of it at once,
# and not only when the command has said its last words, or is killed.
heed() {
  trap - TERM INT USR2
  tail --pid="$2" -c "+$((LOG_START + 1))" -f "$LOG" 2>/dev/null | grep -aqE "$1" || return
  if [[ ! -e $ATTEMPT_DIR/state/$STEP.$NODE_RANK.exit ]]; then
    judge_log "$LOG" "$LOG_START"
    judge_memory "$3" "$4"
    record 137 0 "$CAUSE_LINE" "$CAUSE_GRADE"
  fi
  sleep "$LAST_WORDS"
  end_engine "$2"
  sleep "$LAST_WORDS"
  kill -KILL "$2"
} 2>/dev/null

# end_command PID HEEDER: a command that is told to end says such lines, too.
end_command() {
  [[ -z $2 ]] || kill -TERM "$2"
  end_engine "$1"
} 2>/dev/null

# end_engine PID: sends TERM to the engine's own process, which under a profiler is not the one that we started. A stopped
# process gets no signal before it continues.
end_engine() {
  local engine=$1 file=$ATTEMPT_DIR/state/$STEP.$NODE_RANK.engine
  [[ ! -s $file ]] || engine=$(<"$file")
  kill -TERM "$engine"
  kill -CONT "$engine"
} 2>/dev/null

# on_path PROGRAM: what to run, if the command will find it, whose PATH the config may give. Debian has nginx in a folder
# that is not on everybody's PATH, and ROCm has its programs in one.
on_path() (
  local word
  for word in "${ENVIRONMENT[@]}"; do
    [[ $word != PATH=* ]] || PATH=${word#PATH=}
  done
  # bash also finds a file that is not executable, where there is no other.
  [[ ! -x $(type -P "$1") ]] || { printf '%s' "$1" && exit; }
  PATH=/usr/local/sbin:/usr/sbin:/sbin:/opt/rocm/bin
  type -P "$1"
)

# record STATUS TOLD LINE [GRADE]: state/STEP.RANK.exit holds one value a line: time in ms, status, whether the step had
# been told to end, the node, the line that says why, and how much it says: see judge_log. Of several tasks on a node, as a
# program of MPI has them, the first to end counts.
record() {
  local file=$ATTEMPT_DIR/state/$STEP.$NODE_RANK.exit part
  part=$file.${SLURM_LOCALID:-0}.part
  printf '%s\n' "$(date +%s%3N)" "$1" "$2" "${SLURMD_NODENAME:-unknown}" "$3" "${4:-6}" >"$part" && mv ${SEVERAL:+-n} "$part" "$file"
  rm -f "$part"
}

# judge_memory CGROUP KILLS: where the kernel has killed a process of the command for lack of memory, that is the cause.
judge_memory() {
  was_short_of_memory "$1" "$2" || return 0
  CAUSE_LINE="out of memory: the kernel killed a process here; $(memory_of "$1")${CAUSE_LINE:+; last line: $CAUSE_LINE}"
  CAUSE_GRADE=6
  printf 'dyn-slurm: %s\n' "$CAUSE_LINE" >&2
}

# was_short_of_memory CGROUP KILLS: whether the kernel has killed a process of the cgroup since KILLS were counted. In a cgroup
# that is not the job's own it may have been another job's: then a log that names a cause is right. Where no cgroup can be
# read, the kernel's own log may name the step's: `oom-kill:constraint=CONSTRAINT_MEMCG,…,task_memcg=/slurm/uid_1/job_7/step_2/…`.
was_short_of_memory() {
  local now
  if [[ -z $2 ]]; then
    dmesg 2>/dev/null | grep -qE "oom-kill:.*/job_${SLURM_JOB_ID:-none}/step_${SLURM_STEP_ID:-none}[/,]"
    return
  fi
  now=$(kills_in "$1")
  [[ -n $now && $now != "$2" ]] && { [[ $1 == */job_* ]] || ((CAUSE_GRADE < 5)); }
}

# memory_cgroup: the folder of this task's memory cgroup, where there is one, of version 1 or 2; where Slurm gives the
# task none of its own, the step's: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
memory_cgroup() {
  local controllers path
  while IFS=: read -r _ controllers path; do
    case ,$controllers, in
      *,memory,*) printf '%s' "$CGROUPS/memory$path" ;;
      ,,)
        while [[ $path == */step_*/* && ! -e $CGROUPS$path/memory.events ]]; do path=${path%/*}; done
        [[ ! -e $CGROUPS$path/memory.events ]] || printf '%s' "$CGROUPS$path"
        ;;
    esac
  done <"$CGROUP"
} 2>/dev/null

# kills_in CGROUP: how many of its processes the kernel has killed for lack of memory.
kills_in() {
  sed -n 's/^oom_kill //p' "$1"/memory.{events,oom_control}
} 2>/dev/null

# memory_of CGROUP: its limit, or the lowest of the cgroups above it.
memory_of() {
  local folder=$1 limit least=''
  while [[ $folder == "$CGROUPS"/* ]]; do
    { read -r limit <"$folder/memory.max" || read -r limit <"$folder/memory.limit_in_bytes"; } 2>/dev/null
    # Version 1 says a number of 19 digits where there is no limit.
    [[ $limit != max && ${#limit} -lt 19 ]] && ((${least:=$limit} >= limit)) && least=$limit
    folder=${folder%/*}
  done
  [[ -n $least ]] && printf 'its cgroup may have %d MiB' "$((least >> 20))" || printf 'the node had no more'
}

# say TEXT: a line of the step's log, with its time.
say() {
  printf 'dyn-slurm: %(%Y-%m-%dT%H:%M:%S%z)T %s\n' -1 "$1"
}

# take_lock FILE WAITING: sets the caller's `lock` to an open file that this task alone has locked, and says WAITING while another has
# it. The kernel takes the lock back from a process that has died. Fails on a file system without locks, which keeps nobody apart.
take_lock() {
  local child
  exec {lock}>>"$1" || give_up 'cannot write to the run folder'
  flock --nonblock --conflict-exit-code=9 "$lock"
  case $? in
    0) ;;
    9)
      say "$2"
      # In the background, so that a signal is heard meanwhile.
      flock "$lock" &
      child=$!
      wait "$child"
      ;;
    *) return 1 ;;
  esac
}

give_up() {
  printf 'dyn-slurm: %s\n' "$1" >&2
  record 1 0 "$1"
  exit 1
}
