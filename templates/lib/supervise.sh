# shellcheck shell=bash disable=SC2004,SC2034,SC2153,SC2154 # the parts of lib.sh share their variables
# The supervisor's loop, and what becomes of the job when a step ends.

# job, or session: an interactive one. Whose allocation that one has, owned or borrowed; empty in a job.
WHAT=job OWNED=''
# Seconds before the first restart of a worker, the second, and so on.
DELAYS=(1 5 15 30 60)
# 1 since the time limit is near.
DRAIN=0
# 1 while all that was started serves; a look at that, and when the next one is due.
WHOLE=0 SERVICE_LOOK='' SERVICE_LOOK_AT=0
# By step: a look under way whether it serves, and when the next one is due.
declare -A LOOK=() LOOK_AT=()
# Of a session's time limit, in seconds since 1970, empty where there is none; a look at it under way; when the latest look
# began, and the latest that is over, in seconds of the job.
LIMIT='' LIMIT_LOOK='' LIMIT_AT=-60 LIMIT_SEEN=''

# supervise LOST: returns only through `end`. LOST is how long etcd, or a worker's registration in it, may be missing.
supervise() {
  local lost=$1
  OPEN=1
  if ((RESUMED)); then
    event session-resumed adopted:="$(json_list "${ADOPTED[@]}")"
    refuse_taken
  elif [[ -n $OWNED ]]; then
    event session-open seconds:="$(since_start)"
  fi
  while :; do
    # A signal ends the wait. `wait -n` would now and then wait for ever, where the sleep has ended before it begins.
    sleep 0.3 &
    wait $!
    check_steps
    watch_health "$lost"
    [[ -z $OWNED ]] || watch_limit
    relist
  done
}

# check_steps: sees to what has happened to the steps, and to commands. It returns unless that ends the job.
check_steps() {
  local name
  ((!DRAIN)) || drain timeout "$(at_time_limit)"
  watch_bench
  while ended_step; do
    find_cause "$ENDED"
    on_step_exit "${CAUSE[step]}"
  done
  for name in "${STEPS[@]}"; do
    [[ ${STEP_STATE[$name]} == up ]] || advance_step "$name"
  done
  ((!OPEN)) || watch_service
  take_commands
  save_state
}

# on_step_exit NAME: CAUSE and REASON say how. What the plan says that it means, its policy:
#   end        of the job; of a benchmark that has done its work, with success
#   keep       nothing: the job goes on without it
#   degrade    the job goes on while the role has another worker
#   restart=N  it is started again, so often; after that `end`, or with `restart=N,degrade` that
on_step_exit() {
  local name=$1 role=${STEP_ROLE[$1]:-none} restarts=${STEP_RESTARTS[$1]:-0} policy=${STEP_POLICY[$1]} node=${CAUSE[node]:-} most=0
  case ${STEP_KIND[$name]} in
    monitor | cleanup)
      on_monitor_exit "$name"
      return
      ;;
    bench) [[ -z ${STEP_ASKED[$name]:-} ]] || policy=keep ;;
  esac
  watch_bench
  blame_lease "$name"
  # Somebody looks at what a command has started, and does not serve yet.
  [[ -z ${STEP_ASKED[$name]:-} || ${STEP_STATE[$name]} != back ]] || policy=keep
  ((restarts == 0)) || REASON+=", after restart $restarts"
  [[ ! $policy =~ ^restart=([0-9]+) ]] || most=${BASH_REMATCH[1]}
  STEP_UNTIL[$name]=$((SECONDS + GRACE))
  LEASE_UNTIL[$role]=$((SECONDS + LEASE))
  if [[ $policy == keep ]]; then
    report step-ended
    STEP_STATE[$name]=lost
    [[ -z $OWNED ]] || WHOLE=0
  elif ((restarts < most)) && [[ $REASON != "$node failed"* ]]; then
    STEP_STATE[$name]=ending
    STEP_RESTARTS[$name]=$((restarts + 1)) STEP_ASKED[$name]=''
    report worker-restarting restart:="${STEP_RESTARTS[$name]}" of:="$most" delay:="$(restart_delay "$name")"
  elif [[ $policy == *degrade ]]; then
    STEP_STATE[$name]=lost
    report_degraded "$role"
  elif [[ ${STEP_KIND[$name]} == bench && ${CAUSE[exit]:-1} == 0 ]]; then
    CAUSE=()
    end succeeded "the benchmark has ended"
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
    [[ ${STEP_ROLE[$name]} == "$1" && ${STEP_STATE[$name]} != stopped ]] || continue
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

# on_monitor_exit NAME: it only watches. Its other nodes go on.
on_monitor_exit() {
  event warning step="$1" node="${CAUSE[node]:-}" reason="$REASON${CAUSE[line]:+: ${CAUSE[line]}}"
  rm -f "$ATTEMPT_DIR/state/$1.${CAUSE[rank]:-*}.exit"
  alive "$1" || STEP_STATE[$1]=lost
  CAUSE=()
}

# advance_step NAME: takes a step that is not up one step on its way.
advance_step() {
  local name=$1
  case ${STEP_STATE[$name]} in
    ending | lost | stopped)
      [[ -n ${STEP_PID[$name]} ]] || return 0
      if alive "$name"; then
        ((SECONDS < STEP_UNTIL[$name])) || kill -TERM "${STEP_PID[$name]}" 2>/dev/null
        return
      fi
      STEP_PID[$name]=''
      [[ ${STEP_STATE[$name]} == ending ]] || return 0
      STEP_STATE[$name]=resting
      STEP_UNTIL[$name]=$((SECONDS + $(restart_delay "$name")))
      ;;
    resting)
      ((SECONDS >= STEP_UNTIL[$name])) || return 0
      start_step "$name"
      STEP_STATE[$name]=back
      STEP_UNTIL[$name]=$((SECONDS + DEADLINE))
      WHOLE=0
      ;;
    back)
      if ((SECONDS >= STEP_UNTIL[$name])); then
        CAUSE=([step]=$name [role]=${STEP_ROLE[$name]})
        REASON="$name is not ready $DEADLINE s after its restart"
        on_step_exit "$name"
      elif ((OPEN)) && [[ -n ${STEP_ASKED[$name]:-} ]]; then
        watch_step "$name"
      fi
      ;;
  esac
}

# restart_delay NAME: seconds before its next restart.
restart_delay() {
  local index=$((${STEP_RESTARTS[$1]} - 1))
  printf '%s' "${DELAYS[index]:-60}"
}

# watch_step NAME: asks it, beside all else, whether it serves. Once the service was ready, frontends then have to see it.
watch_step() {
  local name=$1 address path words
  if [[ -z ${LOOK[$name]:-} ]]; then
    ((SECONDS >= ${LOOK_AT[$name]:-0})) || return 0
    { read -r address && read -r path && read -r words; } <<<"${STEP_PROBE[$name]}"
    { answers "$address" "$path" "$words" && { ((!READY)) || seen_by_frontends "$name"; }; } >/dev/null 2>&1 &
    LOOK[$name]=$!
  elif ! kill -0 "${LOOK[$name]}" 2>/dev/null; then
    ! wait "${LOOK[$name]}" || step_serves "$name"
    LOOK[$name]=''
    LOOK_AT[$name]=$((SECONDS + 1))
  fi
}

# answers ADDRESS:PORT PATH WORDS
answers() {
  local answer
  answer=$(http GET "$1" "$2") && [[ $answer == *"$3"* ]]
}

# step_serves NAME: it does now.
step_serves() {
  local name=$1 seconds NOW
  STEP_STATE[$name]=up STEP_SERVED[$name]=1
  if [[ -z ${STEP_ASKED[$name]:-} ]]; then
    event recovered step="$name" role="${STEP_ROLE[$name]}" restart:="${STEP_RESTARTS[$name]}" seconds:="$(since_start)"
  elif [[ ${STEP_KIND[$name]} == worker ]]; then
    ((!READY)) || warn_turned_away "$name"
    now
    seconds=$((NOW - STEP_SINCE[$name]))
    printf -v seconds '%d.%03d' "$((seconds / 1000))" "$((seconds % 1000))"
    event step-serving step="$name" role="${STEP_ROLE[$name]}" seconds:="$seconds"
  else
    event service-ready step="$name" seconds:="$(since_start)"
  fi
}

# watch_service: asks, beside the supervision, whether the whole of it serves, as long as it does not and each role has
# somebody. A session is ready each time that it does.
watch_service() {
  local status name
  if [[ -z $SERVICE_LOOK ]]; then
    ((!WHOLE && SECONDS >= SERVICE_LOOK_AT)) && each_role_runs || return 0
    RECOVERING=()
    for name in "${STEPS[@]}"; do
      [[ ${STEP_STATE[$name]} != back || ${STEP_KIND[$name]} != worker ]] || RECOVERING+=("$name ${STEP_SINCE[$name]}")
    done
    { service_answers && recovering_are_seen; } >"$ATTEMPT_DIR/state/probe" 2>&1 &
    SERVICE_LOOK=$!
  elif ! kill -0 "$SERVICE_LOOK" 2>/dev/null; then
    wait "$SERVICE_LOOK"
    status=$?
    SERVICE_LOOK=''
    SERVICE_LOOK_AT=$((SECONDS + 1))
    [[ -z $OWNED ]] || report_probe
    ((status == 0)) && on_service_ready
  fi
}

# on_service_ready: not every release says of a worker by itself what the whole of them shows.
on_service_ready() {
  local name since
  for name in "${RECOVERING[@]}"; do
    since=${name#* } name=${name%% *}
    [[ ${STEP_STATE[$name]} != back || ${STEP_SINCE[$name]} != "$since" ]] || step_serves "$name"
  done
  for name in "${STEPS[@]}"; do
    case ${STEP_STATE[$name]} in back | ending | resting) return ;; esac
  done
  WHOLE=1
  [[ -n $OWNED ]] || ((!READY)) || return 0
  READY=1
  announce_ready
}

each_role_runs() {
  local entry
  for entry in "${EXPECTED[@]}"; do
    (($(wanted "${entry%%|*}" 1000000) > 0)) || return 1
  done
}

# watch_limit: a session drains before the allocation's time limit. Somebody may move that, so it is looked up every minute,
# and once more before the drain. Nothing waits for the answer, without which the last one counts.
watch_limit() {
  local now near=0
  if [[ -n $LIMIT_LOOK ]]; then
    ! kill -0 "$LIMIT_LOOK" 2>/dev/null || return 0
    # An allocation may have no limit, and then no number.
    ! wait "$LIMIT_LOOK" || read -r LIMIT <"$ATTEMPT_DIR/state/limit"
    [[ $LIMIT =~ ^[0-9]+$ ]] || LIMIT=''
    LIMIT_LOOK=''
    LIMIT_SEEN=$LIMIT_AT
  fi
  printf -v now '%(%s)T' -1
  [[ -z $LIMIT ]] || ((LIMIT - now >= DRAIN_TIME + 30)) || near=1
  if ((near)) && [[ -n $LIMIT_SEEN ]] && ((SECONDS - LIMIT_SEEN < 15)); then
    DRAIN=1
  elif ((near || SECONDS - LIMIT_AT >= 60)); then
    LIMIT_AT=$SECONDS
    SLURM_TIME_FORMAT=%s timeout 10 squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e >"$ATTEMPT_DIR/state/limit" 2>/dev/null &
    LIMIT_LOOK=$!
  fi
}

# drain OUTCOME REASON: frontends refuse new requests, and end once those that they have are answered; then the job does.
drain() {
  local name
  local -a frontends=()
  DRAIN=0
  if [[ $1 == timeout ]]; then
    event draining reason="the time limit is near"
  else
    event draining reason="$2"
  fi
  ! is_up bench || stop_steps "$((BENCH_GRACE < DRAIN_TIME ? BENCH_GRACE : DRAIN_TIME))" bench
  watch_bench
  stop bench monitor
  for name in "${STEPS[@]}"; do
    [[ ${STEP_KIND[$name]} != frontend ]] || frontends+=("$name")
  done
  stop_steps "$DRAIN_TIME" "${frontends[@]}"
  end "$1" "$2"
}

# watch_bench: makes events of what bench.sh tells of its measurements.
watch_bench() {
  local file=$ATTEMPT_DIR/state/bench.points state name index of concurrency status seconds
  local -a lines=()
  [[ ! -r $file ]] || mapfile -t lines <"$file"
  while ((BENCH_READ < ${#lines[@]})); do
    read -r state name index of concurrency status seconds <<<"${lines[BENCH_READ]}"
    ((++BENCH_READ))
    event bench-point step=bench name="$name" state="$state" index:="$index" of:="$of" concurrency:="$concurrency" \
      exit:="${status#-}" seconds:="${seconds#-}"
  done
}

# Lines of state/bench.points that are events already.
BENCH_READ=0
# Seconds that a benchmark's tool which is told to end has to write what it has.
BENCH_GRACE=20
