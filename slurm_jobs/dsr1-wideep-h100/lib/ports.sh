# shellcheck shell=bash disable=SC2004,SC2034,SC2153 # the parts of lib.sh share their variables
# Ports that other programs have taken, and those that the job takes instead. Everywhere else ports are the plan's.

# By the plan's number, the number that a port has now; only of ports that may move.
PORT=()
# As ports.sh lists them: a range, and those that may take its place. By index, the range that a block is at.
BLOCKS=() BLOCK_AT=()
# By range: a node uses one of its ports.
declare -A BUSY=()
# By index of the block, who needs it, in words.
declare -A WANTED=()
# How often steps have been started again at other ports.
MOVES=0
IN_USE='address (is )?already in use|address in use|EADDRINUSE|port [0-9]+ (is |was )?(already )?(in use|taken)'

# read_ports: what may move, as planned so far.
read_ports() {
  [[ -e $RUN_DIR/ports.sh ]] || return 0
  # shellcheck source=/dev/null
  . "$RUN_DIR/ports.sh"
  export_ports
}

# block RANGE INSTEAD...
block() {
  BLOCKS+=("$*")
  place_block "$((${#BLOCKS[@]} - 1))" "$1"
}

# place_block INDEX RANGE: its ports are those of RANGE from now on.
place_block() {
  local planned=${BLOCKS[$1]%% *} to=${2%-*} port
  BLOCK_AT[$1]=$2
  for ((port = ${planned%-*}; port <= ${planned#*-}; port++, to++)); do
    PORT[port]=$to
  done
}

# export_ports: for the steps that are started from now on.
export_ports() {
  local port
  DYN_SLURM_PORTS=''
  for port in "${!PORT[@]}"; do
    DYN_SLURM_PORTS+=" $port=${PORT[$port]}"
  done
  export DYN_SLURM_PORTS
}

# block_of PORT: sets INDEX, of the block that has it in the plan.
block_of() {
  local range
  for INDEX in "${!BLOCKS[@]}"; do
    range=${BLOCKS[$INDEX]%% *}
    (($1 < ${range%-*} || $1 > ${range#*-})) || return 0
  done
  return 1
}

# note_busy RANGE
note_busy() {
  BUSY[$1]=1
}

# note_taken HOST PORT OWNER
note_taken() {
  block_of "$2" || return 0
  BUSY[${BLOCK_AT[$INDEX]}]=1
  WANTED[$INDEX]=${WANTED[$INDEX]:-"port $2, which $3 needs, is in use on $1"}
  note problem "$1" "has port $2 in use already, which $3 needs"
}

# move_ports: of the blocks that are WANTED, each to the first range that no node uses. What has found one is no problem
# any more.
move_ports() {
  local index
  for index in "${!WANTED[@]}"; do
    if move_block "$index" "${WANTED[$index]}"; then
      forget_taken "$index"
    fi
  done
  WANTED=()
  export_ports
}

# move_block INDEX REASON
move_block() {
  local range
  local -a ranges
  read -ra ranges <<<"${BLOCKS[$1]}"
  BUSY[${BLOCK_AT[$1]}]=1
  for range in "${ranges[@]}"; do
    [[ -z ${BUSY[$range]:-} ]] || continue
    place_block "$1" "$range"
    event port-moved from="${ranges[0]}" to="$range" reason="$2"
    return
  done
  return 1
}

# forget_taken INDEX: what nodes said of its ports.
forget_taken() {
  local finding index=$1
  local -a rest=()
  for finding in "${FINDINGS[@]}"; do
    if [[ $finding =~ ^problem\ has\ port\ ([0-9]+)\ in\ use ]] && block_of "${BASH_REMATCH[1]}" && ((INDEX == index)); then
      unset "FOUND_ON[$finding]"
    else
      rest+=("$finding")
    fi
  done
  FINDINGS=("${rest[@]}")
}

# start_elsewhere NAME: CAUSE says how it ended. Where that was for a port that somebody else took after the preflight,
# what has to know of that port is started again, with another one.
start_elsewhere() {
  local name=$1 said index step moved=0
  local -a OWNERS=() names=()
  ((!READY && MOVES < 3)) || return 1
  said=$(port_in_use "$name") || return 1
  blocks_of_line "$name" "$said"
  for index in "${!WANTED[@]}"; do
    ! move_block "$index" "${WANTED[$index]}" || moved=1
  done
  WANTED=()
  ((moved)) || return 1
  ((++MOVES))
  export_ports
  for step in "${STEPS[@]}"; do
    if [[ $step == "$name" || " ${OWNERS[*]} " == *" $step "* ]] || depends "$step" "${STEP_KIND[$name]}"; then
      names+=("$step")
    fi
  done
  stop_steps "$GRACE" "${names[@]}"
  for step in "${names[@]}"; do
    rm -f "$ATTEMPT_DIR/state/$step".*.exit
    start_step "$step"
    STEP_STATE[$step]=up
  done
}

# port_in_use NAME: prints the line with which the step has said that a port is taken.
port_in_use() {
  if grep -qiE "$IN_USE" <<<"${CAUSE[line]:-}"; then
    printf '%s' "${CAUSE[line]}"
  else
    # An engine's last line often tells of the end of a child of its own.
    ((!MOVES)) || return 1
    tail -q -n 200 "$ATTEMPT_DIR/logs/$1".*.log 2>/dev/null | grep -aiE "$IN_USE" | tail -n 1 | grep .
  fi
}

# blocks_of_line NAME LINE: sets WANTED, the step's blocks that the line names, else all of its own; and OWNERS, the steps
# with a port in them.
blocks_of_line() {
  local name=$1 line=$2 owner range words number
  local -A own=() named=()
  local -a lists
  OWNERS=()
  mapfile -t lists < <(sed -n "s/^on .* -- ports //p" "$RUN_DIR/preflight.sh" | tr -d "'*:")
  for words in "${lists[@]}"; do
    read -r owner words <<<"$words"
    [[ $owner == "$name" ]] || continue
    for range in $words; do
      ! block_of "${range%-*}" || own[$INDEX]=1
    done
  done
  for INDEX in "${!own[@]}"; do
    range=${BLOCK_AT[$INDEX]}
    for number in ${line//[^0-9]/ }; do
      ((10#$number < ${range%-*} || 10#$number > ${range#*-})) || named[$INDEX]=1
    done
  done
  if ((${#named[@]} == 0)); then
    for INDEX in "${!own[@]}"; do
      named[$INDEX]=1
    done
  fi
  for INDEX in "${!named[@]}"; do
    WANTED[$INDEX]="$name on ${CAUSE[node]:-its node} found it taken: ${line:0:200}"
  done
  for words in "${lists[@]}"; do
    read -r owner words <<<"$words"
    for range in $words; do
      if block_of "${range%-*}" && [[ -n ${named[$INDEX]:-} ]]; then
        OWNERS+=("$owner")
        break
      fi
    done
  done
}

# depends STEP KIND: whether it was told of the ports of steps of that kind.
depends() {
  case $2 in
    etcd | nats) [[ ${STEP_KIND[$1]} != etcd && ${STEP_KIND[$1]} != nats && ${STEP_KIND[$1]} != monitor ]] ;;
    frontend) [[ ${STEP_KIND[$1]} == nginx ]] ;;
    *) false ;;
  esac
}
