# shellcheck shell=bash disable=SC2004,SC2034,SC2153 # the parts of lib.sh share their variables
# The job's steps: one srun each, in the background.

# In launch order; the rest by name.
STEPS=()
declare -A STEP_PID=() STEP_KIND=() STEP_ROLE=() STEP_HOSTS=() STEP_COMMAND=()
# up; and of workers that may be restarted or lost: ending (its srun is), resting (before its restart), back (restarted,
# but not ready yet), lost (for good).
declare -A STEP_STATE=()

# launch NAME KIND ROLE NODE_INDEX... -- COMMAND...: starts a step. Its tasks wait until the nodes are bound.
launch() {
  enlist "$@"
  start_step "$1"
  STEP_STATE[$1]=up
}

# enlist: the same, without starting it.
enlist() {
  local name=$1 JSON
  local -a hosts=()
  STEPS+=("$name")
  STEP_KIND[$name]=$2
  STEP_ROLE[$name]=$3
  shift 3
  while [[ $1 != -- ]]; do
    hosts+=("${NODE[$1]}")
    shift
  done
  shift
  json "${hosts[@]}"
  STEP_HOSTS[$name]=[$JSON]
  printf -v "STEP_COMMAND[$name]" '%q ' "$@"
  STEP_PID[$name]=''
}

# start_step NAME: for the first time, or again. What srun itself says goes to a file of its own, for it does not name
# its step; step_said reads it.
start_step() {
  local -a command
  eval "command=(${STEP_COMMAND[$1]})"
  run_with_preamble "${command[@]}" </dev/null 2>>"$ATTEMPT_DIR/state/$1.srun" &
  STEP_PID[$1]=$!
  ((!BOUND)) || tell_started "$1"
}

# run_with_preamble COMMAND...: in a subshell, which becomes it.
run_with_preamble() {
  ((${#PREAMBLE[@]})) || exec "$@"
  export_words "${PREAMBLE[@]}"
  exec "$@"
}

tell_started() {
  event step-started step="$1" role="${STEP_ROLE[$1]}" nodes:="${STEP_HOSTS[$1]}"
}

# start_again HOST...: whatever has become of the steps with a task on those nodes.
start_again() {
  local name host
  local -a names=()
  for name in "${STEPS[@]}"; do
    for host in "$@"; do
      [[ ${STEP_HOSTS[$name]} == *"\"$host\""* ]] || continue
      names+=("$name")
      break
    done
  done
  stop_steps 1 "${names[@]}"
  for name in "${names[@]}"; do
    rm -f "$ATTEMPT_DIR/state/$name".*.exit "$ATTEMPT_DIR/state/$name.srun"
    start_step "$name"
  done
}

# alive NAME: whether its srun runs. bash may have forgotten a child that has ended, and its pid may be another's by now.
alive() {
  [[ -n ${STEP_PID[$1]} ]] && kill -0 "${STEP_PID[$1]}" 2>/dev/null
}

# step_said NAME PATTERN: the last line of its srun that matches.
step_said() {
  grep -aE "$2" "$ATTEMPT_DIR/state/$1.srun" 2>/dev/null | tail -n 1
}

# stop KIND...: ends the steps of those kinds.
stop() {
  local name
  local -a names=()
  for name in "${STEPS[@]}"; do
    [[ " $* " != *" ${STEP_KIND[$name]} "* ]] || names+=("$name")
  done
  stop_steps "$GRACE" "${names[@]}"
}

# stop_steps SECONDS NAME...: asks those steps to end, and kills what is left of them after so many seconds. srun passes
# USR2 on to task.sh, which sends its command SIGTERM; to SIGTERM srun itself answers by killing the whole step.
stop_steps() {
  local name until=$((SECONDS + $1))
  local -a pids=()
  shift
  for name in "$@"; do
    ! alive "$name" || pids+=("${STEP_PID[$name]}")
  done
  ((${#pids[@]})) || return 0
  kill -USR2 "${pids[@]}" 2>/dev/null
  while kill -0 "${pids[@]}" 2>/dev/null && ((SECONDS < until)); do
    sleep 0.05
  done
  # This takes milliseconds, unless a node does not answer.
  kill -TERM "${pids[@]}" 2>/dev/null
  while kill -0 "${pids[@]}" 2>/dev/null && ((SECONDS < until + 2)); do
    sleep 0.05
  done
}
