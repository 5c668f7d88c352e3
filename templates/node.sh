# shellcheck shell=bash
# What one node says of itself before the job starts anything on it: `node.sh MARK INTERFACE...`. Each line is the mark, by
# which it is told from what a prolog of the site prints, the node's name, a word (address, domain, problem, fault, taken,
# busy, clock) and what there is to say. preflight.sh lists what the job needs of which node; node/ holds longer checks.

MARK=$1
shift
HERE=${SLURMD_NODENAME:-unknown}
read -ra NODE <<<"$DYN_SLURM_NODES"
# Set on the nodes of a rehearsal. There is neither model nor image, all nodes are one machine, and engines that listen
# on all of its addresses choose other ports.
REHEARSED=${DYN_SLURM_REHEARSAL:-}

# ip is in one of these folders, which not everybody has on PATH. task.sh looks for programs there, too.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  printf '%s %s problem runs bash %s, and the job needs 4.4 or later\n%s %s clock\n' "$MARK" "$HERE" "$BASH_VERSION" "$MARK" "$HERE"
  exit
fi

# Of the runtime's files, which job.sbatch has listed and checked, those that are parts of this script.
for PART in $DYN_SLURM_RUNTIME_FILES; do
  [[ $PART == node/*.sh ]] || continue
  # shellcheck source=/dev/null
  . "${BASH_SOURCE[0]%/*}/$PART"
done

# say WORD TEXT
say() {
  printf '%s %s %s %s\n' "$MARK" "$HERE" "$1" "$2"
}

# on NODE_INDEX... -- CHECK...: checks only if this is one of those nodes.
on() {
  local host here=''
  while [[ $1 != -- ]]; do
    host=${NODE[$1]}
    [[ ${host%%.*} != "${HERE%%.*}" ]] || here=1
    shift
  done
  shift
  [[ -z $here ]] || "$@"
}

# readable WHAT PATH: a file, or a folder.
readable() {
  [[ -n $REHEARSED || -r $2 && (! -d $2 || -x $2) ]] || say problem "cannot read $1, $2"
}

# expected FOLDER: a cache folder that workers fill if they can.
expected() {
  [[ -n $REHEARSED || -d $1 ]] || say warning "has no folder $1, which the topology expects; workers may compile for a long time"
}

# model WEIGHTS PATH [MOUNTED...]: see model.sh.
model() {
  [[ -n $REHEARSED ]] || look_at_model "$@"
}

# program NAME TEXT: a program that a step runs on the node itself, not in a container.
program() {
  # bash also finds a file that is not executable, where there is no other.
  [[ -x $(type -P "$1") ]] || say problem "has no $1 on its PATH, and $2"
}

# local_dir PATH: where etcd, NATS and nginx keep their data. Leases run out while a network file system stalls. Not all of
# these have a source that df takes for remote.
local_dir() {
  local type='' free=''
  if [[ ! -d $1 || ! -w $1 || ! -x $1 ]]; then
    say problem "cannot write to $1, which should hold the data of etcd and NATS"
    return
  fi
  read -r type free < <(df --output=fstype,avail -k "$1" 2>/dev/null | tail -n 1)
  if [[ -z $REHEARSED ]] && { [[ $type =~ $NETWORK ]] || ! df --local "$1" >/dev/null 2>&1; }; then
    say problem "has $1 on a network file system ($type), which is too slow for the data of etcd"
  elif [[ $free =~ ^[0-9]+$ ]] && ((free < 262144)); then
    say fault "has only $free KB left in $1, which should hold the data of etcd and NATS"
  fi
}
NETWORK='^(nfs[0-9]*|cifs|smb.*|afs|ceph|lustre|gpfs|beegfs.*|panfs|pvfs2|orangefs|9p|ocfs2|gfs2|wekafs|glusterfs|fuse(\..*)?)$'

# ports OWNER PORT...: a port, or FIRST-LAST, on the address of the node. With `*:` before it, on all addresses of the
# node, where what listens on another of them is in the way as well.
ports() {
  local owner=$1 range numbers port uid word
  shift
  for range in "$@"; do
    numbers=${range#'*:'}
    [[ -z $REHEARSED || $range == "$numbers" ]] || continue
    for ((port = ${numbers%-*}; port <= ${numbers#*-}; port++)); do
      uid=${LISTENS[port]:-}
      [[ $range == "$numbers" ]] || uid=${uid:-${ELSEWHERE[port]:-}}
      word=${MOVABLE[port]:+taken}
      [[ -z $uid ]] || say "${word:-problem}" "has port $port in use already, which $owner needs: $(holder "$port" "$uid")"
      ((port < LOWEST || port > HIGHEST)) || EPHEMERAL=$port
    done
  done
}

# holder PORT UID: who listens there; the program only where this user may know.
holder() {
  local program='a program'
  [[ ! $(ss -Hltnp "sport = :$1" 2>/dev/null) =~ \(\"([^\"]+)\",pid=([0-9]+) ]] ||
    program="${BASH_REMATCH[1]} (process ${BASH_REMATCH[2]})"
  printf '%s of user %s listens on it' "$program" "$(id -nu "$2" 2>/dev/null || printf '%s' "$2")"
}

# read_listeners: sets LISTENS, by port the user id of who listens at ADDRESS or at all addresses, and ELSEWHERE, of who
# listens at another one; LOWEST and HIGHEST, between which the kernel picks ports for outgoing connections. The kernel
# writes addresses byte by byte from the last on.
read_listeners() {
  local a b c d address port uid mine
  LISTENS=() ELSEWHERE=()
  IFS=. read -r a b c d <<<"${ADDRESS:-0.0.0.0}"
  printf -v mine '%02X%02X%02X%02X' "$d" "$c" "$b" "$a"
  while read -r address port uid; do
    case $address in
      00000000 | 00000000000000000000000000000000 | "$mine" | 0000000000000000FFFF0000"$mine") LISTENS[16#$port]=$uid ;;
      *) ELSEWHERE[16#$port]=$uid ;;
    esac
  done < <(sed -nE 's/^ *[0-9]+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:0000 0A +[^ ]+ +[^ ]+ +[^ ]+ +([0-9]+) .*/\1 \2 \3/p' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  read -r LOWEST HIGHEST </proc/sys/net/ipv4/ip_local_port_range
}

find_address "$@"
if [[ -e $RUN_DIR/preflight.sh ]]; then
  tell_steering
  read_listeners
  EPHEMERAL='' MOVABLE=()
  [[ ! -e $RUN_DIR/movable-ports.txt ]] || read_movable
  # shellcheck source=/dev/null
  . "$RUN_DIR/preflight.sh"
  [[ -z $EPHEMERAL ]] ||
    say warning "may give ports from $LOWEST to $HIGHEST to outgoing connections, port $EPHEMERAL of the job among them"
fi
# Before bash 5 there is no EPOCHREALTIME, whose point may be a comma.
NOW=${EPOCHREALTIME:-$(date +%s.%6N)}
NOW=${NOW/[.,]/}
say clock "${NOW:0:-3}"
