# shellcheck shell=bash
# Ports that may move on a node which others use, too: lib/ports.sh moves them.

# read_movable: sets MOVABLE, by port; says which columns of movable-ports.txt are in use here, and so no choice.
read_movable() {
  local column port
  local -a ranges
  while read -ra ranges; do
    for column in "${!ranges[@]}"; do
      for ((port = ${ranges[column]%-*}; port <= ${ranges[column]#*-}; port++)); do
        ((column)) || MOVABLE[port]=1
        ((!column)) || [[ -z ${LISTENS[port]:-${ELSEWHERE[port]:-}} ]] || say busy "$column"
      done
    done
  done <"$RUN_DIR/movable-ports.txt"
}
