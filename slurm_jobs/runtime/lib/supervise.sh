# shellcheck shell=bash disable=SC2004,SC2034,SC2153 # the parts of lib.sh share their variables
# What becomes of the job when a step ends. Every step is critical, and ends the job, unless job.sbatch says otherwise of
# its role.

# By role: how often each of its workers may be restarted; whether the service goes on without some of them.
declare -A MAY_RESTART=() MAY_LOSE=()
# By worker: restarts so far; when its remains are killed, or it is started again, or it has to be ready.
declare -A RESTARTS=() STEP_UNTIL=()
# Seconds before the first restart, the second, and so on.
DELAYS=(1 5 15 30 60)
# 1 since the time limit is near.
DRAIN=0
RECOVERY=''

# restart_workers ROLE TIMES: each of its workers.
restart_workers() {
  MAY_RESTART[$1]=$2
}

# spare_workers ROLE: the job goes on as long as there is one.
spare_workers() {
  MAY_LOSE[$1]=1
}

# supervise LOST: returns only through `end`. LOST is how long etcd, or a worker's registration in it, may be missing.
supervise() {
  local sleeper=''
  while :; do
    # One at a time, however often something else wakes us.
    if [[ -z $sleeper ]] || ! kill -0 "$sleeper" 2>/dev/null; then
      sleep 1 &
      sleeper=$!
    fi
    wait -n
    check_steps
    take_bench
    watch_health "$1"
  done
}

# check_steps: sees to what has happened to the steps. It returns unless that ends the job.
check_steps() {
  local name
  ((!DRAIN)) || drain
  watch_bench
  while ended_step; do
    find_cause "$ENDED"
    lose "${CAUSE[step]}"
  done
  for name in "${STEPS[@]}"; do
    [[ ${STEP_STATE[$name]} == up ]] || mend "$name"
  done
  watch_recovery
}

# lose NAME: CAUSE and REASON say how.
lose() {
  local name=$1 kind=${STEP_KIND[$1]} role=${STEP_ROLE[$1]:-none} restarts=${RESTARTS[$1]:-0} node=${CAUSE[node]:-}
  if [[ $kind == bench ]]; then
    lose_bench
    ((${#CAUSE[@]})) || return 0
  fi
  if [[ $kind == monitor || $kind == cleanup ]]; then
    lose_monitor "$name"
    return
  fi
  blame_lease "$name"
  [[ $kind == worker ]] || end failed "$REASON"
  ((restarts == 0)) || REASON+=", after restart $restarts"
  STEP_UNTIL[$name]=$((SECONDS + GRACE))
  LEASE_UNTIL[$role]=$((SECONDS + LEASE))
  if ((restarts < ${MAY_RESTART[$role]:-0})) && [[ $REASON != "$node failed"* ]]; then
    STEP_STATE[$name]=ending
    RESTARTS[$name]=$((restarts + 1))
    report worker-restarting restart:="${RESTARTS[$name]}" of:="${MAY_RESTART[$role]}" delay:="$(delay_of "$name")"
  elif [[ -n ${MAY_LOSE[$role]:-} ]]; then
    STEP_STATE[$name]=lost
    report_degraded "$role"
  else
    end failed "$REASON"
  fi
  CAUSE=()
}

# report KIND FIELD...: an event with CAUSE and REASON.
report() {
  local kind=$1
  local -a cause
  shift
  mapfile -d '' -t cause < <(cause_fields)
  event "$kind" reason="$REASON" "${cause[@]}" "$@"
}

report_degraded() {
  local name have=0 want=0
  local -a gone=()
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$1" ]] || continue
    ((++want))
    if [[ ${STEP_STATE[$name]} == lost ]]; then
      gone+=("$name")
    else
      ((++have))
    fi
  done
  ((have)) || end failed "$REASON; no $1 worker is left"
  report degraded have:="$have" want:="$want" missing:="$(json_list "${gone[@]}")"
}

# A monitor only watches. Its other nodes go on.
lose_monitor() {
  event warning step="$1" node="${CAUSE[node]:-}" reason="$REASON${CAUSE[line]:+: ${CAUSE[line]}}"
  rm -f "$ATTEMPT_DIR/state/$1.${CAUSE[rank]:-*}.exit"
  alive "$1" || STEP_STATE[$1]=lost
  CAUSE=()
}

# mend NAME: takes a worker one step on the way back from its end.
mend() {
  local name=$1
  case ${STEP_STATE[$name]} in
    ending | lost)
      if alive "$name"; then
        ((SECONDS < STEP_UNTIL[$name])) || kill -TERM "${STEP_PID[$name]}" 2>/dev/null
      else
        STEP_PID[$name]=''
        [[ ${STEP_STATE[$name]} == ending ]] || return
        # Its other ranks have left records, too.
        rm -f "$ATTEMPT_DIR/state/$name".*.exit
        STEP_STATE[$name]=resting
        STEP_UNTIL[$name]=$((SECONDS + $(delay_of "$name")))
      fi
      ;;
    resting)
      ((SECONDS >= STEP_UNTIL[$name])) || return
      start_step "$name"
      STEP_STATE[$name]=back
      STEP_UNTIL[$name]=$((SECONDS + DEADLINE))
      ;;
    back)
      ((SECONDS >= STEP_UNTIL[$name])) || return
      CAUSE=([step]=$name [role]=${STEP_ROLE[$name]})
      REASON="$name is not ready $DEADLINE s after its restart"
      lose "$name"
      ;;
  esac
}

# delay_of NAME: seconds before its next restart.
delay_of() {
  local index=$((${RESTARTS[$1]} - 1))
  printf '%s' "${DELAYS[$index]:-60}"
}

# watch_recovery: asks the service, beside the supervision, whether the workers that were started again serve.
watch_recovery() {
  local name
  ((READY)) || return 0
  if [[ -z $RECOVERY ]]; then
    RECOVERING=()
    for name in "${STEPS[@]}"; do
      [[ ${STEP_STATE[$name]} != back ]] || RECOVERING+=("$name")
    done
    ((${#RECOVERING[@]})) || return 0
    service_answers >"$ATTEMPT_DIR/state/recovery" 2>&1 &
    RECOVERY=$!
  elif ! kill -0 "$RECOVERY" 2>/dev/null; then
    if wait "$RECOVERY"; then
      for name in "${RECOVERING[@]}"; do
        [[ ${STEP_STATE[$name]} == back ]] || continue
        STEP_STATE[$name]=up
        event recovered step="$name" role="${STEP_ROLE[$name]}" restart:="${RESTARTS[$name]}" seconds:="$(since_start)"
      done
    fi
    RECOVERY=''
  fi
}

# drain: frontends refuse new requests, and end once those that they have are answered.
drain() {
  local name
  local -a frontends=()
  DRAIN=0
  event draining reason="the time limit is near"
  ! is_up bench || stop_steps "$((BENCH_GRACE < DRAIN_TIME ? BENCH_GRACE : DRAIN_TIME))" bench
  watch_bench
  stop bench monitor
  for name in "${STEPS[@]}"; do
    [[ ${STEP_KIND[$name]} != frontend ]] || frontends+=("$name")
  done
  stop_steps "$DRAIN_TIME" "${frontends[@]}"
  end timeout "$(at_time_limit)"
}
