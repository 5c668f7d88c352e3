# shellcheck shell=bash
# The job's steps: one srun each, in the background.

# By the plan's index, the nodes' names in Slurm and their addresses.
NODE=() NODE_IP=()
# In launch order; the rest by name.
STEPS=()
# What job.sbatch says of a step. HOSTS: names, in the order of the plan's ranks. COMMAND: the words of its srun, each followed
# by US (octal 37). POLICY: see on_step_exit. PROBE: where it tells that it serves, see answers_at.
declare -A STEP_KIND=() STEP_ROLE=() STEP_HOSTS=() STEP_COMMAND=() STEP_POLICY=() STEP_PROBE=()
# What has become of it, which state/supervisor keeps for a supervisor that comes after this one:
#   STATE    stopped: not started yet, or by a command. up. back: started again, and not serving yet. ending: its srun still
#            ends. resting: before its restart. lost: for good. over: its work is done.
#   PID      its srun, or what stands for it, see adopt.sh
#   SINCE    its last start, in ms since 1970
#   UNTIL    when its remains are killed, or it is started again, or it has to serve, in seconds of the job
#   RESTARTS how often its policy has restarted it
#   ASKED    1: a command has started it
#   SERVED   1: it has served
#   CHANGE   of its command, in commands/changes
declare -A STEP_STATE=() STEP_PID=() STEP_SINCE=() STEP_UNTIL=() STEP_RESTARTS=() STEP_ASKED=() STEP_SERVED=() STEP_CHANGE=()
# A time that SECONDS does not reach.
NEVER=2000000000

# launch NAME KIND ROLE POLICY NODE_INDEX... -- COMMAND...: starts a step, unless an earlier supervisor has. Its tasks wait
# until the nodes are bound.
launch() {
  plan_step "$@"
  [[ -z ${SAVED[$1]:-} ]] || return 0
  start_step "$1"
  STEP_STATE[$1]=up
  save_state
}

# plan_step: the same, without starting it.
plan_step() {
  local name=$1 hosts=''
  STEPS+=("$name")
  STEP_KIND[$name]=$2 STEP_ROLE[$name]=$3 STEP_POLICY[$name]=$4
  shift 4
  while [[ $1 != -- ]]; do
    hosts+=" ${NODE[$1]}"
    shift
  done
  STEP_HOSTS[$name]=${hosts# }
  printf -v "STEP_COMMAND[$name]" '%s\037' "${@:2}"
  STEP_STATE[$name]=stopped STEP_PID[$name]=''
  [[ -z ${SAVED[$name]:-} ]] || adopt_step "$name"
}

# answers_at NAME ADDRESS:PORT PATH [WORDS]: how a step shows that it serves: by an answer that contains WORDS. Where the job goes
# on without it, nothing else waits for that.
answers_at() {
  STEP_PROBE[$1]=$2$'\n'$3$'\n'${4:-}
  [[ ${STEP_POLICY[$1]} == keep && ${STEP_STATE[$1]} == up && -z ${STEP_SERVED[$1]:-} ]] || return 0
  STEP_STATE[$1]=back STEP_ASKED[$1]=1
}

# start_step NAME: for the first time, or again. What srun itself prints goes to a file of its own, because it does not name
# its step; step_said reads it.
start_step() {
  local name=$1
  local NOW
  local -a command
  unset "SAVED[$name]" "ORPHAN[$name]"
  [[ -z ${STEP_SINCE[$name]:-} ]] || rm -f "$ATTEMPT_DIR/state/$name".*.{exit,done}
  [[ ${STEP_KIND[$name]} != bench ]] || mkdir -p "$ATTEMPT_DIR/results"
  mapfile -d $'\037' -t command <<<"${STEP_COMMAND[$name]}"
  # The line break of the here-string.
  unset 'command[-1]'
  if [[ ${STEP_CHANGE[$name]:-none} != none ]]; then
    command[-1]=$RUN_DIR/commands/changes/${STEP_CHANGE[$name]}/$name.sh
  fi
  run_with_preamble "${command[@]}" </dev/null 2>>"$ATTEMPT_DIR/state/$name.srun" &
  STEP_PID[$name]=$!
  now
  STEP_SINCE[$name]=$NOW
  STEP_UNTIL[$name]=$NEVER
  ((!BOUND)) || tell_started "$name"
}

# run_with_preamble COMMAND...: in a subshell, which becomes it.
run_with_preamble() {
  ((${#PREAMBLE[@]})) || exec "$@"
  export_words "${PREAMBLE[@]}"
  exec "$@"
}

tell_started() {
  local JSON
  local -a hosts
  [[ -n ${STEP_PID[$1]} ]] || return 0
  read -ra hosts <<<"${STEP_HOSTS[$1]}"
  json "${hosts[@]}"
  event step-started step="$1" role="${STEP_ROLE[$1]}" nodes:="[$JSON]"
}

# start_again HOST...: starts the steps with a task on those nodes again, in whatever state they are.
start_again() {
  local name host
  local -a names=()
  for name in "${STEPS[@]}"; do
    for host in "$@"; do
      [[ " ${STEP_HOSTS[$name]} " == *" $host "* ]] || continue
      names+=("$name")
      break
    done
  done
  stop_steps 1 "${names[@]}"
  for name in "${names[@]}"; do
    rm -f "$ATTEMPT_DIR/state/$name.srun"
    start_step "$name"
  done
}

# alive NAME: whether its srun runs. bash may have forgotten a child that has ended, and its pid may be another's by now;
# one that was adopted may wait, dead, for a parent that never asks. A bare `return` in the EXIT trap would give the status
# of what was before the trap.
alive() {
  local stat=''
  [[ -n ${STEP_PID[$1]} ]] && kill -0 "${STEP_PID[$1]}" 2>/dev/null || return 1
  [[ -n ${SAVED[$1]:-} ]] || return 0
  IFS= read -r stat <"/proc/${STEP_PID[$1]}/stat"
  [[ -n $stat && ${stat##*) } != Z* ]]
} 2>/dev/null

# is_up NAME: whether it is meant to run, so that its end would be reported.
is_up() {
  [[ ${STEP_STATE[${1:-none}]:-} == @(up|back) ]]
}

# host_of STEP: of its first rank.
host_of() {
  printf '%s' "${STEP_HOSTS[$1]%% *}"
}

# step_said NAME PATTERN: the last line of its srun that matches.
step_said() {
  grep -aE "$2" "$ATTEMPT_DIR/state/$1.srun" 2>/dev/null | tail -n 1
}

# await_over STEP WHAT COMMAND...: waits until it has ended, and repeats COMMAND meanwhile.
await_over() {
  while alive "$1"; do
    "${@:3}"
    ((!DRAIN)) || drain timeout "$(at_time_limit)"
    ((SECONDS < DEADLINE)) || end deadline "not ready after $DEADLINE s, waiting for $2"
    sleep 0.2
  done
}

# tell_lines STEP FIELD...: an event of that kind for each new line of state/STEP: state, seconds, text. Sets SAID_STATE and SAID
# to the last ones; `kept` and `without` only add to the state before.
tell_lines() {
  local state seconds text line=0
  SAID_STATE='' SAID=''
  while read -r state seconds text; do
    [[ $state == @(kept|without) ]] || SAID_STATE=$state
    SAID=$text
    ((++line > ${LINES_TOLD[$1]:-0})) || continue
    event "$1" state="$state" "${@:2}" reason="$text" seconds:="$seconds"
    LINES_TOLD[$1]=$line
  done < <(cat "$ATTEMPT_DIR/state/$1" 2>/dev/null)
}

# find_steps KIND...: sets NAMES to the steps of those kinds.
find_steps() {
  local name
  NAMES=()
  for name in "${STEPS[@]}"; do
    [[ " $* " != *" ${STEP_KIND[$name]} "* ]] || NAMES+=("$name")
  done
}

# stop KIND...: ends the steps of those kinds.
stop() {
  find_steps "$@"
  stop_steps "$GRACE" "${NAMES[@]}"
}

# stop_steps SECONDS NAME...: asks those steps to end, and kills what is left of them after so many seconds. srun passes
# USR2 on to task.sh, which sends its command SIGTERM; to SIGTERM srun itself answers by killing the whole step.
stop_steps() {
  local until=$((SECONDS + $1))
  local -a left=("${@:2}")
  signal_left USR2
  await_left "$until"
  # This takes milliseconds, unless a node does not answer.
  signal_left TERM
  await_left "$((until + 2))"
}

# await_left UNTIL: until none of the caller's `left` runs, at the latest at that second of the job.
await_left() {
  while ((${#left[@]} && SECONDS < $1)); do
    sleep 0.05
    signal_left 0
  done
}

# signal_left SIGNAL: sends it to those of the caller's `left` that run; only these stay in `left`.
signal_left() {
  local name
  local -a names=("${left[@]}")
  left=()
  for name in "${names[@]}"; do
    alive "$name" || continue
    left+=("$name")
    kill -"$1" "${STEP_PID[$name]}" 2>/dev/null
  done
}
