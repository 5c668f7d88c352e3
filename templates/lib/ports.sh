# shellcheck shell=bash
# Ports of a job on nodes that it shares with others: where one is taken, all that can move are moved by the same distance.

# By number, a column of movable-ports.txt: some node uses one of its ports.
PORTS_BUSY=()
# What nodes report of planned ports that are taken, as `HOST TEXT`.
PORTS_TAKEN=()

# ports_place COLUMN: the ports are those of that column of movable-ports.txt; column 0 is the plan's. Sets PORTS_COLUMN, and
# PORT, by the plan's number the number that a port has now, also for the steps that are started from now on.
ports_place() {
  local planned to port
  local -a ranges
  PORT=() DYN_SLURM_PORTS='' PORTS_COLUMN=$1
  while read -ra ranges; do
    planned=${ranges[0]} to=${ranges[$1]%-*}
    for ((port = ${planned%-*}; port <= ${planned#*-}; port++, to++)); do
      PORT[port]=$to
      DYN_SLURM_PORTS+=" $port=$to"
    done
  done <"$RUN_DIR/movable-ports.txt"
  export DYN_SLURM_PORTS
}

# ports_move: away from the planned ones where one of them is taken, to the first column that no node uses. Where there is
# none, what is taken is a problem of its node.
ports_move() {
  local column planned others to finding
  local -a from=() moved=()
  ((${#PORTS_TAKEN[@]})) || return 0
  read -ra others <"$RUN_DIR/movable-ports.txt"
  for ((column = 1; column < ${#others[@]}; column++)); do
    [[ -z ${PORTS_BUSY[column]:-} ]] || continue
    ports_place "$column"
    while read -ra others; do
      from+=("${others[0]}") moved+=("${others[column]}")
    done <"$RUN_DIR/movable-ports.txt"
    printf -v planned ',%s' "${from[@]}"
    printf -v to ',%s' "${moved[@]}"
    event port-moved from="${planned#,}" to="${to#,}" reason="${PORTS_TAKEN[0]}"
    return
  done
  for finding in "${PORTS_TAKEN[@]}"; do
    note problem "${finding%% *}" "${finding#* }"
  done
}
