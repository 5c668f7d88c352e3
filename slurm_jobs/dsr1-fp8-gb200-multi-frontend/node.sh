# shellcheck shell=bash source-path=SCRIPTDIR
# What one node says of itself before the job starts anything on it: `node.sh MARK INTERFACE...`. Each line is the mark, by
# which it is told from what a prolog of the site prints, the node's name, a word (address, domain, problem, fault, taken,
# busy, clock) and what there is to say. preflight.sh lists what the job needs of which node; node/ holds longer checks.

MARK=$1
shift
HERE=${SLURMD_NODENAME:-unknown}
read -ra NODE <<<"$DYN_SLURM_NODES"
# Set on the nodes of a rehearsal. There neither model nor image exists, all nodes are one machine, and engines that
# listen on all of its addresses find themselves other ports.
REHEARSED=${DYN_SLURM_REHEARSAL:-}

# ip is among them, and not on everybody's PATH. task.sh looks for programs there, too.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  printf '%s %s problem runs bash %s, and the job needs 4.4 or later\n%s %s clock\n' "$MARK" "$HERE" "$BASH_VERSION" "$MARK" "$HERE"
  exit
fi

# shellcheck source=node/address.sh
. "${BASH_SOURCE[0]%/*}/node/address.sh"
# shellcheck source=node/environment.sh
. "${BASH_SOURCE[0]%/*}/node/environment.sh"
# shellcheck source=node/gpus.sh
. "${BASH_SOURCE[0]%/*}/node/gpus.sh"
# shellcheck source=node/model.sh
. "${BASH_SOURCE[0]%/*}/node/model.sh"

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

# expected FOLDER: a cache that workers fill if they can.
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
    say problem "cannot write to $1, which is to hold the data of etcd and NATS"
    return
  fi
  read -r type free < <(df --output=fstype,avail -k "$1" 2>/dev/null | tail -n 1)
  if [[ -z $REHEARSED ]] && { [[ $type =~ $NETWORK ]] || ! df --local "$1" >/dev/null 2>&1; }; then
    say problem "has $1 on a network file system ($type), which is too slow for the data of etcd"
  elif [[ $free =~ ^[0-9]+$ ]] && ((free < 262144)); then
    say fault "has only $free KB left in $1, which is to hold the data of etcd and NATS"
  fi
}
NETWORK='^(nfs[0-9]*|cifs|smb.*|afs|ceph|lustre|gpfs|beegfs.*|panfs|pvfs2|orangefs|9p|ocfs2|gfs2|wekafs|glusterfs|fuse(\..*)?)$'

# ports OWNER PORT...: a port, or FIRST-LAST, on the address of the node. With `*:` before it, on all addresses of the
# node, where what listens on another of them is in the way as well.
ports() {
  local owner=$1 range numbers port hex
  shift
  for range in "$@"; do
    numbers=${range#'*:'}
    [[ -z $REHEARSED || $range == "$numbers" ]] || continue
    for ((port = ${numbers%-*}; port <= ${numbers#*-}; port++)); do
      printf -v hex '%04X' "$port"
      [[ -z ${TAKEN[$hex]:-} && ($range == "$numbers" || -z ${ELSEWHERE[$hex]:-}) ]] || taken "$port" "$owner"
      ((port < LOWEST || port > HIGHEST)) || EPHEMERAL=$port
    done
  done
}

# taken PORT OWNER: the job may be able to take another one.
taken() {
  if [[ -n ${MOVABLE[$1]:-} ]]; then
    say taken "$1 $2"
  else
    say problem "has port $1 in use already, which $2 needs"
  fi
}

# block RANGE INSTEAD...: notes what the job may move, and says which of the ranges instead are no choice.
block() {
  local range port hex
  for ((port = ${1%-*}; port <= ${1#*-}; port++)); do
    MOVABLE[port]=1
  done
  shift
  for range in "$@"; do
    for ((port = ${range%-*}; port <= ${range#*-}; port++)); do
      printf -v hex '%04X' "$port"
      [[ -n ${TAKEN[$hex]:-}${ELSEWHERE[$hex]:-} ]] || continue
      say busy "$range"
      break
    done
  done
}

# look_at_ports: sets TAKEN, the ports in hexadecimal on which something listens at ADDRESS, and ELSEWHERE, those at other
# addresses; LOWEST and HIGHEST, between which the kernel picks ports for outgoing connections. The kernel writes
# addresses byte by byte from the last on.
look_at_ports() {
  local a b c d address port mine
  declare -gA TAKEN=() ELSEWHERE=()
  IFS=. read -r a b c d <<<"${ADDRESS:-0.0.0.0}"
  printf -v mine '%02X%02X%02X%02X' "$d" "$c" "$b" "$a"
  while read -r address port; do
    case $address in
      00000000 | 00000000000000000000000000000000 | "$mine" | 0000000000000000FFFF0000"$mine") TAKEN[$port]=1 ;;
      *) ELSEWHERE[$port]=1 ;;
    esac
  done < <(sed -nE 's/^ *[0-9]+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:0000 0A .*/\1 \2/p' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  read -r LOWEST HIGHEST </proc/sys/net/ipv4/ip_local_port_range
}

find_address "$@"
if [[ -e $RUN_DIR/preflight.sh ]]; then
  tell_steering
  look_at_ports
  EPHEMERAL=''
  MOVABLE=()
  if [[ -e $RUN_DIR/ports.sh ]]; then
    # shellcheck source=/dev/null
    . "$RUN_DIR/ports.sh"
  fi
  # shellcheck source=/dev/null
  . "$RUN_DIR/preflight.sh"
  [[ -z $EPHEMERAL ]] ||
    say warning "may give ports from $LOWEST to $HIGHEST to outgoing connections, port $EPHEMERAL of the job among them"
fi
# Before bash 5 there is no EPOCHREALTIME, whose point may be a comma.
NOW=${EPOCHREALTIME:-$(date +%s.%6N)}
NOW=${NOW/[.,]/}
say clock "${NOW:0:-3}"
