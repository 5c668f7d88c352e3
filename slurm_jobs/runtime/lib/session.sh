# shellcheck shell=bash
# What the supervisor of a session does in addition: it is a step of an allocation, whose time limit it has to watch.

# LIMIT: the time limit, in seconds since 1970; empty where there is none. LIMIT_AT: when the latest look at it began.
# LIMIT_SEEN: when the latest look that has an answer began. Both in seconds of the job.
LIMIT='' LIMIT_AT=-60 LIMIT_SEEN=''

# enter_allocation HOSTS owned|borrowed: HOSTS have commas.
enter_allocation() {
  local own=$SLURM_JOB_ID.${SLURM_STEP_ID:-} id name
  OWNED=$2 WHAT=session
  leave_step
  SLURM_JOB_NODELIST=$1
  SLURM_JOB_NUM_NODES=$(($(tr -cd , <<<"$1" | wc -c) + 1))
  mkdir -p "$RUN_DIR/state"
  list_steps_at_first
  while IFS='|' read -r id name; do
    # Of two that were started at once, the first one stays.
    if [[ $name == session && $id != "$own" ]] && ((${id##*.} < ${own##*.})); then
      echo "the session's supervisor runs already, as step $id"
      exit 0
    fi
  done <"$RUN_DIR/state/listed"
}

# leave_step: a srun in a step takes that step for the whole allocation: "Only allocated 1 nodes asked for 2".
leave_step() {
  local name
  unset BASH_ENV
  for name in "${!SLURM_@}"; do
    [[ $name == @(SLURM_JOB_ID|SLURM_CONF|SLURM_CLUSTER_NAME) ]] || unset "$name"
  done
}

# list_steps_at_first: lists what runs already, so that no step is started twice.
list_steps_at_first() {
  : >"$RUN_DIR/state/listed"
  for _ in 1 2 3 4 5; do
    ! list_steps 20 || return 0
    [[ -e $RUN_DIR/state/supervisor ]] || return 0
    sleep 2
  done
  echo "the session's supervisor cannot ask Slurm what runs"
  exit 1
}

# watch_limit: a session drains before the allocation's time limit. Somebody may move that, so it is looked up every minute,
# and once more before the drain. Nothing waits for the answer; until it comes, the one before counts.
watch_limit() {
  local now near=0
  printf -v now '%(%s)T' -1
  if [[ -n ${LOOK[limit]:-} ]]; then
    look limit || return 0
    # An allocation may have no limit, and then no number.
    ((LOOKED)) || read -r LIMIT <"$ATTEMPT_DIR/state/limit"
    [[ $LIMIT =~ ^[0-9]+$ ]] || LIMIT=''
    LIMIT_SEEN=$LIMIT_AT
  fi
  [[ -z $LIMIT ]] || ((LIMIT - now >= DRAIN_TIME + 30)) || near=1
  if ((near)) && [[ -n $LIMIT_SEEN ]] && ((SECONDS - LIMIT_SEEN < 15)); then
    DRAIN=1
  elif ((near || SECONDS - LIMIT_AT >= 60)); then
    LIMIT_AT=$SECONDS LOOK_AT[limit]=0
    look limit ask_limit || true
  fi
}

ask_limit() {
  SLURM_TIME_FORMAT=%s timeout 10 squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e 2>/dev/null
}

# kept_by_order: whether a signal from outside has ended a step without which the job goes on. Sets CAUSE and REASON.
kept_by_order() {
  local -a record=()
  recorded_step && [[ ${STEP_POLICY[$STEP]:-} == keep && ${STEP_KIND[$STEP]} != @(monitor|cleanup) ]] || return 1
  mapfile -t record < <(cat "$ATTEMPT_DIR/state/$STEP".*.exit)
  CAUSE=([step]=$STEP [role]=${STEP_ROLE[$STEP]} [node]=${record[3]:-})
  REASON="$STEP was ended by a signal from outside the session"
}

# end_allocation: gives the nodes back. A session that failed keeps them for another try.
end_allocation() {
  [[ $OWNED == owned && $OUTCOME == @(succeeded|timeout) ]] || return 0
  scancel "$SLURM_JOB_ID"
}
