# shellcheck shell=bash
# Why a step has ended: from the exit records that task.sh writes, or else from what its srun printed.

# What is known of the process that ended: step, role, rank, node, exit or signal, line.
declare -A CAUSE=()
# How slurmstepd begins what it says in a log: `slurmstepd-node1: error: `, or `[2026-11-24T10:06:17.468] error: ` in 26.05.
OF_SLURMSTEPD='^(slurmstepd[^:]*:|\[[^]]*\]( slurmstepd[^:]*:)?) error: '

# ended_step: sets ENDED to a step that should be running and has ended; to nothing where there is only a record of one.
ended_step() {
  for ENDED in "${STEPS[@]}"; do
    is_up "$ENDED" && ! alive "$ENDED" && return
  done
  ENDED=''
  recorded_step
}

# recorded_step: sets STEP to one that counts as running, although an exit record of it is there.
recorded_step() {
  local file
  for file in "$ATTEMPT_DIR"/state/*.exit; do
    step_of "$file"
    ! is_up "$STEP" || [[ ! -r $file ]] || return 0
  done
  return 1
}

# step_of FILE: sets STEP, of state/STEP.RANK.exit.
step_of() {
  STEP=${1##*/} STEP=${STEP%%.*}
}

# find_cause STEP: sets CAUSE and REASON to the earliest end that nobody had asked for. STEP is a step whose srun has
# ended, or empty. Ends the job where a signal from outside has ended its steps.
find_cause() {
  local name=$1
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    # A file system that caches folders looks again after a change of ours.
    : >"$ATTEMPT_DIR/state/look"
    rm -f "$ATTEMPT_DIR/state/look"
    ! first_end || return 0
    ! has session || ! kept_by_order || return 0
    sleep 0.1
  done 2>/dev/null
  if recorded_step; then
    # Where Slurm ends the whole job, its signal may come later than the steps' ends.
    [[ -z $(slurm_says) ]] || on_sigterm
    end cancelled "the job's steps were ended by a signal from outside the job"
  fi
  srun_end "$name"
}

# first_end: sets CAUSE and REASON from the records of steps that are up. A record, one value a line: time in ms, status,
# whether the step had been told to end, the node, the line that says why. Times are those of the nodes' clocks, which may
# differ by more than the time that a process outlives one that it depends on.
first_end() {
  local file name first='' how time
  local -a record
  for file in "$ATTEMPT_DIR"/state/*.exit; do
    step_of "$file"
    name=$STEP
    if ! is_up "$name" || [[ ! -r $file ]]; then continue; fi
    mapfile -t record <"$file"
    [[ ${record[2]:-1} == 0 ]] || continue
    time=$((record[0] - ${AHEAD[${record[3]:-none}]:-0}))
    [[ -z $first ]] || ((time < first)) || continue
    first=$time
    file=${file%.exit}
    CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [rank]=${file##*.} [node]=${record[3]} [line]=${record[4]:-})
    CAUSE_GRADE=${record[5]:-0}
    if ((record[1] > 128)) && how=$(kill -l "${record[1]}" 2>/dev/null); then
      CAUSE[signal]=$how
      how="was killed by SIG$how"
    else
      CAUSE[exit]=${record[1]}
      how="exited with code ${record[1]}"
    fi
    # SGLang kills itself with all that it has started whenever one of its processes fails.
    [[ ${CAUSE[signal]:-} != KILL || $CAUSE_GRADE -lt 3 || ${CAUSE[line]} == 'out of memory: the kernel'* ]] ||
      how='failed and ended itself'
    REASON="$name on ${CAUSE[node]} $how"
  done
  [[ -n $first ]] || return 1
  blame_other
}

# blame_other: where CAUSE only follows from the end of another process, and the log of another node of the step says more, that
# is the cause; so is what ended the engine of another worker, whose log says that it got SIGQUIT. Those may still be ending:
# their logs are there, their records are not. What a process outlived is no cause.
blame_other() {
  local own=${CAUSE[step]} node=${CAUSE[node]%%.*} grade=$CAUSE_GRADE name log host rank what least
  local -a hosts
  ((grade <= 2)) || return 0
  for name in "$own" "${STEPS[@]}"; do
    [[ ${STEP_KIND[$name]:-} == worker ]] || continue
    is_up "$name" || continue
    read -ra hosts <<<"${STEP_HOSTS[$name]}"
    for rank in "${!hosts[@]}"; do
      host=${hosts[rank]} what=$name least=5
      [[ $name != "$own" ]] || what="rank $rank" least=3
      [[ $name != "$own" || ${host%%.*} != "$node" ]] || continue
      log=$ATTEMPT_DIR/logs/$name.$host.log
      [[ -e $log ]] || log=$ATTEMPT_DIR/logs/$name.${host%%.*}.log
      ((least == 3)) || grep -aqE '[Ss]igquit|SIGQUIT' < <(tail -c "$JUDGED_BYTES" "$log" 2>/dev/null) || continue
      judge_log "$log"
      ((CAUSE_GRADE > grade && CAUSE_GRADE >= least && !CAUSE_OUTLIVED)) || continue
      grade=$CAUSE_GRADE
      REASON="${REASON%, after *}, after $what on $host had failed"
      CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [rank]=$rank [node]=$host [line]=$CAUSE_LINE)
    done
  done
}

# srun_end STEP: sets CAUSE and REASON from its srun: the node failed, the step was killed, or its command never ran.
srun_end() {
  local name=$1 failed line status
  failed=$(step_said "$name" '^srun: error: Node failure on ')
  failed=${failed##* }
  srun_line "$name"
  line=$CAUSE_LINE
  # bash may have forgotten the status of a child that `wait -n` returned for; it then answers 127.
  wait "${STEP_PID[$name]}" 2>/dev/null
  status=$?
  CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [node]=${failed:-$(node_said "$name" "$line")} [exit]=$status [line]=$line)
  REASON="the srun of step $name ended before its command could say why"
  [[ -z $failed ]] || REASON="$failed failed, and $name with it"
}

# srun_line STEP: sets CAUSE_LINE to what its srun said of the cause.
srun_line() {
  local said=$ATTEMPT_DIR/state/$1.srun
  # slurmstepd counts kills of the whole job's cgroup: where the step's tasks ended in another way, it was none of theirs.
  if grep -aqE ': tasks? [0-9,-]+: Exited with exit code [0-9]+' "$said" 2>/dev/null &&
    ! grep -aqE ': tasks? [0-9,-]+: (Out Of Memory|Killed|Exited with exit code 137)' "$said"; then
    grep -avE 'oom[_-]kill' "$said" >"$said.judged"
    said=$said.judged
  fi
  judge_log "$said"
  rm -f "$ATTEMPT_DIR/state/$1.srun.judged"
}

# node_said STEP LINE: the node that the line names, else the first of which its srun tells; the node of a step that has
# only one, for a full disk keeps not even that.
node_said() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ failed\ on\ node\ ([^: ]+) || $line =~ ^srun:\ error:\ ([^: ]+):\ tasks? ||
      $line =~ \[\[([^].]+)[^]]*\]:[0-9]+\] || $line =~ ^slurmstepd-([^:]+): ]]; then
      host_named "$1" "${BASH_REMATCH[1]}"
      return
    fi
  done < <(printf '%s\n' "$2" && grep -aE '^srun: error: [^: ]+: tasks? ' "$ATTEMPT_DIR/state/$1.srun" 2>/dev/null)
  [[ ${STEP_HOSTS[$1]} == *' '* ]] || host_of "$1"
}

# host_named STEP NAME: the step's host of that name, in full or without its domain, as Slurm calls it.
host_named() {
  local host
  local -a hosts
  read -ra hosts <<<"${STEP_HOSTS[$1]}"
  for host in "${hosts[@]}" "$2"; do
    [[ ${host%%.*} != "${2%%.*}" ]] || break
  done
  printf '%s' "$host"
}

# list_cause: sets FIELDS to what an event says of CAUSE.
list_cause() {
  local name
  FIELDS=()
  for name in step role node line signal; do
    FIELDS+=("$name=${CAUSE[$name]:-}")
  done
  FIELDS+=("rank:=${CAUSE[rank]:-}" "exit:=${CAUSE[exit]:-}")
}
