# shellcheck shell=bash disable=SC2004,SC2034,SC2153 # the parts of lib.sh share their variables
# Why a step has ended: from the exit records that task.sh leaves, else from what its srun said.

# What is known of the process that ended: step, role, rank, node, exit or signal, line.
declare -A CAUSE=()
# How slurmstepd begins what it says in a log: `slurmstepd-node1: error: `, or `[2026-11-24T10:06:17.468] error: ` in 26.05.
OF_SLURMSTEPD='^(slurmstepd[^:]*:|\[[^]]*\]( slurmstepd[^:]*:)?) error: '

# ended_step: sets ENDED to a step that ought to be up and has ended; to nothing where only a record of one is there.
ended_step() {
  local name file
  for name in "${STEPS[@]}"; do
    ENDED=$name
    is_up "$name" && ! alive "$name" && return
  done
  ENDED=''
  for file in "$ATTEMPT_DIR"/state/*.exit; do
    is_up "$(step_of "$file")" && return
  done
  return 1
}

# is_up NAME: whether its end would be news.
is_up() {
  [[ ${STEP_STATE[${1:-none}]:-} == up || ${STEP_STATE[${1:-none}]:-} == back ]]
}

# step_of FILE: state/STEP.RANK.exit
step_of() {
  local name=${1##*/}
  printf '%s' "${name%%.*}"
}

# find_cause STEP: sets CAUSE and REASON to the earliest end that nobody had asked for. STEP is a step whose srun has
# ended, or empty. Ends the job where its steps were told to end by someone else.
find_cause() {
  local name=$1
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    # A file system that caches folders looks again after a change of ours.
    : >"$ATTEMPT_DIR/state/look"
    rm -f "$ATTEMPT_DIR/state/look"
    ! first_end || return 0
    sleep 0.1
  done 2>/dev/null
  ! ended_by_order || end cancelled "the job's steps were told to end from outside the job"
  srun_end "$name"
}

# first_end: sets CAUSE and REASON from the records of steps that are up. A record, one value a line: time in ms, status,
# whether the step had been told to end, the node, the line that says why. Times are those of the nodes' clocks, which may
# differ by more than a process outlives the one that it hangs on.
first_end() {
  local file first='' how name time
  local -a record
  for file in "$ATTEMPT_DIR"/state/*.exit; do
    name=$(step_of "$file")
    is_up "$name" && [[ -r $file ]] || continue
    mapfile -t record <"$file"
    [[ ${record[2]:-1} == 0 ]] || continue
    time=$((record[0] - ${AHEAD[${record[3]:-none}]:-0}))
    [[ -z $first ]] || ((time < first)) || continue
    first=$time
    file=${file%.exit}
    CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [rank]=${file##*.} [node]=${record[3]} [line]=${record[4]:-})
    if ((record[1] > 128)) && how=$(kill -l "${record[1]}" 2>/dev/null); then
      CAUSE[signal]=$how
      how="was killed by SIG$how"
    else
      CAUSE[exit]=${record[1]}
      how="exited with code ${record[1]}"
    fi
    REASON="$name on ${CAUSE[node]} $how"
  done
  [[ -n $first ]]
}

# ended_by_order: whether a step that is up has a record all the same.
ended_by_order() {
  local file
  for file in "$ATTEMPT_DIR"/state/*.exit; do
    is_up "$(step_of "$file")" && return
  done
  return 1
}

# srun_end STEP: sets CAUSE and REASON from its srun: the node failed, the step was killed, or its command never ran.
srun_end() {
  local name=$1 node failed
  failed=$(step_said "$name" '^srun: error: Node failure on ')
  failed=${failed##* }
  node=$(grep -aoE '^srun: error: [^: ]+: tasks? ' "$ATTEMPT_DIR/state/$name.srun" 2>/dev/null | head -n 1)
  node=${node#srun: error: }
  node=${failed:-${node%%:*}}
  # A full disk keeps not even that.
  [[ -n $node || ${STEP_HOSTS[$name]} == *,* ]] || node=$(host_of "$name")
  # bash may have forgotten the status of a child that `wait -n` returned for; it then answers 127.
  wait "${STEP_PID[$name]}" 2>/dev/null
  CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [node]=$node [exit]=$? [line]=$(srun_line "$name"))
  REASON="the srun of step $name ended before its command could say why"
  [[ -z $failed ]] || REASON="$failed failed, and $name with it"
}

# srun_line STEP: what its srun said of the cause: enroot's own error, else the first of slurmstepd's, which the others
# follow from, else its last.
srun_line() {
  local said=$ATTEMPT_DIR/state/$1.srun
  {
    grep -aF '[ERROR]' "$said" | tail -n 1
    grep -aE "$OF_SLURMSTEPD" "$said"
    grep -aE '^srun: error: ' "$said" | tail -n 1
  } 2>/dev/null | head -n 1
}

cause_fields() {
  local name
  for name in step role node line signal; do
    printf '%s\0' "$name=${CAUSE[$name]:-}"
  done
  for name in rank exit; do
    printf '%s\0' "$name:=${CAUSE[$name]:-}"
  done
}
